"""What hangs on a Trello card: checklists, fields of one's own, links, comments."""

from collections import defaultdict
from collections.abc import Container
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from app.tasks.exchange.draft import COMMENT, ITEM, KEPT, LEFT, NAME, Card, Comment, Draft, Item, cut
from app.tasks.exchange.own_fields import NAME as OWN
from app.tasks.exchange.own_fields import OwnComment, OwnItem, checked
from app.tasks.exchange.trello import (
    Action,
    Checklist,
    CustomField,
    FieldItem,
    TBoard,
    TCard,
    day,
    moment,
    part,
    place_of,
)

ESTIMATES = {"estimate", "story points", "points", "size", "effort", "estimated hours"}
PRIORITIES = {
    "lowest": "low", "low": "low", "medium": "medium", "normal": "medium", "high": "high", "highest": "urgent",
    "urgent": "urgent", "critical": "urgent",
}  # fmt: skip
NOBODY = "?"  # no key of a person, and not none: without one a comment would be the importer's
MOST = Decimal("999999.99")


@dataclass
class Parts:
    draft: Draft
    zone: ZoneInfo
    checklists: dict[str, list[Checklist]]
    fields: dict[str, CustomField]
    names: dict[str, str] = field(default_factory=dict)
    labels: frozenset[str] = frozenset()
    is_own: bool = False  # a file of ours, in which nothing has a name that Trello gave

    @classmethod
    def of(cls, draft: Draft, board: TBoard, zone: ZoneInfo) -> "Parts":
        lists: dict[str, list[Checklist]] = defaultdict(list)
        known = {card.id for card in board.cards}
        for one in board.checklists or []:
            if one.id_card in known:
                lists[str(one.id_card)].append(one)
            else:
                draft.note(LEFT, "Checklists of cards that are not in the file", one.name or "")
        names = {person.key: person.name for person in draft.people}
        fields = {one.id: one for one in board.custom_fields or []}
        labels = frozenset(label.key for label in draft.labels)
        return cls(draft, zone, lists, fields, names, labels, is_own=board.autoreport is not None)

    def fill(self, card: Card, one: TCard) -> None:
        self._checklists(card, one)
        for item in one.custom_field_items or []:
            self._field(card, item)
        for file in one.attachments or []:
            self._attachment(card, file.name or "", file.url or "", is_upload=bool(file.is_upload))

    def _checklists(self, card: Card, one: TCard) -> None:
        found = {checklist.id: checklist for checklist in one.checklists or []}
        found.update({checklist.id: checklist for checklist in self.checklists.get(card.key, [])})
        for checklist in sorted(found.values(), key=lambda one: (place_of(one.pos), one.id)):
            name = (checklist.name or "").strip()
            heading = "" if name == "Checklist" and not self.is_own else cut(name, NAME)
            items = checklist.check_items or []
            if not items:
                card.extras.append(f"Empty checklist: {name or 'without a name'}")
                self.draft.note(KEPT, "Checklists without items", f"{card.title}: {name}")
            for item in sorted(items, key=lambda item: place_of(item.pos)):
                text = self._item(card, item.name or "", item.due, item.id_member)
                own = checked(OwnItem, item.autoreport) or OwnItem()
                card.checklist.append(Item(text, item.state == "complete", heading, own.done_at, own.done_by))

    def _item(self, card: Card, name: str, due: str | None, member: str | None) -> str:
        text = " ".join(name.split()) or "Without a text"
        about = [f"due {day(due, self.zone) or due}"] if due else []
        about += [self.names.get(member, member)] if member else []
        if about:
            self.draft.note(
                KEPT, "Due dates and people of checklist items, as text of the item", f"{card.title}: {text}"
            )
            text = f"{text} ({', '.join(about)})"
        if len(text) > ITEM:
            card.extras.append(f"Checklist item: {text}")
            self.draft.note(
                KEPT, f"Checklist items longer than {ITEM} characters: the whole of it is in the description"
            )
        return cut(text, ITEM)

    def _field(self, card: Card, item: FieldItem) -> None:
        definition = self.fields.get(item.id_custom_field)
        name = (definition.name if definition else "") or "A field"
        value = self._value(definition, item)
        if not value:
            return
        known = name.strip().casefold()
        if known in ESTIMATES and (estimate := _number(value)) is not None:
            card.estimate = estimate
            self.draft.note(KEPT, f"Field “{name[:60]}” as the estimate, and as text", f"{card.title}: {value}")
        elif known == "priority" and value.strip().casefold() in PRIORITIES:
            card.priority = PRIORITIES[value.strip().casefold()]
            self.draft.note(KEPT, f"Field “{name[:60]}” as the priority, and as text", f"{card.title}: {value}")
        else:
            self.draft.note(KEPT, f"Field “{name[:60]}” as text in the description", f"{card.title}: {value}")
        card.extras.append(f"{name}: {value}")

    def _value(self, definition: CustomField | None, item: FieldItem) -> str:
        if item.id_value:
            options = {option.id: option for option in (definition.options if definition else None) or []}
            option = options.get(item.id_value)
            return part(option.value or {}, "text") if option else item.id_value
        value = item.value or {}
        if at := part(value, "date"):
            return str(moment(at) or at).removesuffix("+00:00")
        if "checked" in value:
            return "yes" if part(value, "checked") == "true" or value["checked"] is True else ""
        found = next((one for one in value.values() if isinstance(one, str | int | float)), "")
        return str(found)

    def _attachment(self, card: Card, name: str, url: str, *, is_upload: bool) -> None:
        if not url and not name:
            return
        kind = "File" if is_upload else "Link"
        card.extras.append(f"{kind}: {_link(name, url)}")
        what = "files: their links are in the description, they themselves are not fetched" if is_upload else "links"
        self.draft.note(KEPT, f"Attached {what}", f"{card.title}: {name or url}")


def _link(name: str, url: str) -> str:
    """Markdown, unless something in it would break out of it."""
    shown = name.replace("\\", "").replace("[", "(").replace("]", ")").strip()
    if url.startswith(("https://", "http://")) and not set(url) & set(" ()<>\n\r\t"):
        return f"[{shown}]({url})" if shown and shown != url else url
    return f"{shown} {url}".strip()


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number.quantize(Decimal("0.01")) if number.is_finite() and 0 <= number <= MOST else None


def comments_of(actions: list[Action], people: Container[str]) -> list[Comment]:
    """Oldest first. One that is longer than a comment may be goes on in the next one; a copied one is its author's."""
    found = []
    for action in actions:
        text, at = part(action.data, "text"), moment(action.date)
        if at and text.strip():
            pieces = [text[start : start + COMMENT] for start in range(0, len(text), COMMENT)]
            first = part(action.data, "idOriginalCommenter")
            author = first if first in people else action.id_member_creator or NOBODY
            given = action.data.get(OWN)
            own = checked(OwnComment, given if isinstance(given, dict) else None)
            found += [Comment(at, author, piece, own.edited_at if own else None) for piece in pieces]
    return sorted(found, key=lambda one: one.at)
