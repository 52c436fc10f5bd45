// What a card says without being opened: always words, the colour only beside them.

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY = 86_400_000; // milliseconds
const PRIORITIES = { low: "Low", medium: "Medium", high: "High", urgent: "Urgent" };
const CATEGORIES = { in_progress: "In progress", accomplishment: "Accomplishment", highlight: "Highlight" };

// `2026-03-04` where the viewer is.
function today() {
  const now = new Date();
  return [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
}

function dayNumber(day) {
  const [year, month, date] = day.split("-").map(Number);
  return Date.UTC(year, month - 1, date) / DAY;
}

// Late, today, soon (within `soon` days; null = never), later; of a completed card only the date.
function dueCue(due, now, completed, soon) {
  if (!due) return null;
  const [year, month, date] = due.split("-").map(Number);
  const days = dayNumber(due) - dayNumber(now);
  const day = `${date} ${MONTHS[month - 1]}${year === Number(now.slice(0, 4)) ? "" : ` ${year}`}`;
  if (completed) return { state: "done", text: day };
  if (days < 0) return { state: "overdue", text: `${-days} day${days < -1 ? "s" : ""} late` };
  if (days === 0) return { state: "today", text: "Due today" };
  if (soon !== null && days <= soon) return { state: "soon", text: days === 1 ? "Due tomorrow" : `Due in ${days} days` };
  return { state: "later", text: `Due ${day}` };
}

// Of an open card: since how many days it stands still, once these are as many as the board says (null = never).
function standstill(movedAt, now, limit) {
  const days = limit && movedAt ? Math.floor((now - Date.parse(movedAt)) / DAY) : 0;
  return limit && days >= limit ? days : 0;
}

function counted(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}

function initials(name) {
  const words = name.trim().split(/\s+/);
  return words.slice(0, 2).map((word) => [...word][0] ?? "").join("").toUpperCase();
}

function blockedText(card) {
  const numbers = card.blocked_by.slice(0, 3).map((number) => `#${number}`);
  const more = card.blocked_by.length - numbers.length;
  return `Blocked by ${numbers.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

// A column or one lane of it: how many cards, of how many, and whether that is too much. `warns`: more are let in.
function limitCue(cards, limit, warns) {
  if (!limit || cards < limit) return { state: "", text: "" };
  if (cards > limit) return { state: "beyond", text: "Over limit" };
  return warns ? { state: "full", text: "At limit" } : { state: "full", text: "Full" };
}

// The marks of a card, in their order: {kind, picture, text, title}. `words` of the board: its labels and options.
function marksOf(card, words) {
  const due = dueCue(card.due_on, words.today, card.completed, words.soon);
  const labels = card.label_ids.map((id) => words.labels.get(id)).filter(Boolean);
  const [done, all] = card.checklist;
  const still = standstill(card.moved_at, words.now, words.stale);
  return [
    card.blocked_by.length && { kind: "blocked", picture: "blocked", text: blockedText(card) },
    { kind: `priority-${card.priority}`, picture: "flag", text: PRIORITIES[card.priority], said: `priority ${PRIORITIES[card.priority]}` },
    due && { kind: `due-${due.state}`, picture: "clock", text: due.text, title: `Due on ${card.due_on}` },
    still > 0 && { kind: "stale", picture: "hourglass", text: `Not moved for ${counted(still, "day")}` },
    card.category !== "in_progress" && { kind: `category-${card.category}`, picture: "star", text: CATEGORIES[card.category] },
    ...labels.map((label) => ({ kind: `label tone-${label.color}`, text: label.name, said: `label ${label.name}` })),
    card.estimate && { kind: "figure", picture: "size", text: String(Number(card.estimate)), title: `Estimate ${Number(card.estimate)}` },
    all > 0 && { kind: done === all ? "figure all-done" : "figure", picture: "list", text: `${done}/${all}`, title: `${done} of ${counted(all, "item")} done` },
    card.comments > 0 && { kind: "figure", picture: "comment", text: String(card.comments), title: counted(card.comments, "comment") },
    card.notes > 0 && { kind: "figure", picture: "note", text: String(card.notes), title: counted(card.notes, "note") },
    card.files > 0 && { kind: "figure", picture: "file", text: String(card.files), title: counted(card.files, "file") },
    card.described && { kind: "described", picture: "text", title: "Has a description" },
  ].filter(Boolean);
}

// What a screen reader says of a card.
function spoken(card, marks, more) {
  const names = card.assignees.map((person) => person.name);
  const said = marks.map((mark) => mark.said ?? mark.title ?? mark.text);
  const people = names.length ? [`assigned to ${names.join(", ")}`] : [];
  return [card.title, card.number && `number ${card.number}`, ...said, ...people, ...more].filter(Boolean).join(", ");
}
