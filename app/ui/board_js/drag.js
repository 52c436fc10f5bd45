// Moving cards with mouse, pen and finger.

const DRAG_FROM = 5; // pixels: a shorter way is a click
const EDGE = 48; // pixels from an edge where the view scrolls along
const STEP = 12; // pixels a frame

class Drag {
  constructor(board) {
    this.board = board;
    board.element.addEventListener("pointerdown", (event) => this.press(event));
  }

  get isOn() {
    return Boolean(this.now?.on);
  }

  press(event) {
    const item = event.target.closest(".card");
    if (!item || event.button !== 0 || this.now || event.target.closest("button")) return;
    this.board.keys.drop();
    const held = event.pointerType === "mouse" || event.target.closest(".handle"); // a finger elsewhere scrolls
    const box = item.getBoundingClientRect();
    const now = {
      item, id: item.dataset.card, pointer: event.pointerId, on: false, movable: held && this.board.writable,
      startX: event.clientX, startY: event.clientY, x: event.clientX, y: event.clientY,
      offsetX: event.clientX - box.left, offsetY: event.clientY - box.top, width: box.width,
      choosing: event.ctrlKey || event.metaKey, extending: event.shiftKey,
    };
    this.now = now;
    if (now.extending) event.preventDefault(); // would select text
    const listen = new AbortController();
    const end = (finished) => {
      listen.abort();
      this.release(now, finished);
    };
    this.letGo = () => end(false);
    const mine = (act) => (move) => move.pointerId === now.pointer && act(move);
    const on = (name, act, more) => window.addEventListener(name, act, { signal: listen.signal, ...more });
    on("pointermove", mine((move) => this.follow(now, move)), { passive: false });
    on("pointerup", mine(() => end(true)));
    on("pointercancel", mine(() => end(false)));
    // Else browsers take its speed at the end for a scroll that goes on, which the next touch would only stop.
    if (now.movable) on("touchmove", (move) => move.cancelable && move.preventDefault(), { passive: false });
    on("blur", () => end(false));
    on("keydown", (key) => key.key === "Escape" && now.on && (key.stopPropagation(), end(false)), { capture: true });
  }

  follow(now, event) {
    [now.x, now.y] = [event.clientX, event.clientY];
    const far = Math.hypot(now.x - now.startX, now.y - now.startY) >= DRAG_FROM;
    if (far) now.far = true;
    if (!now.movable || (!now.on && !far)) return;
    if (!now.on) this.lift(now);
    event.preventDefault();
    this.hover(now);
  }

  lift(now) {
    const { board } = this;
    now.on = true;
    now.ids = board.choice.together(now.id);
    now.ghost = now.item.cloneNode(true);
    now.ghost.className = "card ghost";
    now.ghost.style.top = "0";
    now.ghost.style.width = `${now.width}px`;
    now.ghost.setAttribute("aria-hidden", "true");
    now.ghost.removeAttribute("data-card");
    if (now.ids.length > 1) now.ghost.append(make("span", "pile", String(now.ids.length)));
    board.element.classList.add("dragging");
    board.ghosts.append(now.ghost);
    const scroll = () => {
      this.scrollAlong(now);
      now.frame = requestAnimationFrame(scroll);
    };
    scroll();
  }

  hover(now) {
    now.ghost.style.transform = `translate(${now.x - now.offsetX}px, ${now.y - now.offsetY}px) rotate(1.2deg)`;
    const before = now.over;
    now.over = this.cellAt(now.x, now.y);
    if (!now.over) {
      if (before) this.board.draw();
      return;
    }
    const { column, lane } = now.over;
    const after = now.over.cardAbove(now.y, new Set(now.ids));
    const shown = this.board.preview;
    if (shown && shown.column === column && shown.lane === lane && shown.after === after) return;
    this.board.show({ ids: now.ids, column, lane, after });
  }

  // A column reaches as far down as the board does, so that a short one is easy to hit.
  cellAt(x, y) {
    const { element, frame } = this.board;
    const box = element.getBoundingClientRect();
    if (y < box.top - EDGE || y > Math.max(box.bottom, innerHeight)) return null;
    const cells = frame.open.filter((cell) => this.isAcross(cell, x));
    if (!frame.laned) return cells[0] ?? null;
    const below = cells.filter((cell) => cell.frame.getBoundingClientRect().top <= y);
    return below.at(-1) ?? cells[0] ?? null;
  }

  isAcross(cell, x) {
    const box = (this.board.frame.laned ? cell.frame : cell.scroller.parentElement).getBoundingClientRect();
    return x >= box.left && x <= box.right;
  }

  scrollAlong(now) {
    const { element } = this.board;
    const scroller = now.over?.scroller;
    const before = element.scrollLeft + (scroller?.scrollTop ?? 0);
    const board = element.getBoundingClientRect();
    if (now.x < Math.max(board.left, 0) + EDGE) element.scrollLeft -= STEP;
    else if (now.x > Math.min(board.right, innerWidth) - EDGE) element.scrollLeft += STEP;
    const box = scroller?.getBoundingClientRect();
    if (box && now.y < Math.max(box.top, 0) + EDGE) scroller.scrollTop -= STEP;
    else if (box && now.y > Math.min(box.bottom, innerHeight) - EDGE) scroller.scrollTop += STEP;
    if (before !== element.scrollLeft + (scroller?.scrollTop ?? 0)) this.hover(now); // another place is under the pointer
  }

  release(now, finished) {
    const { board } = this;
    this.now = null;
    cancelAnimationFrame(now.frame);
    now.ghost?.remove();
    board.element.classList.remove("dragging");
    if (!now.on) return finished && !now.far && this.click(now);
    if (finished && now.over && board.preview) return board.commit();
    board.show(null);
    return board.voice.say("Move cancelled");
  }

  click(now) {
    const { choice } = this.board;
    if (now.choosing) choice.toggle(now.id);
    else if (now.extending) choice.extendTo(now.id);
    else this.board.open(now.id);
  }
}
