// The field at the end of a list in which cards are written one after another.

class QuickAdd {
  // `where`: {column, lane}
  constructor(board, where) {
    this.board = board;
    this.where = where;
    this.add = button("add", "Add a card", "add");
    this.add.removeAttribute("title");
    this.add.append(make("span", "", "Add a card"));
    this.form = make("form", "quick");
    this.input = make("input");
    this.input.maxLength = 200;
    this.input.placeholder = "What is to be done?";
    this.form.hidden = true;
    this.form.append(this.input, make("small", "", "Enter adds, Escape closes"));
    this.add.addEventListener("click", () => this.open());
    this.input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") this.close(true);
    });
    this.input.addEventListener("blur", () => this.input.value.trim() || this.close(false));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const title = this.input.value.trim();
      if (title) this.board.commands.add(this, title);
    });
  }

  name(place) {
    this.add.setAttribute("aria-label", `Add a card to ${place}`);
    this.input.setAttribute("aria-label", `Title of the new card in ${place}`);
  }

  allow(yes) {
    this.add.hidden = !yes;
    if (!yes) this.form.hidden = true;
  }

  open() {
    this.form.hidden = false;
    this.add.classList.add("gone");
    this.input.focus();
  }

  close(focus) {
    this.form.hidden = true;
    this.add.classList.remove("gone");
    if (focus) this.add.focus();
  }

  // What was refused is not lost: it stands in the field again, or what is being written there gets it in front.
  restore(title) {
    const begun = this.input.value.trim();
    this.open();
    this.input.value = begun && begun !== title ? `${title} ${begun}` : title;
  }
}
