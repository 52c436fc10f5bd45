// One card in the page.

function newCard(board, id) {
  const item = make("li", "card");
  const face = make("div", "face");
  const [handle, title] = [make("span", "handle"), make("span", "title")];
  const menu = button("menu", "Actions", "menu");
  const [marks, tick] = [make("div", "marks"), make("span", "tick")];
  item.dataset.card = id;
  face.tabIndex = menu.tabIndex = -1;
  face.setAttribute("role", "group");
  face.setAttribute("aria-roledescription", "card");
  face.setAttribute("aria-describedby", "board-keys");
  menu.setAttribute("aria-haspopup", "menu");
  handle.append(icon("handle"));
  tick.append(icon("done"));
  menu.addEventListener("click", () => board.menus.ofCard(id));
  face.append(handle, title, menu, marks, tick);
  item.append(face);
  return { id, item, face, title, handle, menu, marks, facts: null, drawn: "" };
}

function drawMark(mark) {
  const element = make("span", `mark ${mark.kind}`);
  if (mark.picture) element.append(icon(mark.picture));
  if (mark.text) element.append(make("span", "", mark.text));
  if (mark.title) element.title = mark.title;
  return element;
}

function drawPeople(people) {
  const group = make("span", "people");
  for (const { name } of people.slice(0, 4)) {
    const person = make("span", "person", initials(name));
    person.title = `Assigned to ${name}`;
    group.append(person);
  }
  const more = people.slice(4).map(({ name }) => name);
  if (more.length) {
    const rest = make("span", "person", `+${more.length}`);
    rest.title = `Assigned to ${more.join(", ")}`;
    group.append(rest);
  }
  return group;
}

// What changes often (pending, chosen, picked up) are classes; the rest is drawn anew only when it is another.
function fillCard(known, card, words, states) {
  known.item.className = ["card", ...Object.keys(states).filter((name) => states[name])].join(" ");
  const drawn = `${words.stamp}|${states.chosen}`;
  if (known.facts === card && known.drawn === drawn) return false;
  known.facts = card;
  known.drawn = drawn;
  const marks = marksOf(card, words);
  known.item.dataset.priority = card.priority;
  known.face.setAttribute("aria-label", spoken(card, marks, states.chosen ? ["selected"] : []));
  known.face.classList.toggle("fixed", !words.writable);
  known.title.textContent = card.title;
  known.handle.hidden = known.menu.hidden = !words.writable;
  known.menu.setAttribute("aria-label", `Actions for ${card.title}`);
  const drawnMarks = marks.map(drawMark);
  if (card.number) drawnMarks.unshift(make("span", "number", `#${card.number}`));
  if (card.assignees.length) drawnMarks.push(drawPeople(card.assignees));
  known.marks.replaceChildren(...drawnMarks);
  return true;
}
