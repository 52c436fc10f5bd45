// The keyboard: going from card to card, carrying one, and what the letters do.

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const HELP = [
  ["Arrow keys", "Go from card to card"],
  ["Home, End", "Go to the first or last card of the list"],
  ["Space, Enter", "Pick the card up; arrow keys move it, Space drops it, Escape takes it back"],
  ["O", "Open the card"],
  ["M", "Menu of the card: move, priority, labels, archive"],
  ["X", "Choose the card; Shift and an arrow key choose more, Escape lets go"],
  ["N", "Write a new card in this column"],
  ["Ctrl+Z, Ctrl+Shift+Z", "Undo and redo"],
  ["?", "Show these keys"],
];

class Keys {
  constructor(board) {
    this.board = board;
    this.stop = null; // the one card in the tab order
    this.isCarrying = false;
    this.onKey = (event) => this.anywhere(event);
    board.element.addEventListener("keydown", (event) => this.onCard(event));
    board.element.addEventListener("focusin", (event) => {
      const card = event.target.closest(".card");
      if (card) this.keepOneTabStop(card.dataset.card);
    });
  }

  listen() {
    document.addEventListener("keydown", this.onKey);
  }

  ignore() {
    document.removeEventListener("keydown", this.onKey);
  }

  // ---- where one is ------------------------------------------------------------------------------------------------

  keepOneTabStop(wanted) {
    const { parts, frame } = this.board;
    const first = () => frame.open.find((cell) => cell.ids.length)?.ids[0] ?? null;
    const stop = wanted ?? (parts.has(this.stop) ? this.stop : first());
    if (this.stop !== stop) this.tabStop(this.stop, -1);
    this.stop = stop;
    this.tabStop(stop, 0);
  }

  tabStop(id, index) {
    const known = this.board.parts.get(id);
    if (known) known.face.tabIndex = known.menu.tabIndex = index;
  }

  // Also a card that is far away and not in the page yet.
  focus(id) {
    const { board } = this;
    if (board.frameAsked) board.draw();
    this.keepOneTabStop(id);
    board.placeOf(id)?.cell.reveal(id);
    board.draw();
    const known = board.parts.get(id ?? this.stop);
    known?.face.focus({ preventScroll: true });
    known?.item.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  // ---- keys on a card ------------------------------------------------------------------------------------------------

  onCard(event) {
    const face = event.target.closest(".face");
    if (!face || event.target !== face || event.ctrlKey || event.metaKey || event.altKey) return;
    const id = face.parentElement.dataset.card;
    if (!this.act(id, event)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  act(id, event) {
    const { board } = this;
    const step = STEPS[event.key];
    if (step && this.isCarrying) return this.carry(step);
    if (step) return this.walk(id, step, event.shiftKey);
    if (event.key === " " || event.key === "Enter") return this.isCarrying ? this.drop() : this.pick(id);
    if (event.key === "Escape") return this.isCarrying ? this.cancel() : board.choice.clear();
    if (event.key === "Home" || event.key === "End") return this.end(id, event.key === "End");
    const letters = { m: () => board.menus.ofCard(id), o: () => board.open(id), x: () => board.choice.toggle(id) };
    const letter = letters[event.key.toLowerCase()];
    if (!letter || this.isCarrying) return false;
    letter();
    return true;
  }

  walk(id, [across, down], extends_) {
    const place = this.board.placeOf(id);
    const next = place && (down ? this.below(place, down) : this.beside(place, across));
    if (!next) return true;
    if (extends_) this.board.choice.extendTo(next, id);
    this.focus(next);
    return true;
  }

  // The next card of the list, or of the next lane that has one.
  below({ cell, index }, down) {
    const here = cell.ids[index + down];
    if (here) return here;
    const lanes = this.board.frame.open.filter((other) => other.column === cell.column && other.ids.length);
    const next = lanes[lanes.indexOf(cell) + down];
    return next && next.ids.at(down > 0 ? 0 : -1);
  }

  // The card at the same height of the next column that has one in this lane.
  beside({ cell, index }, across) {
    const row = this.board.frame.open.filter((other) => other.lane === cell.lane && other.ids.length);
    const next = row[row.indexOf(cell) + across];
    return next && next.ids[Math.min(index, next.ids.length - 1)];
  }

  end(id, last) {
    const place = this.board.placeOf(id);
    if (place && !this.isCarrying) this.focus(place.cell.ids.at(last ? -1 : 0));
    return true;
  }

  // ---- carrying ----------------------------------------------------------------------------------------------------

  pick(id) {
    const { board } = this;
    if (!board.writable) board.open(id);
    else {
      this.isCarrying = true;
      const { cell, index } = board.placeOf(id);
      const ids = board.choice.together(id);
      this.carried = id;
      const after = cell.ids.slice(0, index).findLast((other) => !ids.includes(other)) ?? null;
      board.show({ ids, column: cell.column, lane: cell.lane, after });
      const what = ids.length > 1 ? counted(ids.length, "card") : board.store.cards.get(id).title;
      board.voice.say(`${what} picked up. Arrow keys move it, Space drops it, Escape takes it back.`);
    }
    return true;
  }

  carry([across, down]) {
    const { board } = this;
    const { preview, frame } = board;
    const cell = frame.cell(preview.column, preview.lane);
    const rest = board.idsOf(cell).filter((id) => !preview.set.has(id));
    const at = rest.indexOf(preview.after) + 1;
    const to = across ? this.acrossTo(cell, at, across) : this.downTo(cell, rest, at, down);
    if (to) board.show({ ids: preview.ids, ...to });
    this.focus(this.carried);
    board.voice.say(board.where(this.carried));
    return true;
  }

  // Indexes count the cards that are not carried; a card goes below the one before its index.
  at(cell, index) {
    const { set } = this.board.preview;
    const rest = this.board.store.shown(cell.column, cell.lane).filter((id) => !set.has(id));
    return { column: cell.column, lane: cell.lane, after: rest[Math.min(index, rest.length) - 1] ?? null };
  }

  acrossTo(cell, at, across) {
    const row = this.board.frame.open.filter((other) => other.lane === cell.lane);
    const next = row[row.indexOf(cell) + across];
    return next && this.at(next, at);
  }

  downTo(cell, rest, at, down) {
    if (at + down >= 0 && at + down <= rest.length) return this.at(cell, at + down);
    const lanes = this.board.frame.open.filter((other) => other.column === cell.column);
    const next = lanes[lanes.indexOf(cell) + down];
    return next && this.at(next, down > 0 ? 0 : Infinity);
  }

  drop() {
    if (!this.isCarrying) return false;
    this.isCarrying = false;
    this.board.commit();
    this.focus(this.carried);
    return true;
  }

  cancel() {
    this.isCarrying = false;
    this.board.show(null);
    this.focus(this.carried);
    this.board.voice.say("Move cancelled");
    return true;
  }

  // The focus goes to the card, if that is still there.
  letGo() {
    this.isCarrying = false;
    this.focus(this.board.store.cards.has(this.carried) ? this.carried : undefined);
  }

  // ---- keys anywhere on the page -------------------------------------------------------------------------------------

  anywhere(event) {
    const { board } = this;
    if (!this.isOurs() || event.altKey) return;
    if (event.ctrlKey || event.metaKey) {
      if (event.key.toLowerCase() !== "z" || !board.writable) return;
      event.preventDefault();
      board.commands.step(event.shiftKey ? "redo" : "undo");
    } else if (event.key === "?") board.menus.help();
    else if (event.key === "Escape") board.choice.clear();
    else if (event.key.toLowerCase() === "n" && board.writable) this.write();
    else return;
    event.preventDefault();
  }

  // Not while something is written somewhere, nor under a dialog.
  isOurs() {
    const { activeElement } = document;
    const inside = this.board.root.activeElement;
    if (inside) return inside.tagName !== "INPUT" && !inside.closest(".panel, .help");
    return (!activeElement || activeElement === document.body) && !document.querySelector("[role=dialog]");
  }

  write() {
    const { frame } = this.board;
    const cell = this.board.root.activeElement?.closest(".card") ? this.board.placeOf(this.stop)?.cell : null;
    (cell ?? frame.open[0])?.quick.open();
  }
}
