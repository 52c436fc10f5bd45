// On a phone, where one column fills the screen: the names of all, to go to one with a touch.

const NARROW = matchMedia("(max-width: 640px)");

class Jumps {
  constructor(board, element) {
    this.board = board;
    this.element = element;
    this.parts = new Parts((id) => this.newJump(id));
  }

  newJump(id) {
    const jump = button("jump", "");
    const [name, count] = [make("span"), make("span", "count")];
    jump.append(name, count);
    jump.addEventListener("click", () => this.go(id));
    return { jump, name, count };
  }

  draw() {
    if (!NARROW.matches) return;
    const { store, frame } = this.board;
    const here = this.here();
    const jumps = store.columns.map((column, index) => {
      const { jump, name, count } = this.parts.get(column.id);
      name.textContent = column.name;
      count.textContent = store.count(column.id);
      jump.className = `jump ${frame.cueOf(column).state}`;
      jump.setAttribute("aria-label", `Go to ${column.name}, ${counted(store.count(column.id), "card")}`);
      if (index === here) jump.setAttribute("aria-current", "true");
      else jump.removeAttribute("aria-current");
      return jump;
    });
    this.parts.keep(store.columns.map((column) => column.id));
    arrange(this.element, jumps);
    if (this.seen !== here) this.follow(jumps[here]);
    this.seen = here;
  }

  // The column that fills most of the screen.
  here() {
    const { element, store } = this.board;
    const { columns } = store;
    const furthest = element.scrollWidth - element.clientWidth;
    if (furthest <= 0 || !columns.length) return 0;
    const wide = element.scrollWidth / columns.length;
    return element.scrollLeft >= furthest - 2 ? columns.length - 1 : Math.round(element.scrollLeft / wide);
  }

  follow(jump) {
    const { element } = this;
    if (jump) element.scrollLeft = jump.offsetLeft - (element.clientWidth - jump.offsetWidth) / 2;
  }

  go(id) {
    const { header } = this.board.frame.heads.get(id);
    const { element } = this.board;
    element.scrollLeft += header.getBoundingClientRect().left - element.getBoundingClientRect().left - 4;
  }
}
