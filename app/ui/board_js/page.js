// What the page of a board does in the browser, whichever view it shows.
//
// Streamlit takes dialogs and buttons off the page and leaves the focus nowhere: then no key works any more. Inside a
// dialog it goes to the section that is open, and once that is closed, to where it was before. And what links to a card
// opens it here; Streamlit would open a tab of its own.

const LOOK = 250; // milliseconds
const TRIES = 8; // a table needs a moment until it is drawn anew
const DIALOG = "[role=dialog]";
const PASSING = `${DIALOG}, [role=menu], [role=listbox]`; // what is gone by then
const FOCUSABLE = "button, a[href], input, select, textarea, [tabindex]";

const TABLE = ".stDataFrame canvas[tabindex]";

const state = { path: [], pressed: false, lost: 0, tries: 0, wasOpen: false, timer: 0, root: null, send: null };

const isLost = () => !document.activeElement || document.activeElement === document.body;
const isAstray = () => isLost() || (state.pressed && !document.activeElement.closest(".stDataFrame"));

// Also remembers that there was one: it may be closed before the next look.
function openDialog() {
  const dialog = [...document.querySelectorAll(DIALOG)].at(-1);
  if (dialog) [state.wasOpen, state.tries] = [true, TRIES];
  return dialog;
}

// The elements around the one with the focus, from the inside out, through shadow roots.
function note(event) {
  const path = event.composedPath().filter((one) => one instanceof Element);
  if (path.some((one) => one.matches(PASSING)) || (state.wasOpen && state.pressed)) return;
  state.path = path;
}

// A table takes no focus from a click: a dialog that it opens gives the focus back to what had it before, a little
// later. Until people do something else, it is the table's.
function notePress(event) {
  if (openDialog()) return; // a press that closes it
  const table = event.target.closest?.(".stElementContainer")?.querySelector(TABLE);
  if (table) state.path = [table, table.closest(".stElementContainer")];
  state.pressed = Boolean(table);
}

// Drawn anew it is another element for the same card or address.
function sameOf(element) {
  if (element.isConnected) return element;
  if (element.matches("canvas")) return document.querySelector(TABLE);
  const root = state.path.find((one) => one.isConnected);
  const inside = root?.shadowRoot ?? root;
  const { card } = element.closest("[data-card]")?.dataset ?? {};
  if (card) return inside?.querySelector(`[data-card="${card}"] .face`);
  if (!element.matches("a[href]")) return null;
  return [...(inside?.querySelectorAll("a[href]") ?? [])].find((one) => one.href === element.href);
}

// The element itself, else what can have the focus in the same part of the page.
function giveBack() {
  for (const element of state.path) {
    const found = sameOf(element);
    if (found?.matches(FOCUSABLE)) found.focus();
    else if (found?.matches(".stElementContainer")) found.querySelector(FOCUSABLE)?.focus();
    if (!isAstray() || element.matches(".stElementContainer")) break;
  }
}

const focusInside = (dialog) =>
  (dialog.querySelector("[role=tab][aria-selected=true]") ?? dialog.querySelector(FOCUSABLE))?.focus();

// A key that is pressed before the next look, with the focus nowhere, was meant for the dialog.
function bring(event) {
  const dialog = openDialog();
  if (!dialog) state.pressed = false;
  if (!dialog || !isLost()) return;
  focusInside(dialog);
  if (isLost() || event.key === "Tab") return;
  event.stopPropagation();
  event.preventDefault();
  document.activeElement.dispatchEvent(new KeyboardEvent("keydown", event));
}

function look() {
  if (!state.root.host?.isConnected) return stop();
  const dialog = openDialog();
  state.lost = isLost() ? state.lost + 1 : 0;
  if (dialog) {
    if (state.lost > 1) focusInside(dialog);
  } else if (state.wasOpen) {
    if (isAstray()) giveBack();
    state.tries -= 1;
    state.wasOpen = (isAstray() || state.pressed) && state.tries > 0;
    state.pressed &&= state.wasOpen;
  }
}

function follow(event) {
  const link = event.target.closest?.("a[href]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || link.closest(DIALOG)) return;
  const { origin, pathname, searchParams } = new URL(link.href);
  const here = new URLSearchParams(location.search).get("board");
  if (origin !== location.origin || pathname !== location.pathname || !searchParams.has("card")) return;
  if (here && searchParams.get("board") !== here) return;
  event.preventDefault();
  state.send("open", { card: searchParams.get("card"), at: Date.now() });
}

function stop() {
  clearInterval(state.timer);
  state.timer = 0;
  document.removeEventListener("focusin", note, true);
  document.removeEventListener("pointerdown", notePress, true);
  document.removeEventListener("click", follow, true);
  document.removeEventListener("keydown", bring, true);
}

export default function ({ parentElement, setTriggerValue }) {
  state.root = parentElement;
  state.send = setTriggerValue;
  if (state.timer) return;
  document.addEventListener("focusin", note, true);
  document.addEventListener("pointerdown", notePress, true);
  document.addEventListener("click", follow, true);
  document.addEventListener("keydown", bring, true);
  state.timer = setInterval(look, LOOK);
}
