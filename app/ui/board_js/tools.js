// The row of buttons for what else only keys would do.

class Tools {
  constructor(board, element) {
    this.board = board;
    this.steps = ["Undo", "Redo"].map((label) => {
      const step = button("tool", label, label.toLowerCase());
      step.title = label === "Undo" ? "Undo (Ctrl+Z)" : "Redo (Ctrl+Shift+Z)";
      step.addEventListener("click", () => board.commands.step(label.toLowerCase()));
      return step;
    });
    const keys = button("tool", "Keys", "keys");
    keys.title = "Keys (?)";
    keys.addEventListener("click", () => board.menus.help());
    element.append(...this.steps, keys);
  }

  draw() {
    for (const step of this.steps) step.hidden = !this.board.writable;
  }
}
