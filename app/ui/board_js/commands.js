// What people do to cards: shown at once, then done by the server, or taken back with its reason.

class Commands {
  constructor(board) {
    this.board = board;
    this.store = board.store;
  }

  get path() {
    return `/api/v1/boards/${this.board.id}`;
  }

  move(id, place) {
    const { board, store } = this;
    if (this.isThere(id, place)) return board.draw();
    const seen = store.early.has(id) ? null : store.facts.get(id).version; // after one of our own: what that answers
    store.begin(id, this.shownAt(place));
    const sent = this.sentAs(place);
    const body = () => (store.early.has(id) ? { ...sent, version: seen ?? store.facts.get(id)?.version ?? 0 } : null);
    board.voice.say(`Moved to ${board.where(id)}`);
    return this.run([id], this.around([id], place), `/api/v1/cards/${id}/move`, body);
  }

  // Together, in the order in which they are seen. Within their own column one after the other.
  moveAll(ids, place) {
    const { board, store } = this;
    let { after } = place;
    if (ids.some((id) => store.cards.get(id).column_id === place.column)) {
      for (const id of ids) {
        this.move(id, { ...place, after });
        after = id;
      }
      return null;
    }
    for (const id of ids) {
      store.begin(id, this.shownAt({ ...place, after }));
      after = id;
    }
    board.voice.say(`Moved ${counted(ids.length, "card")} to ${board.frame.cell(place.column, place.lane).name}`);
    return this.bulk(ids, this.sentAs(place), this.around(ids, place));
  }

  // To the end of a column, each in its own lane; or to a lane, each in its own column and place.
  sendTo(ids, { column, lane }) {
    const { board, store } = this;
    for (const id of ids) {
      if (column) store.begin(id, { column_id: column, rank: store.rankFor(column, null, null) });
      else store.begin(id, { lane_id: lane || null });
    }
    board.voice.say(`Moved ${counted(ids.length, "card")} to ${column ? board.columnName(column) : board.frame.laneName(lane)}`);
    return this.bulk(ids, column ? { column } : { lane: lane || null });
  }

  archive(ids) {
    for (const id of ids) this.store.begin(id, { gone: true });
    this.board.choice.remove(ids);
    this.board.voice.say(ids.length > 1 ? `Archiving ${ids.length} cards` : "Archiving");
    if (ids.length > 1) return this.bulk(ids, { action: "archive" });
    return this.run(ids, ids, `/api/v1/cards/${ids[0]}/archive`, () => ({}));
  }

  setPriority(ids, priority) {
    for (const id of ids) this.store.begin(id, { priority });
    return this.bulk(ids, { priority });
  }

  label(ids, label, on) {
    for (const id of ids) {
      const had = this.store.cards.get(id).label_ids.filter((one) => one !== label);
      this.store.begin(id, { label_ids: on ? [...had, label] : had });
    }
    return this.bulk(ids, on ? { add_labels: [label] } : { remove_labels: [label] });
  }

  add(quick, title) {
    const { board, store } = this;
    const { column, lane } = quick.where;
    const id = `new-${newKey()}`;
    const blank = { number: 0, priority: "medium", category: "in_progress", due_on: null, completed: false, estimate: null };
    const none = { label_ids: [], assignees: [], blocked_by: [], checklist: [0, 0], comments: 0, notes: 0, files: 0 };
    store.begin(id, { ...blank, ...none, ...this.shownAt({ column, lane, after: null, before: null }), id, title });
    quick.input.value = "";
    board.voice.say(`Adding ${title}`);
    const body = { title, column, ...(lane ? { lane } : {}) };
    const added = this.run([id], [`add ${column}`], `${this.path}/cards`, () => body, () => quick.restore(title));
    board.draw();
    board.frame.cell(column, lane)?.reveal(id);
    quick.form.scrollIntoView({ block: "nearest" }); // in a lane it stands below the cards and goes down with them
    return added.then((card) => {
      if (!card) return;
      board.made.set(id, card.id);
      if (board.opening === id) board.open(id);
    });
  }

  // The last thing that this person did on this board, wherever it was done.
  async step(kind, skip) {
    const { board } = this;
    await board.wire.quiet();
    try {
      const undone = await board.wire.send(["step"], `${this.path}/${kind}`, () => (skip ? { skip } : {}));
      board.voice.tell("");
      board.voice.hint(undone?.message ?? "");
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const given = error.details.find((detail) => detail.step);
      board.voice.tell(error.message, given && ["Leave it, go one further back", () => this.step(kind, given.step)]);
    }
    board.wire.poll();
  }

  bulk(ids, change, about = ids) {
    const seen = ids.filter((id) => this.store.facts.has(id) && this.store.early.get(id)?.jobs === 1);
    const versions = Object.fromEntries(seen.map((id) => [id, this.store.facts.get(id).version]));
    return this.run(ids, about, `${this.path}/cards/bulk`, () => ({ card_ids: ids, change, versions }));
  }

  async run(ids, about, path, body, refused) {
    const { board, store } = this;
    board.later(); // in the same frame, but after the request is on its way
    try {
      const answer = await board.wire.send(about, path, body);
      for (const id of ids) store.settle(id, ids.length === 1 ? answer?.version : null);
      board.voice.hint(answer?.warnings?.join(" ") ?? "");
      return answer;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      for (const id of ids) store.takeBack(id);
      refused?.();
      board.voice.tell(error.message);
      return null;
    } finally {
      board.draw();
      board.wire.poll();
    }
  }

  // ---- places --------------------------------------------------------------------------------------------------------

  isThere(id, { column, lane, after }) {
    const card = this.store.cards.get(id);
    const ids = this.store.shown(column, lane);
    const above = ids[ids.indexOf(id) - 1] ?? null;
    return card.column_id === column && this.store.laneOf(card) === lane && above === after;
  }

  shownAt({ column, lane, after, before }) {
    return { column_id: column, lane_id: lane || null, rank: this.store.rankFor(column, after, before) };
  }

  // A card that is being made has no name on the server yet, so nothing can be placed next to it.
  sentAs({ column, lane, after, before }) {
    const real = (id) => (this.store.facts.has(id) ? id : null);
    const place = { column, after: real(after), before: real(before) };
    return this.board.frame.laned ? { ...place, lane: lane || null } : place;
  }

  // What must have happened before: what was asked for these cards, and for their new neighbours.
  around(ids, { after, before }) {
    return [...ids, after, before].filter(Boolean);
  }
}
