// The board: plain JavaScript, no build step. What people wrote reaches the page through textContent only.
// Streamlit calls the default export again for every new set of facts; one Board lives as long as its element.

const BOARDS = new WeakMap();
const DRAG_FROM = 5; // pixels: a shorter way is a click
const EDGE = 48; // pixels from an edge where the view scrolls along
const PATIENCE = 15000; // milliseconds to wait for the server's word
const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  handle: "M9 5h2v2H9zm4 0h2v2h-2zM9 11h2v2H9zm4 0h2v2h-2zM9 17h2v2H9zm4 0h2v2h-2z",
  menu: "M12 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4m0 2a2 2 0 1 0 0 4 2 2 0 0 0 0-4m0 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4",
  flag: "M14.4 6 14 4H5v17h2v-7h5.6l.4 2h7V6z",
  clock: "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20m0 18a8 8 0 1 1 0-16 8 8 0 0 1 0 16m.5-13H11v6l5.2 3.2.8-1.3-4.5-2.7z",
  text: "M4 9h16v2H4zm0 4h10v2H4z",
  star: "M12 17.3 18.2 21l-1.7-7L22 9.2l-7.2-.6L12 2 9.2 8.6 2 9.2 7.5 14l-1.7 7z",
  done: "M9 16.2 4.8 12l-1.4 1.4L9 19 21 7l-1.4-1.4z",
  add: "M19 13h-6v6h-2v-6H5v-2h6V5h2v6h6z",
};

function make(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = text;
  return element;
}

function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

function button(name, label, picture) {
  const element = make("button", name);
  element.type = "button";
  if (picture) {
    element.setAttribute("aria-label", label);
    element.append(icon(picture));
  } else element.textContent = label;
  return element;
}

class Board {
  constructor(root) {
    this.root = root;
    this.element = root.querySelector(".board");
    this.live = root.querySelector(".live");
    this.notice = root.querySelector(".notice");
    this.columns = new Map(); // id -> {section, list, ...}
    this.cards = new Map(); // id -> {item, face, facts, drawn}
    this.queue = []; // commands that the server has not answered, in order
    this.sent = 0;
    this.stamp = null;
    this.drag = this.picked = this.latest = null;
    this.element.addEventListener("pointerdown", (event) => this.press(event));
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("focusin", (event) => this.focused(event));
    this.notice.querySelector("button").addEventListener("click", () => this.tell(""));
  }

  // ---- facts from the server -------------------------------------------------------------------------------

  update({ data, setTriggerValue }) {
    this.trigger = (command) => setTriggerValue("command", command);
    if (!data) return;
    this.sent = Math.max(this.sent, data.ack);
    this.latest = data;
    this.answered(data);
    this.draw();
  }

  answered(data) {
    const head = this.queue[0];
    if (!head?.number || head.number > data.ack) return;
    clearTimeout(this.timer);
    this.queue.shift();
    const refused = data.refused?.number === head.number ? data.refused.message : "";
    this.tell(refused);
    if (refused) {
      if (head.kind === "add") this.columns.get(head.column)?.restore(head.title);
    } else if (head.kind === "add") this.reveal = head.column;
    const seen = data.columns.flatMap((column) => column.cards).find((card) => card.id === head.id);
    for (const later of this.queue) if (seen && later.id === head.id) later.version = seen.version;
    this.stamp = null; // draw what is true now: after a refusal this takes the card back
    this.flush();
  }

  // Commands go one at a time: a second one in the same instant would replace the first.
  send(command) {
    this.queue.push(command);
    this.flush();
  }

  flush() {
    const head = this.queue[0];
    if (!head || head.number) return;
    head.number = ++this.sent;
    this.timer = setTimeout(() => {
      this.queue = [];
      this.stamp = null;
      this.tell("The server does not answer. Your last change may not be saved; it is shown as it was before.");
      this.draw();
    }, PATIENCE);
    this.trigger(head);
  }

  draw() {
    const data = this.latest;
    if (!data || this.drag?.on || this.picked || this.queue.length || data.stamp === this.stamp) return;
    this.stamp = data.stamp;
    this.writable = data.writable;
    const focus = this.root.activeElement;
    const scrolled = this.element.scrollLeft;
    this.drawColumns(data.columns);
    for (const column of data.columns) this.drawCards(column);
    const there = new Set(data.columns.flatMap((column) => column.cards.map((card) => card.id)));
    for (const [id, { item }] of this.cards) {
      if (there.has(id)) continue;
      item.remove();
      this.cards.delete(id);
    }
    this.element.scrollLeft = scrolled;
    this.keepOneTabStop();
    if (focus?.isConnected && focus !== this.root.activeElement) focus.focus({ preventScroll: true });
    if (this.reveal) this.columns.get(this.reveal)?.list.lastElementChild?.scrollIntoView({ block: "nearest" });
    this.reveal = null;
  }

  drawColumns(columns) {
    const ids = new Set(columns.map((column) => column.id));
    for (const [id, { section }] of this.columns) {
      if (ids.has(id)) continue;
      section.remove();
      this.columns.delete(id);
    }
    columns.forEach((facts, index) => {
      const column = this.columns.get(facts.id) ?? this.newColumn(facts.id);
      column.facts = facts;
      column.name.textContent = facts.name;
      column.section.classList.toggle("done", facts.done);
      column.list.setAttribute("aria-label", facts.name);
      column.add.hidden = !this.writable;
      column.add.setAttribute("aria-label", `Add a card to ${facts.name}`);
      column.input.setAttribute("aria-label", `Title of the new card in ${facts.name}`);
      if (this.element.children[index] !== column.section) {
        this.element.insertBefore(column.section, this.element.children[index] ?? null);
      }
    });
  }

  newColumn(id) {
    const section = make("section", "column");
    const header = make("header");
    const [name, state, count] = [make("h3"), make("span", "state"), make("span", "count")];
    const list = make("ul", "list");
    const empty = make("p", "empty");
    section.dataset.column = id;
    header.append(icon("done"), name, state, count);
    const quick = this.newQuickAdd(id);
    section.append(header, list, empty, quick.add, quick.form);
    const column = { section, name, state, count, list, empty, ...quick };
    this.columns.set(id, column);
    return column;
  }

  newQuickAdd(id) {
    const add = button("add", "Add a card", "add");
    const form = make("form", "quick");
    const input = make("input");
    const hint = make("small", "", "Enter adds, Escape closes");
    add.append(make("span", "", "Add a card"));
    input.maxLength = 200;
    input.placeholder = "What is to be done?";
    form.hidden = true;
    form.append(input, hint);
    const open = (yes) => {
      form.hidden = !yes;
      add.classList.toggle("gone", yes);
      (yes ? input : add).focus();
    };
    add.addEventListener("click", () => open(true));
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") open(false);
    });
    input.addEventListener("blur", () => {
      if (input.value.trim()) return;
      form.hidden = true;
      add.classList.remove("gone");
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const title = input.value.trim();
      if (!title) return;
      this.send({ kind: "add", column: id, title });
      this.say(`Adding ${title}`);
      input.value = "";
    });
    const restore = (title) => {
      open(true);
      input.value ||= title;
    };
    return { add, form, input, restore };
  }

  drawCards(facts) {
    const { list } = this.columns.get(facts.id);
    facts.cards.forEach((card, index) => {
      const { item } = this.drawCard(card);
      if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
    });
    while (list.children.length > facts.cards.length) list.lastElementChild.remove();
    this.drawCount(facts.id);
  }

  drawCount(id) {
    const { facts, list, count, state, empty, section } = this.columns.get(id);
    const cards = facts.total + list.children.length - facts.cards.length;
    const word = !facts.limit || cards < facts.limit ? "" : cards > facts.limit ? "Over limit" : "Full";
    const found = this.latest.filtered ? `${list.children.length} of ${cards}` : `${cards}`;
    count.textContent = facts.limit ? `${found} / ${facts.limit}` : found;
    count.setAttribute("aria-label", facts.limit ? `${cards} cards, at most ${facts.limit}` : `${cards} cards`);
    count.setAttribute("role", "img");
    state.textContent = word;
    section.classList.toggle("full", Boolean(word));
    empty.hidden = list.children.length > 0;
    empty.textContent = this.latest.filtered ? "Nothing found here" : "No cards";
  }

  drawCard(facts) {
    const known = this.cards.get(facts.id) ?? this.newCard(facts.id);
    const drawn = JSON.stringify([facts, this.writable]);
    known.item.classList.remove("pending", "placeholder");
    known.facts = facts;
    if (known.drawn === drawn) return known;
    known.drawn = drawn;
    known.item.dataset.priority = facts.priority.state;
    known.face.setAttribute("aria-label", this.spoken(facts));
    known.face.classList.toggle("fixed", !this.writable);
    known.title.textContent = facts.title;
    known.handle.hidden = known.menu.hidden = !this.writable;
    known.menu.setAttribute("aria-label", `Actions for ${facts.title}`);
    known.marks.replaceChildren(...this.marks(facts));
    return known;
  }

  newCard(id) {
    const item = make("li", "card");
    const face = make("div", "face");
    const title = make("span", "title");
    const handle = make("span", "handle");
    const menu = button("menu", "Actions", "menu");
    const marks = make("div", "marks");
    item.dataset.card = id;
    face.tabIndex = menu.tabIndex = -1;
    face.setAttribute("role", "group");
    face.setAttribute("aria-roledescription", "card");
    face.setAttribute("aria-describedby", "board-keys");
    menu.setAttribute("aria-haspopup", "menu");
    handle.append(icon("handle"));
    menu.addEventListener("click", () => this.openMenu(item));
    face.append(handle, title, menu, marks);
    item.append(face);
    const card = { item, face, title, handle, menu, marks };
    this.cards.set(id, card);
    return card;
  }

  marks(facts) {
    const mark = (state, picture, text, title) => {
      const element = make("span", `mark ${state}`);
      if (picture) element.append(icon(picture));
      element.append(make("span", "", text));
      if (title) element.title = title;
      return element;
    };
    const marks = [mark(`priority-${facts.priority.state}`, "flag", facts.priority.text)];
    if (facts.due) marks.push(mark(`due-${facts.due.state}`, "clock", facts.due.text, facts.due.title));
    if (facts.category) marks.push(mark(`category-${facts.category.state}`, "star", facts.category.text));
    if (facts.described) marks.push(mark("described", "text", "", "Has a description"));
    if (facts.assignee) marks.push(mark("person", null, facts.initials, `Assigned to ${facts.assignee}`));
    return marks;
  }

  spoken(facts) {
    const parts = [facts.title, `priority ${facts.priority.text}`, facts.due?.text, facts.category?.text];
    return [...parts, facts.assignee && `assigned to ${facts.assignee}`].filter(Boolean).join(", ");
  }

  // ---- places ----------------------------------------------------------------------------------------------

  place(item) {
    const list = item.parentElement;
    return { column: list.parentElement.dataset.column, index: [...list.children].indexOf(item) };
  }

  put(item, { column, index }) {
    const { list } = this.columns.get(column);
    const others = [...list.children].filter((other) => other !== item);
    list.insertBefore(item, others[index] ?? null);
    for (const id of this.columns.keys()) this.drawCount(id);
  }

  commit(item, from) {
    const to = this.place(item);
    for (const id of this.columns.keys()) this.drawCount(id);
    if (to.column === from.column && to.index === from.index) return this.draw();
    item.classList.add("pending");
    const after = item.previousElementSibling?.dataset.card ?? null;
    const before = item.nextElementSibling?.dataset.card ?? null;
    const { id, version } = this.cards.get(item.dataset.card).facts;
    this.send({ kind: "move", id, column: to.column, after, before, version });
    this.say(`Moved to ${this.where(to)}`);
  }

  where({ column, index }) {
    const { facts, list } = this.columns.get(column);
    return `${facts.name}, position ${index + 1} of ${list.children.length}`;
  }

  open(item) {
    this.send({ kind: "open", id: item.dataset.card });
  }

  // ---- mouse, pen and touch ----------------------------------------------------------------------------------

  press(event) {
    const item = event.target.closest(".card");
    if (!item || event.button !== 0 || this.drag || event.target.closest("button")) return;
    this.drop();
    const held = event.pointerType === "mouse" || event.target.closest(".handle"); // a finger elsewhere scrolls
    const box = item.getBoundingClientRect();
    const drag = {
      item, pointer: event.pointerId, from: this.place(item), on: false, movable: held && this.writable,
      startX: event.clientX, startY: event.clientY, x: event.clientX, y: event.clientY,
      offsetX: event.clientX - box.left, offsetY: event.clientY - box.top, width: box.width,
    };
    this.drag = drag;
    const listen = new AbortController();
    const end = (finished) => {
      listen.abort();
      this.release(drag, finished);
    };
    const mine = (act) => (move) => move.pointerId === drag.pointer && act(move);
    const on = (name, act, more) => window.addEventListener(name, act, { signal: listen.signal, ...more });
    on("pointermove", mine((move) => this.follow(drag, move)), { passive: false });
    on("pointerup", mine(() => end(true)));
    on("pointercancel", mine(() => end(false)));
    on("keydown", (key) => key.key === "Escape" && drag.on && end(false), { capture: true });
  }

  follow(drag, event) {
    [drag.x, drag.y] = [event.clientX, event.clientY];
    const far = Math.hypot(drag.x - drag.startX, drag.y - drag.startY) >= DRAG_FROM;
    if (far) drag.far = true;
    if (!drag.movable || (!drag.on && !far)) return;
    if (!drag.on) this.lift(drag);
    event.preventDefault();
    this.hover(drag);
  }

  lift(drag) {
    drag.on = true;
    drag.ghost = drag.item.cloneNode(true);
    drag.ghost.className = "card ghost";
    drag.ghost.style.width = `${drag.width}px`;
    drag.ghost.setAttribute("aria-hidden", "true");
    drag.ghost.removeAttribute("data-card");
    drag.item.classList.add("placeholder");
    this.element.classList.add("dragging");
    this.root.querySelector(".ghosts").append(drag.ghost);
    const scroll = () => {
      this.scrollAlong(drag);
      drag.frame = requestAnimationFrame(scroll);
    };
    scroll();
  }

  hover(drag) {
    drag.ghost.style.transform = `translate(${drag.x - drag.offsetX}px, ${drag.y - drag.offsetY}px) rotate(1.2deg)`;
    const hit = this.root.elementFromPoint(drag.x, drag.y);
    drag.over = this.columnAt(drag.x, drag.y);
    for (const column of this.columns.values()) column.section.classList.toggle("over", column === drag.over);
    if (!drag.over) return;
    const over = hit?.closest(".card");
    if (over === drag.item) return;
    drag.over.list.insertBefore(drag.item, this.nextAt(drag, over));
    for (const id of this.columns.keys()) this.drawCount(id);
  }

  // A column reaches as far down as the board does, so that a short one is easy to hit.
  columnAt(x, y) {
    const board = this.element.getBoundingClientRect();
    if (y < board.top - EDGE || y > Math.max(board.bottom, innerHeight)) return null;
    return [...this.columns.values()].find(({ section }) => {
      const box = section.getBoundingClientRect();
      return x >= box.left && x <= box.right;
    });
  }

  nextAt({ y, item, over }, card) {
    if (card) {
      const box = card.getBoundingClientRect();
      const next = y < box.top + box.height / 2 ? card : card.nextElementSibling;
      return next === item ? item.nextElementSibling : next;
    }
    const others = [...over.list.children].filter((other) => other !== item);
    return others.find((other) => y < other.getBoundingClientRect().top + other.offsetHeight / 2) ?? null;
  }

  scrollAlong(drag) {
    const { element } = this;
    const list = drag.over?.list;
    const before = element.scrollLeft + (list?.scrollTop ?? 0);
    const board = element.getBoundingClientRect();
    if (drag.x < Math.max(board.left, 0) + EDGE) element.scrollLeft -= 10;
    else if (drag.x > Math.min(board.right, innerWidth) - EDGE) element.scrollLeft += 10;
    const box = list?.getBoundingClientRect();
    if (box && drag.y < box.top + EDGE) list.scrollTop -= 10;
    else if (box && drag.y > Math.min(box.bottom, innerHeight) - EDGE) list.scrollTop += 10;
    if (before !== element.scrollLeft + (list?.scrollTop ?? 0)) this.hover(drag); // another place is under the pointer
  }

  release(drag, finished) {
    this.drag = null;
    cancelAnimationFrame(drag.frame);
    drag.ghost?.remove();
    drag.item.classList.remove("placeholder");
    this.element.classList.remove("dragging");
    for (const { section } of this.columns.values()) section.classList.remove("over");
    if (!drag.on) {
      if (finished && !drag.far) this.open(drag.item);
      return;
    }
    if (finished && drag.over) return this.commit(drag.item, drag.from);
    this.put(drag.item, drag.from);
    this.draw();
  }

  // ---- keyboard --------------------------------------------------------------------------------------------------

  focused(event) {
    const face = event.target.closest(".face");
    if (face) this.keepOneTabStop(face.parentElement);
  }

  // One card is in the tab order; arrow keys go to the others.
  keepOneTabStop(wanted) {
    const first = [...this.columns.values()].map(({ list }) => list.firstElementChild).find(Boolean);
    const stop = wanted ?? (this.stop?.isConnected ? this.stop : first);
    if (this.stop !== stop && this.stop) this.tabStop(this.stop, -1);
    this.stop = stop;
    if (stop) this.tabStop(stop, 0);
  }

  tabStop(item, index) {
    const card = this.cards.get(item.dataset.card);
    if (card) card.face.tabIndex = card.menu.tabIndex = index;
  }

  key(event) {
    const face = event.target.closest(".face");
    if (!face || event.target !== face || event.ctrlKey || event.metaKey || event.altKey) return;
    const item = face.parentElement;
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (step) this.picked ? this.carry(item, step) : this.walk(item, step);
    else if (event.key === " " || event.key === "Enter") this.picked ? this.drop() : this.pick(item);
    else if (event.key === "Escape" && this.picked) this.cancel();
    else if (event.key === "m" || event.key === "M") this.openMenu(item);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  walk(item, [across, down]) {
    const { column, index } = this.place(item);
    const lists = [...this.columns.values()].map(({ list }) => list).filter((list) => list.children.length);
    const here = lists.indexOf(this.columns.get(column).list);
    const { children } = lists[Math.min(lists.length - 1, Math.max(0, here + across))];
    const next = children[Math.min(children.length - 1, Math.max(0, index + down))];
    next.firstElementChild.focus();
  }

  pick(item) {
    if (!this.writable) return this.open(item);
    this.picked = { item, from: this.place(item) };
    item.classList.add("picked");
    const title = this.cards.get(item.dataset.card).facts.title;
    this.say(`${title} picked up. Arrow keys move it, Space drops it, Escape takes it back.`);
  }

  carry(item, [across, down]) {
    const { column, index } = this.place(item);
    const order = [...this.columns.keys()];
    const target = order[Math.min(order.length - 1, Math.max(0, order.indexOf(column) + across))];
    const room = this.columns.get(target).list.children.length;
    const last = target === column ? room - 1 : room;
    this.put(item, { column: target, index: Math.min(last, Math.max(0, index + down)) });
    item.firstElementChild.focus();
    item.scrollIntoView({ block: "nearest", inline: "nearest" });
    this.say(this.where(this.place(item)));
  }

  drop() {
    if (!this.picked) return;
    const { item, from } = this.picked;
    this.picked = null;
    item.classList.remove("picked");
    this.commit(item, from);
  }

  cancel() {
    const { item, from } = this.picked;
    this.picked = null;
    item.classList.remove("picked");
    this.put(item, from);
    item.firstElementChild.focus();
    this.say("Move cancelled");
    this.draw();
  }

  // ---- the menu of a card: every move without dragging -----------------------------------------------------------

  openMenu(item) {
    if (!this.writable) return this.open(item);
    this.drop();
    const { face, menu } = this.cards.get(item.dataset.card);
    const box = menu.getBoundingClientRect();
    const panel = make("div", "panel");
    panel.setAttribute("role", "menu");
    let open = true; // removing the panel takes the focus out of it, which closes it, too
    const close = (focus) => {
      if (open) {
        open = false;
        panel.remove();
      }
      if (focus) face.focus();
    };
    for (const [label, act] of this.actions(item)) {
      const choice = button("", label);
      choice.setAttribute("role", "menuitem");
      choice.addEventListener("click", () => {
        close(true);
        act();
      });
      panel.append(choice);
    }
    panel.addEventListener("keydown", (event) => this.menuKey(event, panel, close));
    panel.addEventListener("focusout", (event) => panel.contains(event.relatedTarget) || close(false));
    this.root.querySelector(".ghosts").append(panel);
    const { offsetWidth: width, offsetHeight: height } = panel;
    panel.style.left = `${Math.max(8, Math.min(box.right, innerWidth - 8) - width)}px`;
    panel.style.top = `${box.bottom + height + 8 > innerHeight ? Math.max(8, box.top - height) : box.bottom + 4}px`;
    panel.firstElementChild.focus();
  }

  actions(item) {
    const from = this.place(item);
    const move = (to) => () => {
      this.put(item, to);
      this.commit(item, from);
      item.firstElementChild.focus();
    };
    const others = [...this.columns].filter(([id]) => id !== from.column);
    const last = this.columns.get(from.column).list.children.length - 1;
    return [
      ["Open", () => this.open(item)],
      ...(from.index > 0 ? [["Move to the top", move({ ...from, index: 0 })]] : []),
      ...(from.index < last ? [["Move to the end", move({ ...from, index: last })]] : []),
      ...others.map(([id, { facts }]) => [`Move to ${facts.name}`, move({ column: id, index: 0 })]),
      ["Archive", () => this.archive(item)],
    ];
  }

  archive(item) {
    item.classList.add("pending");
    this.send({ kind: "archive", id: item.dataset.card });
    this.say("Archiving");
  }

  menuKey(event, panel, close) {
    const choices = [...panel.children];
    const at = choices.indexOf(this.root.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) choices[(at + step + choices.length) % choices.length].focus();
    else if (event.key === "Escape" || event.key === "Tab") close(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // ---- words ------------------------------------------------------------------------------------------------------

  say(text) {
    this.live.textContent = text;
  }

  tell(text) {
    this.notice.hidden = !text;
    this.notice.querySelector("p").textContent = text;
  }
}

export default function (component) {
  const root = component.parentElement;
  if (!BOARDS.has(root)) BOARDS.set(root, new Board(root));
  BOARDS.get(root).update(component);
}
