// A card that was asked for: its dialog comes from the server, so until then its name stands where the dialog will.

const GIVEN_UP = 15_000; // milliseconds

class Opening {
  constructor(board) {
    this.board = board;
    this.sheet = make("div", "opening");
    this.title = make("p", "opening-title");
    const lines = ["opening-tabs", "", "", "", "opening-short"].map((name) => make("i", name));
    this.sheet.setAttribute("role", "status");
    this.sheet.append(this.title, ...lines);
  }

  show(id) {
    this.end();
    const card = this.board.store.cards.get(id);
    const begin = performance.now();
    this.id = id;
    this.title.textContent = card?.number ? `#${card.number} ${card.title}` : (card?.title ?? "");
    this.board.ghosts.append(this.sheet);
    this.mark("true");
    this.board.voice.say(`Opening ${card?.title ?? "the card"}`);
    const look = () => {
      if (document.querySelector("[role=dialog]") || performance.now() - begin > GIVEN_UP) return this.end();
      this.frame = requestAnimationFrame(look);
    };
    this.frame = requestAnimationFrame(look);
  }

  mark(busy) {
    const face = this.board.parts.get(this.id)?.face;
    if (busy) face?.setAttribute("aria-busy", busy);
    else face?.removeAttribute("aria-busy");
  }

  end() {
    cancelAnimationFrame(this.frame);
    this.sheet.remove();
    this.mark();
    this.id = null;
  }
}
