// The board as a whole: draws what the store knows, and turns what people do into commands.

const BOARDS = new WeakMap();

class Board {
  constructor(root) {
    this.root = root;
    const part = (name) => root.querySelector(name);
    this.element = part(".board");
    this.ghosts = part(".ghosts");
    this.voice = new Voice(root);
    this.store = new BoardStore();
    this.wire = new Wire(this.store, this);
    this.parts = new Map(); // id -> what is in the page of a card
    this.heights = new Map(); // id -> pixels
    this.frame = new Frame(this);
    this.choice = new Choice(this);
    this.menus = new Menus(this);
    this.keys = new Keys(this);
    this.drag = new Drag(this);
    this.commands = new Commands(this);
    this.opens = new Opening(this);
    this.tools = new Tools(this, part(".tools"));
    this.jumps = new Jumps(this, part(".jumps"));
    this.made = new Map(); // the id that a new card was shown by -> its own
    this.preview = null; // {ids, set, column, lane, after}: where cards would go if they were dropped now
    this.writable = false;
    this.later = () => (this.frameAsked ??= requestAnimationFrame(() => this.draw()));
    this.element.addEventListener("scroll", this.later, { passive: true });
    this.onLeave = (event) => this.store.waiting && event.preventDefault();
    this.watch = new ResizeObserver(() => this.width === this.element.clientWidth || this.measureAnew());
  }

  // ---- told by Streamlit: which board, who may do what, what is looked for ------------------------------------------

  update({ data, setTriggerValue }) {
    this.trigger = setTriggerValue;
    if (!data) return;
    this.member = data.member;
    if (this.id !== data.board) this.frame.remember((this.id = data.board));
    if (!this.wire.runs && !this.isLost) this.start(data);
    else if (data.revision > (this.store.revision ?? -1)) this.wire.poll();
    this.wire.look(data.filter);
  }

  start(data) {
    this.wire.start(this.id, data.filter);
    this.keys.listen();
    addEventListener("beforeunload", this.onLeave);
    this.watch.observe(this.element);
    document.fonts?.ready.then(() => this.measureAnew());
  }

  // Streamlit has taken the board off the page. What is on its way still arrives.
  stop() {
    this.wire.stop();
    this.opens.end();
    this.keys.ignore();
    this.watch.disconnect();
    removeEventListener("beforeunload", this.onLeave);
  }

  // ---- told by the wire ----------------------------------------------------------------------------------------------

  merged(changes, anythingNew) {
    if (!this.root.host?.isConnected) return this.stop();
    if (!anythingNew && this.words?.today === today() && this.knownMember === this.member) return;
    const { store } = this;
    this.knownMember = this.member;
    this.writable = this.member && changes.level === "edit" && !changes.archived;
    const { due_soon_days: soon = null, stale_days: stale = null } = store.options;
    this.words = { labels: store.labels, soon, stale, today: today(), now: Date.now(), writable: this.writable };
    this.words.stamp = JSON.stringify([changes.labels, soon, stale, this.words.today, this.writable]);
    this.choice.forget();
    this.voice.tellLoading(false);
    this.draw();
  }

  away(why) {
    this.voice.tellAway(why, this.store.waiting, () => this.wire.retry());
  }

  filterRefused(message) {
    this.voice.tellFilter(message);
  }

  lost(message) {
    this.isLost = true;
    this.voice.tellLoading(false);
    this.voice.tell(message);
  }

  // ---- drawing -------------------------------------------------------------------------------------------------------

  draw() {
    cancelAnimationFrame(this.frameAsked);
    this.frameAsked = undefined;
    if (this.store.revision === null) return;
    if (this.preview && !this.canLand(this.preview)) this.letGo();
    const focus = this.focusedPart();
    const scrolled = this.element.scrollLeft;
    this.frame.draw();
    const cells = this.frame.open;
    for (const cell of cells) {
      cell.ids = this.idsOf(cell);
      cell.layOut();
    }
    this.fill(cells);
    this.dropFar(cells);
    this.frame.drawEmpty();
    if (this.element.scrollLeft !== scrolled) this.element.scrollLeft = scrolled;
    this.keys.keepOneTabStop();
    this.tools.draw();
    this.jumps.draw();
    this.choice.draw();
    if (focus?.isConnected && focus !== this.root.activeElement) focus.focus({ preventScroll: true });
  }

  // Heights are known once a card was drawn, and then others may be near: three rounds are enough for what is visible.
  fill(cells) {
    for (let round = 0; round < 3; round++) {
      const fresh = cells.map((cell) => [cell, cell.fill()]);
      const changed = fresh.map(([cell, items]) => cell.measure(items));
      if (!changed.some(Boolean)) break;
    }
    for (const cell of cells) cell.place();
  }

  dropFar(cells) {
    const near = new Set(cells.flatMap((cell) => cell.drawn.map(([index]) => cell.ids[index])));
    for (const id of this.parts.keys()) if (!near.has(id)) this.parts.delete(id);
  }

  idsOf({ column, lane }) {
    const ids = this.store.shown(column, lane);
    const { preview } = this;
    if (!preview) return ids;
    const others = ids.some((id) => preview.set.has(id)) ? ids.filter((id) => !preview.set.has(id)) : ids;
    if (preview.column !== column || preview.lane !== lane) return others;
    const at = others.indexOf(preview.after) + 1;
    return [...others.slice(0, at), ...preview.ids, ...others.slice(at)];
  }

  drawCard(id) {
    let known = this.parts.get(id);
    if (!known) this.parts.set(id, (known = newCard(this, id)));
    const states = {
      pending: this.store.isWaiting(id),
      chosen: this.choice.has(id),
      picked: this.keys.isCarrying && this.preview?.set.has(id),
      placeholder: this.drag.isOn && this.preview?.set.has(id),
    };
    if (fillCard(known, this.store.cards.get(id), this.words, states)) this.heights.delete(id);
    return known;
  }

  // What stays in the page however far away it is.
  kept() {
    return [this.keys.stop, this.preview?.ids[0]].filter(Boolean);
  }

  measureAnew() {
    this.width = this.element.clientWidth;
    this.heights.clear();
    this.draw();
  }

  focusedPart() {
    const active = this.root.activeElement;
    return active?.closest?.(".card") ? active : null;
  }

  // ---- places --------------------------------------------------------------------------------------------------------

  cellOf(id) {
    const card = this.store.cards.get(id);
    return card && this.frame.cell(card.column_id, this.store.laneOf(card));
  }

  // Where a card is shown right now, also while it is carried.
  placeOf(id) {
    const { preview } = this;
    const cell = preview?.set.has(id) ? this.frame.cell(preview.column, preview.lane) : this.cellOf(id);
    return cell && { cell, index: this.idsOf(cell).indexOf(id) };
  }

  where(id) {
    const { cell, index } = this.placeOf(id);
    return `${cell.name}, position ${index + 1} of ${this.idsOf(cell).length}`;
  }

  show(preview) {
    this.preview = preview && { ...preview, set: new Set(preview.ids) };
    this.draw();
  }

  // Others may archive what is carried, or remove where it would go.
  canLand({ ids, column, lane }) {
    const { store } = this;
    const hasLane = lane === NO_LANE || store.laneIds.has(lane);
    return hasLane && store.columns.some(({ id }) => id === column) && ids.every((id) => store.cards.has(id));
  }

  letGo() {
    this.preview = null;
    if (this.drag.isOn) this.drag.letGo();
    else this.keys.letGo();
    this.voice.tell("Your move was taken back: the card, or the place for it, has just been removed.");
  }

  columnName(id) {
    return this.store.columns.find((column) => column.id === id)?.name ?? "";
  }

  // One that is still being made opens as soon as it is; one that was just made may stand there by its first name yet.
  open(asked) {
    const id = this.made.get(asked) ?? asked;
    if (this.store.early.get(id)?.jobs && !this.store.facts.has(id)) this.opening = id;
    else {
      this.trigger("open", { card: id, at: Date.now() });
      this.opens.show(id);
    }
  }

  // What was shown as the place becomes the place.
  commit() {
    const { ids, set, column, lane, after } = this.preview;
    const rest = this.idsOf(this.frame.cell(column, lane)).filter((id) => !set.has(id));
    const place = { column, lane, after, before: rest[rest.indexOf(after) + 1] ?? null };
    this.preview = null;
    if (ids.length === 1) this.commands.move(ids[0], place);
    else this.commands.moveAll(ids, place);
  }
}

export default function (component) {
  const root = component.parentElement;
  if (!BOARDS.has(root)) BOARDS.set(root, new Board(root));
  const board = BOARDS.get(root);
  board.update(component);
  // Streamlit may call this for a set of facts that is only out of date, so the board looks for itself.
  return () => setTimeout(() => root.host?.isConnected || board.stop());
}
