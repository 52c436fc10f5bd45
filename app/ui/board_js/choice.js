// Several cards chosen, to be moved or changed together.

class Choice {
  constructor(board) {
    this.board = board;
    this.ids = new Set();
    this.bar = board.root.querySelector(".bar");
    this.count = make("strong");
    const opens = (label, choices) => {
      const element = button("", label);
      element.setAttribute("aria-haspopup", "menu");
      element.addEventListener("click", () => {
        board.menus.show(element.getBoundingClientRect(), choices(), () => (this.bar.hidden ? board.keys.focus(board.keys.stop) : element.focus()));
      });
      return element;
    };
    this.labelled = opens("Label", () => board.menus.labels(this.inOrder()));
    const archive = button("", "Archive");
    const clear = button("", "Let go");
    archive.addEventListener("click", () => board.commands.archive(this.inOrder()));
    clear.addEventListener("click", () => this.clear());
    this.bar.append(
      this.count,
      opens("Move to", () => this.places()),
      opens("Priority", () => board.menus.priorities(this.inOrder())),
      this.labelled,
      archive,
      clear,
    );
  }

  has(id) {
    return this.ids.has(id);
  }

  // The cards that go where this one goes.
  together(id) {
    return this.has(id) ? this.inOrder() : [id];
  }

  inOrder() {
    const { frame } = this.board;
    const seen = frame.open.flatMap((cell) => cell.ids.filter((id) => this.ids.has(id)));
    return [...new Set([...seen, ...this.ids])];
  }

  toggle(id) {
    if (!this.board.writable) return;
    if (!this.ids.delete(id)) this.ids.add(id);
    this.last = id;
    this.changed();
  }

  // From the one that was chosen last, or from `start`, to this one; in another list only this one.
  extendTo(id, start) {
    if (!this.board.writable) return;
    const from = this.ids.size ? (this.last ?? id) : (start ?? id);
    const { cell, index } = this.board.placeOf(id);
    const begin = cell.ids.indexOf(from);
    const range = begin < 0 ? [id] : cell.ids.slice(Math.min(begin, index), Math.max(begin, index) + 1);
    for (const one of [from, ...range]) this.ids.add(one);
    this.last = id;
    this.changed();
  }

  clear() {
    if (!this.ids.size) return false;
    this.ids.clear();
    this.changed();
    return true;
  }

  remove(ids) {
    for (const id of ids) this.ids.delete(id);
  }

  // What others have taken off the board is no longer chosen.
  forget() {
    for (const id of this.ids) if (!this.board.store.cards.has(id)) this.ids.delete(id);
    if (!this.board.writable) this.ids.clear();
  }

  changed() {
    this.board.voice.say(this.ids.size ? `${counted(this.ids.size, "card")} chosen` : "No card chosen");
    this.board.draw();
  }

  places() {
    const { store, frame } = this.board;
    const send = (change) => () => this.board.commands.sendTo(this.inOrder(), change);
    const columns = store.columns.map((column) => [column.name, send({ column: column.id })]);
    const lanes = frame.laned ? frame.laneIds.map((lane) => [frame.laneName(lane), send({ lane })]) : [];
    return [...columns, ...lanes];
  }

  draw() {
    this.bar.hidden = !this.ids.size;
    this.count.textContent = `${counted(this.ids.size, "card")} chosen`;
    this.labelled.hidden = !this.board.store.labels.size;
  }
}
