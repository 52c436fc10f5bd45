// The columns, and the lanes across them: everything on the board but the cards.

class Frame {
  constructor(board) {
    this.board = board;
    this.element = board.element;
    this.folded = new Set();
    this.heads = new Parts((id) => this.newHead(id));
    this.columns = new Parts((id) => this.newColumn(id)); // of a board without lanes
    this.lanes = new Parts((id) => this.newLane(id));
    this.cells = new Parts((_key, column, lane, laned) => this.newCell(column, lane, laned));
  }

  remember(id) {
    this.key = `autoreport.board.${id}.folded`;
    this.folded = new Set(memory.read(this.key));
  }

  get laned() {
    return this.board.store.lanes.length > 0;
  }

  // The lanes from top to bottom; cards without one have the last.
  get laneIds() {
    return [...this.board.store.lanes.map((lane) => lane.id), NO_LANE];
  }

  laneName(id) {
    const lane = this.board.store.lanes.find((one) => one.id === id);
    return lane ? `the lane ${lane.name}` : "no lane";
  }

  cell(column, lane) {
    return this.cells.all.get(`${column} ${this.laned ? lane : NO_LANE}`)?.cell;
  }

  // Cells in the order in which one reads them; those of a folded lane are not there.
  get open() {
    const { columns } = this.board.store;
    const lanes = this.laneIds.filter((lane) => !this.laned || !this.folded.has(lane));
    const rows = this.laned ? lanes : [NO_LANE];
    return rows.flatMap((lane) => columns.map((column) => this.cell(column.id, lane))).filter(Boolean);
  }

  // ---- drawing -----------------------------------------------------------------------------------------------------

  draw() {
    const { columns } = this.board.store;
    this.element.classList.toggle("laned", this.laned);
    this.element.style.setProperty("--columns", columns.length);
    for (const column of columns) this.drawHead(this.heads.get(column.id), column);
    if (this.laned) this.drawLanes(columns);
    else this.drawColumns(columns);
    this.forget(columns.map((column) => column.id));
  }

  drawColumns(columns) {
    const sections = columns.map((column) => {
      const { section, scroll } = this.columns.get(column.id);
      const part = this.cellPart(column, NO_LANE, null, scroll);
      section.className = this.stateOf("column", column);
      arrange(scroll, [part.list, part.empty]);
      arrange(section, [this.heads.get(column.id).header, scroll, part.quick.add, part.quick.form]);
      return section;
    });
    arrange(this.element, sections);
  }

  drawLanes(columns) {
    this.row ??= make("div", "heads");
    arrange(this.row, columns.map((column) => this.heads.get(column.id).header));
    for (const column of columns) this.heads.get(column.id).header.className = this.stateOf("head", column);
    const sections = this.laneIds.map((id) => {
      const lane = this.board.store.lanes.find((one) => one.id === id) ?? { id, name: "No lane" };
      const { section, toggle, name, count, row } = this.lanes.get(id);
      const folded = this.folded.has(id);
      const cards = columns.reduce((sum, column) => sum + this.board.store.count(column.id, id), 0);
      name.textContent = lane.name;
      count.textContent = cards;
      count.setAttribute("aria-label", counted(cards, "card"));
      toggle.setAttribute("aria-expanded", String(!folded));
      row.hidden = folded;
      if (folded) row.replaceChildren();
      else arrange(row, columns.map((column) => this.drawLaneCell(column, lane)));
      return section;
    });
    arrange(this.element, [this.row, ...sections]);
  }

  drawLaneCell(column, lane) {
    const part = this.cellPart(column, lane.id, lane.name, this.element);
    const held = this.board.store.count(column.id, lane.id);
    const limit = column.wip_per_lane ? column.wip_limit : null;
    const cue = limitCue(held, limit, column.wip_mode === "warn");
    part.frame.className = `cell ${cue.state} ${this.isOver(column.id, lane.id) ? "over" : ""}`;
    part.count.hidden = !limit;
    part.count.textContent = limit ? `${held} / ${limit} ${cue.text}` : "";
    arrange(part.frame, [part.count, part.list, part.quick.add, part.quick.form]);
    return part.frame;
  }

  cellPart(column, lane, laneName, scroller) {
    const part = this.cells.get(`${column.id} ${lane}`, column.id, lane, scroller);
    const place = laneName ? `${column.name}, ${laneName}` : column.name;
    part.cell.scroller = scroller;
    part.cell.name = place;
    part.list.setAttribute("aria-label", place);
    part.quick.name(place);
    part.quick.allow(this.board.writable);
    return part;
  }

  drawHead(head, column) {
    const { store } = this.board;
    const cards = store.count(column.id);
    const { limit, text } = this.cueOf(column);
    const found = store.matching ? this.laneIds.reduce((sum, lane) => sum + store.shown(column.id, lane).length, 0) : null;
    const number = found === null ? `${cards}` : `${found} of ${cards}`;
    head.name.textContent = column.name;
    head.name.title = column.name;
    head.count.textContent = limit ? `${number} / ${limit}` : number;
    const said = limit ? `${counted(cards, "card")}, at most ${limit}` : counted(cards, "card");
    head.count.setAttribute("aria-label", found === null ? said : `${found} found, ${said}`);
    head.state.textContent = text;
    head.header.className = "head";
  }

  // Of the whole column: when the limit counts per lane, its cells say it.
  cueOf(column) {
    const limit = column.wip_per_lane && this.laned ? null : column.wip_limit;
    return { limit, ...limitCue(this.board.store.count(column.id), limit, column.wip_mode === "warn") };
  }

  stateOf(part, column) {
    const over = part === "column" && this.isOver(column.id, NO_LANE);
    return [part, column.is_done && "done", this.cueOf(column).state, over && "over"].filter(Boolean).join(" ");
  }

  // Cards are held above it right now.
  isOver(column, lane) {
    const over = this.board.drag.now?.over;
    return over?.column === column && over.lane === lane;
  }

  drawEmpty() {
    const words = this.board.store.matching ? "Nothing found here" : "No cards";
    for (const { empty, cell } of this.cells.all.values()) {
      empty.hidden = cell.ids.length > 0;
      empty.textContent = words;
    }
  }

  forget(columns) {
    const lanes = this.laned ? this.laneIds : [NO_LANE];
    this.heads.keep(columns);
    this.columns.keep(this.laned ? [] : columns);
    this.lanes.keep(this.laned ? lanes : []);
    this.cells.keep(columns.flatMap((column) => lanes.map((lane) => `${column} ${lane}`)));
  }

  // ---- new parts ---------------------------------------------------------------------------------------------------

  newHead(id) {
    const header = make("header", "head");
    const [name, state, count] = [make("h3"), make("span", "state"), make("span", "count")];
    header.dataset.column = id;
    count.setAttribute("role", "img");
    header.append(icon("done"), name, state, count);
    return { header, name, state, count };
  }

  newColumn(id) {
    const section = make("section", "column");
    const scroll = make("div", "scroll");
    section.dataset.column = id;
    scroll.addEventListener("scroll", () => this.board.later(), { passive: true });
    return { section, scroll };
  }

  newLane(id) {
    const section = make("section", "lane");
    const title = make("h3", "lane-head");
    const toggle = button("toggle", "");
    const [name, count, row] = [make("span", "lane-name"), make("span", "count"), make("div", "row")];
    section.dataset.lane = id;
    count.setAttribute("role", "img");
    toggle.append(icon("open"), name, count);
    title.append(toggle);
    toggle.addEventListener("click", () => this.fold(id));
    section.append(title, row);
    return { section, toggle, name, count, row };
  }

  newCell(column, lane, scroller) {
    const [frame, list, empty, count] = [make("div", "cell"), make("ul", "list"), make("p", "empty"), make("p", "limit")];
    frame.dataset.column = column;
    const cell = new Cell(this.board, column, lane, list, scroller);
    const quick = new QuickAdd(this.board, { column, lane });
    cell.quick = quick;
    cell.frame = frame;
    return { frame, list, empty, count, cell, quick };
  }

  fold(id) {
    if (!this.folded.delete(id)) this.folded.add(id);
    memory.write(this.key, [...this.folded]);
    this.board.draw();
  }
}
