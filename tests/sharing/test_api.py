"""Teams and shares over HTTP."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from app.accounts import service as accounts
from app.accounts.schemas import KeyCreate, Scope
from app.api import api
from app.core.actor import Actor, Role
from app.core.db import transaction
from tests.access_objects import new_person

Caller = Callable[[Actor], TestClient]


@pytest.fixture
def caller(database: str) -> Caller:
    def client(person: Actor) -> TestClient:
        scopes = [Scope.write, *([Scope.admin] if person.role is Role.admin else [])]
        with transaction() as db:
            key = accounts.create_key(db, person, KeyCreate(name="test", scopes=scopes)).key
        return TestClient(api, headers={"Authorization": f"Bearer {key}"}, raise_server_exceptions=False)

    return client


def test_a_board_goes_from_one_to_a_team_and_back(caller: Caller) -> None:
    admin, ann, bob = (new_person(role) for role in (Role.admin, Role.author, Role.member))
    as_admin, as_ann, as_bob = caller(admin), caller(ann), caller(bob)
    board = as_ann.post("/boards", json={"name": "Relaunch", "share_with": []}).json()["id"]
    assert as_bob.get(f"/boards/{board}").status_code == 404
    team = as_admin.post("/teams", json={"name": "Shop"}).json()["id"]
    as_admin.post(f"/teams/{team}/members", json={"person_id": str(bob.id)})
    share = as_ann.post(f"/shares/board/{board}", json={"team_id": team, "level": "view"})
    assert (share.status_code, share.json()["name"]) == (201, "Shop")
    assert as_bob.get(f"/boards/{board}").json()["level"] == "view"
    assert as_bob.post(f"/boards/{board}/cards", json={"title": "Mine"}).json()["error"] == "ViewOnly"
    assert (
        as_ann.post(f"/shares/board/{board}", json={"team_id": team, "level": "edit"}).json()["id"]
        == share.json()["id"]
    )
    assert as_bob.post(f"/boards/{board}/cards", json={"title": "Mine"}).status_code == 201
    assert as_ann.delete(f"/shares/{share.json()['id']}").status_code == 204
    assert as_bob.get(f"/boards/{board}").status_code == 404
    assert as_bob.get("/boards").json()["items"] == []


def test_a_share_without_or_with_two_audiences_names_the_way_out(caller: Caller) -> None:
    as_ann = caller(ann := new_person(Role.author))
    board = as_ann.post("/boards", json={"name": "Relaunch"}).json()["id"]
    for body in ({}, {"everybody": True, "person_id": str(ann.id)}):
        answer = as_ann.post(f"/shares/board/{board}", json=body)
        assert answer.status_code == 422
        assert "exactly one of person_id, team_id and everybody" in answer.json()["message"]


def test_all_that_somebody_owns_is_handed_over(caller: Caller) -> None:
    admin, ann, bob = (new_person(role) for role in (Role.admin, Role.author, Role.member))
    as_admin, as_ann = caller(admin), caller(ann)
    as_ann.post("/boards", json={"name": "Relaunch"})
    as_ann.post("/datasets", json={"name": "orders", "schema": {"columns": [{"name": "city"}]}})
    assert [one["name"] for one in as_admin.get(f"/people/{ann.id}/owned").json()["items"]] == ["Relaunch", "orders"]
    to_bob = as_admin.post(f"/people/{ann.id}/hand-over", json={"to_person_id": str(bob.id)})
    assert (to_bob.status_code, to_bob.json()["error"]) == (409, "RoleTooLow")
    moved = as_admin.post(f"/people/{ann.id}/hand-over", json={"to_person_id": str(admin.id)}).json()["things"]
    assert {one["kind"] for one in moved} == {"board", "dataset"}
    assert as_admin.get(f"/people/{ann.id}/owned").json()["items"] == []


def test_a_deleted_team_says_what_is_no_longer_shared(caller: Caller) -> None:
    as_admin = caller(new_person(Role.admin))
    team = as_admin.post("/teams", json={"name": "Shop"}).json()["id"]
    board = as_admin.post("/boards", json={"name": "Relaunch", "share_with": [{"team_id": team}]}).json()["id"]
    assert as_admin.get(f"/teams/{team}").json()["shared_things"] == 1
    assert as_admin.delete(f"/teams/{team}").json() == {"name": "Shop", "things": 1}
    assert as_admin.get(f"/shares/board/{board}").json()["items"] == []
    assert as_admin.post("/teams", json={"name": "Shop"}).status_code == 201
