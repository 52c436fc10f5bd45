"""Templates, queries and reports as a script meets them."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from app.core.actor import Role
from app.jobs.work_off import work_off
from app.reports.jobs import HANDLERS
from tests.accounts.conftest import visitor
from tests.queries.stored import economics
from tests.reports.conftest import World
from tests.reports.material import BLOCKS, PARAMETERS

NASTY = "<script>alert(1)</script>"


@pytest.fixture
def author(world: World) -> TestClient:
    return visitor(Role.author, "script@example.com").client


def made(author: TestClient, **wanted: Any) -> dict[str, Any]:
    asked = author.post("/reports", json={"template": "Economy", **wanted})
    assert asked.status_code == 202, asked.text
    work_off(HANDLERS)
    return dict(asked.json())


def test_a_report_is_asked_for_followed_and_downloaded(author: TestClient) -> None:
    asked = made(author)
    assert asked["status"] == "pending"
    by_job, by_id = (author.get(f"/reports/{asked[key]}").json() for key in ("job_id", "report_id"))
    assert by_job == by_id
    assert (by_id["status"], by_id["progress"]) == ("completed", 1.0)
    pdf = author.get(f"/reports/{asked['report_id']}.pdf")
    assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    content = author.get(f"/reports/{asked['report_id']}.json").json()
    assert [block["kind"] for block in content["blocks"]] == ["heading", "text", "kpi", "chart", "board_summary"]


def test_a_downloaded_report_can_run_nothing(author: TestClient) -> None:
    report_id = made(author, title=NASTY)["report_id"]
    answer = author.get(f"/reports/{report_id}.html")
    assert "sandbox; default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert NASTY not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_a_question_is_answered_with_its_sql_and_batches(author: TestClient) -> None:
    question = {"dataset": "economics", "measures": [{"function": "max", "column": "pce", "as": "top"}]}
    answer = author.post("/queries/run", json=question).json()
    assert answer["rows"] == [[str(max(pce for _, pce, _, _ in economics()))]]
    assert answer["sql"].startswith('SELECT max("pce") AS "top"')
    assert len(answer["batches"]) == 1


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"dataset": "nothing"}, "nothing"),
        ({"dataset": "economics", "columns": ["gdp"]}, 'There is no column "gdp". Columns: month, pce'),
        ({"dataset": "economics", "limit": 99999}, "limit"),
    ],
)
def test_a_wrong_question_names_what_is_wrong(author: TestClient, question: dict[str, Any], message: str) -> None:
    answer = author.post("/queries/run", json=question)
    assert answer.status_code in (404, 422)
    assert message in answer.json()["message"]


def test_a_template_is_written_changed_checked_and_restored(author: TestClient) -> None:
    new = {"name": "Mine", "blocks": [BLOCKS[0]], "parameters": PARAMETERS}
    template = author.post("/templates", json=new).json()
    path = f"/templates/{template['id']}"
    broken = {"version": 1, "blocks": [{"kind": "text", "id": "a", "markdown": "{{ peroid.label }}"}]}
    assert author.patch(path, json=broken).json()["version"] == 2
    assert author.patch(path, json=broken).status_code == 409
    [finding] = author.post(f"{path}/check").json()["items"]
    assert (finding["block"], finding["message"]) == ("a", '"peroid.label" is not defined.')
    assert author.post(f"{path}/versions/1/restore").json()["content"] == template["content"]
    assert [each["number"] for each in author.get(f"{path}/versions").json()["items"]] == [3, 2, 1]
    assert author.delete(path).status_code == 204


def test_a_preview_shows_the_figures_and_keeps_nothing(author: TestClient, world: World) -> None:
    shown = author.post(f"/templates/{world.template.id}/preview", json={}).json()
    assert shown["failed_blocks"] == 0
    assert "538,634" in shown["html"]
    assert author.get("/reports").json()["items"] == []


def test_a_viewer_may_not_ask_the_data(world: World) -> None:
    viewer = visitor(Role.viewer, "viewer@example.com").client
    assert viewer.post("/queries/run", json={"dataset": "economics"}).status_code == 403
    assert viewer.get("/reports").status_code == 200


def test_a_member_may_ask_and_read_but_not_write(world: World) -> None:
    member = visitor(Role.member, "member@example.com").client
    assert member.get("/templates").status_code == 200
    assert member.post("/queries/run", json={"dataset": "economics", "measures": [{}]}).status_code == 200
    for answer in (
        member.post("/templates", json={"name": "x"}),
        member.post("/reports", json={"template": "Economy"}),
        member.delete(f"/templates/{world.template.id}"),
    ):
        assert answer.status_code == 403
