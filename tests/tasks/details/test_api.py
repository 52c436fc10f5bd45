"""What hangs on a card, over HTTP: whom it is for, and what of it comes back."""

from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from app.accounts import service as accounts
from app.accounts.schemas import KeyCreate, Scope
from app.api import api
from app.core import storage
from app.core.actor import Actor, Role
from app.core.db import transaction
from app.core.settings import settings
from app.sharing.schemas import Level, ShareCreate
from app.tasks import service as tasks
from app.tasks.schemas import BoardCreate, CardCreate
from tests.tasks.conftest import make_person

NEW: dict[str, dict[str, Any]] = {
    "checklist": {"text": "Box"},
    "comments": {"text": "Look"},
    "notes": {"text": "Began"},
}


class World:
    """A card on a board of Ann's that only Vera may look at; Mallory is of another team."""

    def __init__(self) -> None:
        with transaction() as db:
            self.ann, vera = make_person(db, "Ann", Role.member), make_person(db, "Vera", Role.viewer)
            self.mallory = make_person(db, "Mallory", Role.author)
            share = ShareCreate.model_validate({"person_id": vera.id, "level": Level.view})
            board = tasks.create_board(db, self.ann, BoardCreate(name="Team", share_with=[share]))
            self.card, self.other = (
                tasks.create_card(db, self.ann, board.id, CardCreate(title=title)) for title in ("Crane", "Slab")
            )
            self.keys = {who.name: self._key(db, who) for who in (self.ann, vera, self.mallory)}

    def _key(self, db: Any, who: Actor) -> str:
        return accounts.create_key(db, who, KeyCreate(name="test", scopes=[Scope.read, Scope.write])).key

    def client(self, name: str) -> TestClient:
        address = f"http://testserver/cards/{self.card.id}"
        return TestClient(api, base_url=address, headers={"Authorization": f"Bearer {self.keys[name]}"})


@pytest.fixture
def world(database: str) -> World:
    return World()


def test_each_part_is_made_listed_changed_and_deleted(world: World) -> None:
    ann = world.client("Ann")
    for part, new in NEW.items():
        made = ann.post(f"/{part}", json=new)
        assert made.status_code == 201, made.text
        address = f"/{part}/{made.json()['id']}"
        assert ann.patch(address, json={"text": "Other"}).json()["text"] == "Other"
        assert [one["text"] for one in ann.get(f"/{part}").json()["items"]] == ["Other"]
        assert ann.delete(address).status_code == 204
        assert ann.get(f"/{part}").json() == {"items": [], "next_cursor": None}
        assert ann.delete(address).status_code == 404
    assert ann.post("/blockers", json={"card": str(world.other.id)}).json()["title"] == "Slab"
    assert [one["number"] for one in ann.get("/blockers").json()["items"]] == [2]
    assert ann.delete(f"/blockers/{world.other.id}").status_code == 204
    assert ann.get("/waiting").json()["items"] == []


def test_viewers_read_and_change_nothing_and_others_find_nothing(world: World) -> None:
    ids = {part: world.client("Ann").post(f"/{part}", json=new).json()["id"] for part, new in NEW.items()}
    vera, mallory = world.client("Vera"), world.client("Mallory")
    for part, id_ in ids.items():
        calls = [("post", f"/{part}", NEW[part]), ("patch", f"/{part}/{id_}", {"text": "x"})]
        assert len(vera.get(f"/{part}").json()["items"]) == 1
        assert [vera.request(way, path, json=body).status_code for way, path, body in calls] == [403, 403]
        assert [mallory.request(way, path, json=body).status_code for way, path, body in calls] == [404, 404]
        assert (vera.delete(f"/{part}/{id_}").status_code, mallory.delete(f"/{part}/{id_}").status_code) == (403, 404)
        assert mallory.get(f"/{part}").status_code == 404


def test_files_are_given_back_to_be_saved_and_never_shown(world: World) -> None:
    ann = world.client("Ann")
    name = 'x"; filename=run.html\r\nX-Evil: 1 ‮🙂/../<b>.html'
    content = b"<script>alert(1)</script>"
    sent = ann.post("/files", files=[("file", (name, content, "text/html")), ("file", ("two.svg", b"<svg>"))])
    assert sent.status_code == 201, sent.text
    first = sent.json()["files"][0]
    answer = world.client("Vera").get(f"/files/{first['id']}")
    assert answer.content == content
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    assert "\n" not in answer.headers["content-disposition"]
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert "x-evil" not in answer.headers
    assert (first["media_type"], len(ann.get("/files").json()["items"])) == ("text/plain; charset=utf-8", 2)


def test_files_of_strangers_and_too_large_ones_leave_nothing_behind(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_UPLOAD_MB", "1")
    settings.cache_clear()
    before = {key for key, _ in storage.listed("card_files")}
    small, large = {"file": ("a.bin", b"a")}, {"file": ("a.bin", b"a" * (1 << 20) + b"a")}
    assert world.client("Mallory").post("/files", files=small).status_code == 404
    assert world.client("Vera").post("/files", files=small).status_code == 403
    assert world.client("Ann").post("/files", files=large).status_code == 413
    assert world.client("Ann").post("/files", json={}).status_code == 422
    settings.cache_clear()
    assert {key for key, _ in storage.listed("card_files")} == before


def test_fields_that_do_not_exist_and_bodies_that_say_nothing_are_refused(world: World) -> None:
    ann = world.client("Ann")
    for part, body in {
        "checklist": {"text": "x", "card_id": str(uuid4())},
        "comments": {"text": "x", "author": "Bob"},
        "notes": {"day": "2026-03-02"},
        "blockers": {"card": "1"},
    }.items():
        assert ann.post(f"/{part}", json=body).status_code == 422, part
