"""Trello-shaped exports, built as Trello builds them: ids that hold their time, newest actions first."""

import json
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

START = datetime(2025, 3, 3, 8, 0, tzinfo=UTC)
LISTS = ["Backlog", "To Do", "Doing", "Review", "Done"]


def object_id(at: datetime, number: int) -> str:
    return f"{int(at.timestamp()):08x}{number:016x}"


def iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


class TrelloFile:
    """A board that people work on, told to its export step by step."""

    def __init__(self, name: str = "Website") -> None:
        self.count, self.at = 0, START
        self.board: dict[str, Any] = {
            "id": self.id(), "name": name, "desc": "", "closed": False, "url": "https://trello.example/b/x",
            "lists": [], "cards": [], "labels": [], "members": [], "checklists": [], "customFields": [],
            "actions": [], "prefs": {"background": "blue"}, "limits": {},
        }  # fmt: skip
        self.lists = [self.add_list(title) for title in LISTS]

    def id(self) -> str:
        self.count += 1
        return object_id(self.at, self.count)

    def later(self, **span: float) -> None:
        self.at += timedelta(**(span or {"hours": 1}))

    def add_list(self, name: str, **fields: Any) -> dict[str, Any]:
        one = {"id": self.id(), "name": name, "closed": False, "pos": 1024.5 * self.count, "softLimit": None, **fields}
        self.board["lists"].append(one)
        return one

    def add_member(self, name: str, username: str) -> dict[str, Any]:
        one = {"id": self.id(), "fullName": name, "username": username}
        self.board["members"].append(one)
        return one

    def add_label(self, name: str, color: str | None) -> dict[str, Any]:
        one = {"id": self.id(), "idBoard": self.board["id"], "name": name, "color": color}
        self.board["labels"].append(one)
        return one

    def act(self, kind: str, card: dict[str, Any], who: dict[str, Any] | None = None, **data: Any) -> None:
        shown = {"id": card["id"], "name": card["name"], "idShort": card["idShort"]}
        shown |= data.pop("new", {})
        action = {"id": self.id(), "type": kind, "date": iso(self.at), "data": {"card": shown, **data}}
        if who:
            action |= {"idMemberCreator": who["id"], "memberCreator": who}
        self.board["actions"].insert(0, action)

    def add_card(self, title: str, where: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
        where = where or self.lists[0]
        number = len(self.board["cards"]) + 1
        one = {
            "id": self.id(), "name": title, "desc": "", "closed": False, "idList": where["id"], "idShort": number,
            "pos": 16384.0 * number, "due": None, "start": None, "dueComplete": False, "dateLastActivity": iso(self.at),
            "idLabels": [], "idMembers": [], "attachments": [], "customFieldItems": [], "badges": {"votes": 0},
            "cover": {"color": None, "size": "normal"}, "idChecklists": [], **fields,
        }  # fmt: skip
        self.board["cards"].append(one)
        self.act("createCard", one, list=short(where))
        return one

    def move(self, card: dict[str, Any], to: dict[str, Any], who: dict[str, Any] | None = None) -> None:
        origin = next(one for one in self.board["lists"] if one["id"] == card["idList"])
        self.act("updateCard", card, who, listBefore=short(origin), listAfter=short(to), old={"idList": origin["id"]})
        card["idList"], card["dateLastActivity"] = to["id"], iso(self.at)

    def change(self, card: dict[str, Any], **fields: Any) -> None:
        old = {name: card[name] for name in fields}
        card.update(fields)
        self.act("updateCard", card, new=dict(fields), old=old)

    def comment(self, card: dict[str, Any], text: str, who: dict[str, Any] | None = None) -> None:
        self.act("commentCard", card, who, text=text)

    def check(self, card: dict[str, Any], name: str, *items: tuple[str, bool]) -> None:
        one = {"id": self.id(), "idCard": card["id"], "name": name, "pos": 16384.0 * self.count}
        states = [
            {"id": self.id(), "name": text, "state": "complete" if done else "incomplete", "pos": place * 17.0}
            for place, (text, done) in enumerate(items, 1)
        ]
        self.board["checklists"].append({**one, "checkItems": states})

    def content(self) -> bytes:
        return json.dumps(self.board, ensure_ascii=False).encode()


def short(one: dict[str, Any]) -> dict[str, str]:
    return {"id": one["id"], "name": one["name"]}


def busy_board(*, cards: int = 60, actions: int = 500, seed: int = 7) -> TrelloFile:
    """Closed lists, closed cards, checklists, labels, fields, members, attachments, and `actions` that took place."""
    random, file = Random(seed), TrelloFile("Relaunch")
    people = [file.add_member("Ann", "ann"), file.add_member("Zoe Nobody", "zoe99")]
    labels = [file.add_label("Bug", "red"), file.add_label("", "sky"), file.add_label("Bug", "green_dark")]
    closed = file.add_list("Parking lot", closed=True)
    size = {"id": file.id(), "name": "Story points", "type": "number"}
    file.board["customFields"] = [size, {"id": file.id(), "name": "Client", "type": "text"}]
    made = [file.add_card(f"Card {number}", closed if number % 20 == 0 else None) for number in range(1, cards + 1)]
    for number, card in enumerate(made):
        card["idLabels"] = [random.choice(labels)["id"]]
        card["idMembers"] = [random.choice(people)["id"]]
        fields = zip(file.board["customFields"], ({"number": str(number % 8)}, {"text": "Acme"}), strict=True)
        card["customFieldItems"] = [{"idCustomField": one["id"], "value": value} for one, value in fields]
        card["attachments"] = [{"id": file.id(), "name": "plan.pdf", "url": "https://example.com/p", "isUpload": True}]
        file.check(card, "Steps", ("First", True), ("Second", False))
    while len(file.board["actions"]) < actions:
        file.later(minutes=random.randint(1, 120))
        _work(file, random, random.choice(made), people)
    for card in made[:3]:
        file.change(card, closed=True)
    return file


def _work(file: TrelloFile, random: Random, card: dict[str, Any], people: list[dict[str, Any]]) -> None:
    place = next((number for number, one in enumerate(file.lists) if one["id"] == card["idList"]), None)
    if random.random() < 0.2:
        file.comment(card, f"Said at {iso(file.at)}", random.choice(people))
    elif place is not None:
        to = file.lists[(place + 1) % len(file.lists)]
        file.move(card, to, random.choice(people))
    else:
        file.change(card, name=card["name"] + "!")
