// What is known of the board: the server's facts, and over them what this person has done but the server not yet said.

const NO_LANE = "";

// A place for the time until the server gives the real one. Ranks are base-62 text, so everything that begins with
// `low` and a smaller character comes after `low` and before all other ranks.
function rankBetween(low, high) {
  const start = `${low ?? ""}\u0000`;
  if (high === null || !high.startsWith(start)) return `${start}@`;
  const next = high.charCodeAt(start.length) || 0;
  return next > 1 ? start + String.fromCharCode(next >> 1) : start;
}

class BoardStore {
  constructor() {
    this.facts = new Map(); // id -> card as the server has it
    this.early = new Map(); // id -> {fields, jobs, freeFrom}: shown in advance
    this.cards = new Map(); // id -> card as it is shown
    this.order = new Map(); // column id -> ids in their order
    this.cells = new Map(); // column id -> {all: lane -> how many, shown: lane -> ids}; built when asked for
    this.columns = [];
    this.lanes = [];
    this.labels = new Map();
    this.options = {};
    this.revision = this.matching = this.level = null;
    this.clock = 0; // counts the questions for changes
  }

  // ---- the server's word ---------------------------------------------------------------------------------------

  // `asked` is what the clock showed when the question was sent. The answer is whether there is anything new to show.
  merge(changes, asked) {
    if (changes.full) this.facts.clear();
    const changed = changes.full || changes.revision !== this.revision || changes.level !== this.level;
    for (const name of ["revision", "level", "columns", "lanes", "options"]) this[name] = changes[name];
    this.labels = new Map(changes.labels.map((label) => [label.id, label]));
    for (const card of changes.cards) this.facts.set(card.id, card);
    for (const id of changes.gone) this.facts.delete(id);
    const settled = [...this.early].filter(([, { jobs, freeFrom }]) => !jobs && freeFrom <= asked).map(([id]) => id);
    for (const id of settled) this.early.delete(id);
    if (changes.full) this.rebuild();
    else for (const id of [...changes.cards.map((card) => card.id), ...changes.gone, ...settled]) this.show(id);
    return changed || settled.length > 0;
  }

  match(ids) {
    this.matching = ids && new Set(ids);
    this.cells.clear();
  }

  // Also what is no longer known, such as a card that was made in advance.
  rebuild() {
    this.cards.clear();
    this.order.clear();
    this.cells.clear();
    for (const [id, card] of this.facts) this.keep(id, card);
    for (const id of this.early.keys()) this.keep(id, this.facts.get(id));
    for (const card of this.cards.values()) this.listOf(card.column_id).push(card.id);
    for (const ids of this.order.values()) ids.sort((one, other) => this.compare(one, other));
  }

  // ---- what is shown in advance ----------------------------------------------------------------------------------

  // One more command is on its way that will make the card so.
  begin(id, fields) {
    const known = this.early.get(id) ?? { fields: {}, jobs: 0, freeFrom: 0 };
    this.early.set(id, { ...known, fields: { ...known.fields, ...fields }, jobs: known.jobs + 1 });
    this.show(id);
  }

  // The server has done it; it stays shown in advance until the next answer brings the facts.
  settle(id, version) {
    const known = this.early.get(id);
    if (!known) return;
    known.jobs -= 1;
    known.freeFrom = this.clock + 1;
    const card = this.facts.get(id);
    if (card && version) card.version = version;
    this.show(id);
  }

  // Refused: everything is again as the server has it.
  takeBack(id) {
    this.early.delete(id);
    this.show(id);
  }

  isWaiting(id) {
    return (this.early.get(id)?.jobs ?? 0) > 0;
  }

  get waiting() {
    return [...this.early.values()].filter(({ jobs }) => jobs).length;
  }

  // ---- what is shown ---------------------------------------------------------------------------------------------

  keep(id, fact) {
    const fields = this.early.get(id)?.fields;
    if ((!fact && !fields?.title) || fields?.gone) return this.cards.delete(id);
    return this.cards.set(id, fields ? { ...fact, ...fields } : fact);
  }

  show(id) {
    const before = this.cards.get(id);
    if (before) {
      const ids = this.listOf(before.column_id);
      const at = ids.indexOf(id);
      if (at >= 0) ids.splice(at, 1);
      this.cells.delete(before.column_id);
    }
    this.keep(id, this.facts.get(id));
    const card = this.cards.get(id);
    if (!card) return;
    const ids = this.listOf(card.column_id);
    ids.splice(this.placeIn(ids, card), 0, id);
    this.cells.delete(card.column_id);
  }

  placeIn(ids, card) {
    let [low, high] = [0, ids.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.isBefore(this.cards.get(ids[middle]), card)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  isBefore(one, other) {
    return one.rank === other.rank ? one.id < other.id : one.rank < other.rank;
  }

  compare(one, other) {
    return this.isBefore(this.cards.get(one), this.cards.get(other)) ? -1 : 1;
  }

  listOf(column) {
    if (!this.order.has(column)) this.order.set(column, []);
    return this.order.get(column);
  }

  // With a lane of nobody's any more, or none, a card is in the last one.
  laneOf(card) {
    return this.laneIds?.has(card.lane_id) ? card.lane_id : NO_LANE;
  }

  get laneIds() {
    if (this.lanesSeen !== this.lanes) {
      this.lanesSeen = this.lanes;
      this.knownLanes = new Set(this.lanes.map((lane) => lane.id));
      this.cells.clear();
    }
    return this.knownLanes;
  }

  // The ids of one lane of a column in their order, only what the filter lets through.
  shown(column, lane) {
    return this.cellsOf(column).shown.get(lane) ?? [];
  }

  // How many cards there are, whatever the filter says: of the column, or of one lane of it.
  count(column, lane) {
    return lane === undefined ? this.listOf(column).length : (this.cellsOf(column).all.get(lane) ?? 0);
  }

  cellsOf(column) {
    void this.laneIds;
    const known = this.cells.get(column);
    if (known) return known;
    const [all, shown] = [new Map(), new Map()];
    for (const id of this.listOf(column)) {
      const lane = this.laneOf(this.cards.get(id));
      all.set(lane, (all.get(lane) ?? 0) + 1);
      if (this.matching && !this.matching.has(id) && !this.early.has(id)) continue;
      if (!shown.has(lane)) shown.set(lane, []);
      shown.get(lane).push(id);
    }
    const cells = { all, shown };
    this.cells.set(column, cells);
    return cells;
  }

  // A rank that puts a card below `after`, else above `before`, else at the end of the column.
  rankFor(column, after, before) {
    const ids = this.listOf(column);
    const rank = (id) => this.cards.get(id)?.rank ?? null;
    const at = ids.indexOf(after);
    if (at >= 0) return rankBetween(rank(after), rank(ids[at + 1]));
    const next = ids.indexOf(before);
    if (next >= 0) return rankBetween(rank(ids[next - 1]), rank(before));
    return rankBetween(rank(ids.at(-1)), null);
  }
}
