// Menus: everything that can be done with a card, without dragging; and the keys, told.

class Menus {
  constructor(board) {
    this.board = board;
  }

  // `choices`: [label, act, mark?]; a mark says that it is so already. `back` gets the focus.
  show(box, choices, back) {
    this.close?.(false);
    const panel = make("div", "panel");
    panel.setAttribute("role", "menu");
    const close = (this.close = (focus) => {
      this.close = null; // removing the panel takes the focus out of it, which would close it again
      panel.remove();
      if (focus) back();
    });
    for (const [label, act, chosen] of choices) panel.append(this.choice(label, act, chosen, close));
    panel.addEventListener("keydown", (event) => this.key(event, panel, close));
    panel.addEventListener("focusout", (event) => panel.contains(event.relatedTarget) || this.close !== close || close(false));
    this.board.ghosts.append(panel);
    this.put(panel, box);
    panel.firstElementChild.focus();
  }

  choice(label, act, chosen, close) {
    const element = button("", label);
    element.setAttribute("role", chosen === undefined ? "menuitem" : "menuitemcheckbox");
    if (chosen !== undefined) element.setAttribute("aria-checked", String(chosen));
    if (chosen) element.append(icon("done"));
    element.addEventListener("click", () => {
      close(true);
      act();
    });
    return element;
  }

  put(panel, box) {
    const { offsetWidth: width, offsetHeight: height } = panel;
    const edge = Math.max(8, this.board.element.getBoundingClientRect().left); // the sidebar would cover what is beyond
    panel.style.left = `${Math.max(edge, Math.min(box.right, innerWidth - 8) - width)}px`;
    panel.style.top = `${box.bottom + height + 8 > innerHeight ? Math.max(8, box.top - height) : box.bottom + 4}px`;
  }

  key(event, panel, close) {
    const choices = [...panel.children];
    const at = choices.indexOf(this.board.root.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) choices[(at + step + choices.length) % choices.length].focus();
    else if (event.key === "Home") choices[0].focus();
    else if (event.key === "End") choices.at(-1).focus();
    else if (event.key === "Escape" || event.key === "Tab") close(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // ---- of a card -----------------------------------------------------------------------------------------------------

  ofCard(id) {
    const { board } = this;
    if (!board.writable) return board.open(id);
    board.keys.drop();
    board.keys.focus(id);
    const box = board.parts.get(id).menu.getBoundingClientRect();
    return this.show(box, this.choicesFor(id, box), () => board.keys.focus(id));
  }

  choicesFor(id, box) {
    const { board } = this;
    const { cell, index } = board.placeOf(id);
    const back = () => board.keys.focus(id);
    const last = cell.ids.length - 1;
    const others = cell.ids.filter((other) => other !== id);
    const move = (column, lane, after, before) => () => {
      board.commands.move(id, { column, lane, after, before });
      board.keys.focus(id);
    };
    const here = (after, before) => move(cell.column, cell.lane, after, before);
    return [
      ["Open", () => board.open(id)],
      ...(index > 0 ? [["Move to the top", here(null, others[0])]] : []),
      ...(index < last ? [["Move to the end", here(others.at(-1), null)]] : []),
      ...this.columnChoices(cell).map(([name, column, first]) => [`Move to ${name}`, move(column, cell.lane, null, first)]),
      ...this.laneChoices(cell).map(([name, lane, first]) => [name, move(cell.column, lane, null, first)]),
      ["Priority …", () => this.show(box, this.priorities([id]), back)],
      ...(board.store.labels.size ? [["Labels …", () => this.show(box, this.labels([id]), back)]] : []),
      [board.choice.has(id) ? "Let go" : "Choose", () => board.choice.toggle(id)],
      ["Archive", () => board.commands.archive([id])],
    ];
  }

  // [name, column, the card that is its first one now]
  columnChoices(cell) {
    const { store } = this.board;
    const others = store.columns.filter((column) => column.id !== cell.column);
    return others.map((column) => [column.name, column.id, store.shown(column.id, cell.lane)[0] ?? null]);
  }

  laneChoices(cell) {
    const { store, frame } = this.board;
    if (!frame.laned) return [];
    const lanes = frame.laneIds.filter((lane) => lane !== cell.lane);
    return lanes.map((lane) => [`Move to ${frame.laneName(lane)}`, lane, store.shown(cell.column, lane)[0] ?? null]);
  }

  priorities(ids) {
    const { store } = this.board;
    const all = (priority) => ids.every((id) => store.cards.get(id)?.priority === priority);
    return Object.entries(PRIORITIES)
      .reverse()
      .map(([priority, name]) => [name, () => this.board.commands.setPriority(ids, priority), all(priority)]);
  }

  labels(ids) {
    const { store } = this.board;
    return [...store.labels.values()].map(({ id, name }) => {
      const all = ids.every((card) => store.cards.get(card)?.label_ids.includes(id));
      return [name, () => this.board.commands.label(ids, id, !all), all];
    });
  }

  // ---- the keys ------------------------------------------------------------------------------------------------------

  help() {
    const { board } = this;
    const back = board.root.activeElement;
    const dialog = make("dialog", "help");
    const title = make("h3", "", "Keys");
    const list = make("dl");
    for (const [keys, what] of HELP) list.append(make("dt", "", keys), make("dd", "", what));
    const close = button("", "Close");
    close.addEventListener("click", () => dialog.close());
    dialog.setAttribute("aria-label", "Keys");
    dialog.addEventListener("close", () => {
      dialog.remove();
      back?.focus();
    });
    dialog.append(title, list, close);
    board.ghosts.append(dialog);
    dialog.showModal();
  }
}
