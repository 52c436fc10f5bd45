// Elements without innerHTML: what people wrote reaches the page through textContent only.

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
  blocked: "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20M4 12a8 8 0 0 1 12.9-6.3L5.7 16.9A8 8 0 0 1 4 12m8 8a8 8 0 0 1-4.9-1.7L18.3 7.1A8 8 0 0 1 12 20",
  list: "M22 7h-9v2h9zm0 8h-9v2h9zM5.5 11 2 7.5l1.4-1.4 2.1 2.1 4.3-4.2 1.4 1.4zm0 8L2 15.5l1.4-1.4 2.1 2.1 4.3-4.2 1.4 1.4z",
  comment: "M20 2H4a2 2 0 0 0-2 2v18l4-4h14a2 2 0 0 0 2-2V4a2 2 0 0 0-2-2m0 14H5.2L4 17.2V4h16z",
  note: "M19 3H5a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h9l7-7V5a2 2 0 0 0-2-2M5 19V5h14v8h-6v6z",
  file: "M16.5 6v11.5a4 4 0 0 1-8 0V5a2.5 2.5 0 0 1 5 0v10.5a1 1 0 0 1-2 0V6H10v9.5a2.5 2.5 0 0 0 5 0V5a4 4 0 0 0-8 0v12.5a5.5 5.5 0 0 0 11 0V6z",
  size: "M4 20V10h4v10zm6 0V4h4v16zm6 0v-7h4v7z",
  hourglass: "m18 22-.01-6L14 12l3.99-4.01L18 2H6v6l4 4-4 3.99V22zM8 7.5V4h8v3.5l-4 4z",
  undo: "M12.5 8c-2.6 0-5 1-6.9 2.6L2 7v9h9l-3.6-3.6A8 8 0 0 1 20.1 16l2.4-.8A10.5 10.5 0 0 0 12.5 8",
  redo: "M18.4 10.6A10.5 10.5 0 0 0 1.5 15.2l2.4.8a8 8 0 0 1 12.7-3.6L13 16h9V7z",
  keys: "M20 5H4a2 2 0 0 0-2 2v10a2 2 0 0 0 2 2h16a2 2 0 0 0 2-2V7a2 2 0 0 0-2-2m-9 3h2v2h-2zm0 3h2v2h-2zM8 8h2v2H8zm0 3h2v2H8zm-1 2H5v-2h2zm0-3H5V8h2zm9 7H8v-2h8zm0-4h-2v-2h2zm0-3h-2V8h2zm3 3h-2v-2h2zm0-3h-2V8h2z",
  open: "M7 10l5 5 5-5z",
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
    element.title = label;
    element.append(icon(picture));
  } else element.textContent = label;
  return element;
}

// Puts these children there in this order, and touches only what is not in its place: a moved element loses the focus.
function arrange(parent, wanted) {
  const keep = new Set(wanted);
  for (const child of [...parent.children]) if (!keep.has(child)) child.remove();
  wanted.forEach((child, index) => {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
}

// One element for each key, made when it is first wanted and forgotten when it is not.
class Parts {
  constructor(made) {
    this.made = made;
    this.all = new Map();
  }

  get(key, ...facts) {
    if (!this.all.has(key)) this.all.set(key, this.made(key, ...facts));
    return this.all.get(key);
  }

  keep(keys) {
    const wanted = new Set(keys);
    for (const key of this.all.keys()) if (!wanted.has(key)) this.all.delete(key);
  }
}

// Remembered by this browser only; without it (private windows may refuse) nothing but comfort is lost.
const memory = {
  read(key) {
    try {
      return JSON.parse(localStorage.getItem(key)) ?? [];
    } catch {
      return [];
    }
  },
  write(key, value) {
    try {
      localStorage.setItem(key, JSON.stringify(value));
    } catch {
      // full or forbidden
    }
  },
};
