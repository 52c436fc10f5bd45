// A month of cards. Runs again with every change of its data: it draws all anew, there is little of it.
const SHOWN = 4; // of a day; the others unfold

function tag(name, text, className) {
  const element = document.createElement(name);
  if (text) element.textContent = text;
  if (className) element.className = className;
  return element;
}

function cardLink(card, open) {
  const link = tag("a", "", `card ${card.state}`);
  link.href = card.link;
  link.title = card.about;
  link.append(tag("span", card.cue, "cue"), " ", tag("span", card.title, "title"));
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return; // a tab of its own
    event.preventDefault();
    open(card.id);
  });
  return link;
}

function dayCell(day, open) {
  const cell = tag("td", "", `day${day.inside ? "" : " outside"}${day.today ? " today" : ""}`);
  if (!day.cards.length) cell.classList.add("empty");
  const head = tag("p", "", "date");
  head.append(tag("span", day.number, "number"), tag("span", day.name, "name"));
  if (day.today) head.append(tag("span", "Today", "now"));
  cell.append(head);
  const list = tag("ul");
  const more = tag("ul");
  day.cards.forEach((card, place) => {
    const item = tag("li");
    item.append(cardLink(card, open));
    (place < SHOWN ? list : more).append(item);
  });
  if (list.childElementCount) cell.append(list);
  if (more.childElementCount) {
    const fold = tag("details");
    fold.append(tag("summary", `${more.childElementCount} more`), more);
    cell.append(fold);
  }
  return cell;
}

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".month");
  if (!root || !data) return;
  const open = (id) => setTriggerValue("open", { card: id, at: Date.now() });
  const table = tag("table");
  table.append(tag("caption", data.caption));
  const names = tag("tr");
  for (const name of data.weekdays) {
    const cell = tag("th", name);
    cell.scope = "col";
    names.append(cell);
  }
  const head = tag("thead");
  head.append(names);
  const body = tag("tbody");
  for (const week of data.weeks) {
    const row = tag("tr");
    for (const day of week) row.append(dayCell(day, open));
    body.append(row);
  }
  table.append(head, body);
  root.replaceChildren(table);
  root.classList.toggle("nothing", !data.cards);
}
