// A list of cards of which only those near the viewport are in the page.

const GUESS = 92; // pixels a card takes before it was measured
const NEAR = 500; // pixels around what is visible

class Cell {
  // `scroller` is what scrolls: the list's own frame, or the whole board when it has lanes.
  constructor(board, column, lane, list, scroller) {
    Object.assign(this, { board, column, lane, list, scroller, ids: [], items: new Map() });
    this.tops = new Float64Array(1);
  }

  // Where each card begins, and at the end where the list does.
  layOut() {
    const { ids, board } = this;
    if (this.tops.length !== ids.length + 1) this.tops = new Float64Array(ids.length + 1);
    let top = 0;
    ids.forEach((id, index) => {
      this.tops[index] = top;
      top += board.heights.get(id) ?? GUESS;
    });
    this.tops[ids.length] = top;
    this.list.style.height = `${top}px`;
  }

  // How far the visible part begins below the list's own beginning.
  get offset() {
    return this.scroller.getBoundingClientRect().top - this.list.getBoundingClientRect().top;
  }

  // The last card that begins at or above `y`.
  indexAt(y) {
    let [low, high] = [0, this.ids.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.tops[middle] <= y) low = middle;
      else high = middle - 1;
    }
    return Math.max(0, low);
  }

  wanted() {
    if (!this.ids.length || !this.list.isConnected) return [];
    const from = this.offset - NEAR;
    const first = this.indexAt(from);
    const last = this.indexAt(from + innerHeight + 2 * NEAR);
    const kept = this.board.kept().map((id) => this.ids.indexOf(id)).filter((at) => at >= 0 && (at < first || at > last));
    const range = Array.from({ length: last - first + 1 }, (_, index) => first + index);
    return kept.length ? [...new Set([...range, ...kept])].sort((one, other) => one - other) : range;
  }

  // Makes what is missing and lets go of what is far away. The answer are the cards that were never measured.
  fill() {
    const wanted = this.wanted();
    const items = wanted.map((index) => {
      const { item } = this.board.drawCard(this.ids[index]);
      item.setAttribute("aria-posinset", index + 1);
      item.setAttribute("aria-setsize", this.ids.length);
      return item;
    });
    arrange(this.list, items);
    this.drawn = wanted.map((index, at) => [index, items[at]]);
    return this.drawn.filter(([index]) => !this.board.heights.has(this.ids[index]));
  }

  // True when a height was another than thought. What is above the visible part must not push it.
  measure(fresh) {
    const { board } = this;
    const from = this.offset;
    let pushed = 0;
    let changed = false;
    for (const [index, item] of fresh) {
      const [height, before] = [item.offsetHeight, board.heights.get(this.ids[index]) ?? GUESS];
      if (!height) continue;
      board.heights.set(this.ids[index], height);
      if (height === before) continue;
      changed = true;
      if (this.tops[index] + before <= from) pushed += height - before;
    }
    if (changed) this.layOut();
    if (pushed) this.scroller.scrollTop += pushed;
    return changed;
  }

  place() {
    for (const [index, item] of this.drawn) item.style.top = `${this.tops[index]}px`;
  }

  // Brings a card into view as far as its place is known.
  reveal(id) {
    const index = this.ids.indexOf(id);
    if (index < 0) return;
    const [top, bottom, from] = [this.tops[index], this.tops[index + 1], this.offset];
    const room = this.scroller.clientHeight;
    if (top < from) this.scroller.scrollTop += top - from;
    else if (bottom > from + room) this.scroller.scrollTop += bottom - from - room;
  }

  // The card under which something dropped at `y` of the screen goes, of those that are not being moved.
  cardAbove(y, moving) {
    const at = y - this.list.getBoundingClientRect().top;
    let above = null;
    for (let index = 0; index < this.ids.length; index++) {
      if (moving.has(this.ids[index])) continue;
      if ((this.tops[index] + this.tops[index + 1]) / 2 > at) break;
      above = this.ids[index];
    }
    return above;
  }
}
