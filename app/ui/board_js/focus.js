// Streamlit takes dialogs and buttons off the page and leaves the focus nowhere: then no key works any more.

const LOOK = 250; // milliseconds
const OPENS_WITHIN = 40; // looks

class Focus {
  constructor(board) {
    this.board = board;
  }

  // In the dialog of this card it goes back to the open section, and once that is closed, to the card.
  follow(id) {
    this.leave();
    let [looks, lost, wasOpen] = [0, 0, false];
    this.timer = setInterval(() => {
      const dialog = document.querySelector("[role=dialog]");
      lost = document.activeElement === document.body ? lost + 1 : 0;
      wasOpen ||= dialog !== null;
      if (!dialog && (wasOpen || ++looks > OPENS_WITHIN)) {
        this.leave();
        if (lost) this.board.keys.focus(id);
      } else if (dialog && lost > 1) dialog.querySelector("[role=tab][aria-selected=true]")?.focus();
    }, LOOK);
  }

  leave() {
    clearInterval(this.timer);
  }
}
