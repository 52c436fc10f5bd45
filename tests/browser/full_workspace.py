"""A product with something on every page: sample, reports, a run schedule, rejected rows, a held file, a failed job."""

import time
from typing import Any

import httpx2
from playwright.sync_api import Page, expect

from tests.browser.people_workspace import FINAL, PASSWORD, People
from tests.documents.made import minutes, pdf, slides
from tests.generators import TRANSACTION_COLUMNS, transactions_csv

EMAIL = "ann@example.com"
WAIT_SECONDS = 300
COLORS = ("gray", "red", "orange", "yellow", "green", "teal", "blue", "violet", "pink")
DUE = ("2020-01-01", "2099-12-31", None)
HARBOUR = pdf(
    "Harbour plan\nThe crane at the northern quay is replaced in March.\nTenders close on 12 January.",
    "Costs\nA new crane costs 125,000 EUR, its foundation 40,000 EUR.",
    "",
)
LONGER_THAN_A_ROW = 24 << 20
THINGS = (
    "dataset",
    "rejects",
    "held",
    "query",
    "document",
    "template",
    "report",
    "schedule",
    "delivery",
    "job",
    "invitation",
    "new_password",
    "lanes",
    "card",
    *(f"view_{kind}" for kind in ("board", "dataset", "template", "report", "schedule")),
)


def set_up_by_hand(page: Page, url: str) -> None:
    """The first page of a fresh installation, with the sample workspace ticked."""
    page.goto(url)
    page.get_by_label("Your name").fill("Ann Admin")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    expect(page.get_by_label("Load the sample workspace")).to_be_checked()
    page.get_by_role("button", name="Create administrator").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()


class Filler:
    def __init__(self, url: str) -> None:
        self.card = ""
        self.url, self.client = url, httpx2.Client(base_url=url, headers={"Origin": url}, timeout=120)

    def fill(self) -> dict[str, str]:
        """Addresses of the pages that show one thing."""
        with self.client:
            self._sign_in()
            return self._fill()

    def _sign_in(self) -> None:
        self.client.post("/auth/login", json={"email": EMAIL, "password": PASSWORD}).raise_for_status()

    def _fill(self) -> dict[str, str]:
        self._wait_for_jobs()
        viewer = self._post(
            "/people", {"email": "vic@example.com", "name": "Vic Viewer", "password": PASSWORD, "role": "viewer"}
        )
        template, schedule = (self._get(path)["items"][0]["id"] for path in ("/templates", "/schedules"))
        view_only = People(self.url, EMAIL).fill()
        links = self._links(viewer["id"])
        rejected = self._load("transactions", 1.0)
        self._load("payments", 0.1)
        place = {"url": "https://127.0.0.1:1/transactions.csv", "headers": {"Authorization": "Bearer nobody"}}
        self._post("/sources", {"name": "Ledger", "kind": "https", "dataset": "transactions", "settings": place})
        by_channel = {"group_by": [{"column": "channel"}], "measures": [{"as": "Payments"}]}
        question = {"dataset": "transactions", **by_channel}
        query = self._post("/queries", {"name": "Payments by channel", "question": question})["id"]
        document = self._send_document()
        reports = [self._post("/reports", {"template": template})["report_id"] for _ in range(2)]
        self._post(f"/schedules/{schedule}/run")
        failed = self._fail()
        self._wait_for_jobs()
        delivery, board = self._get("/deliveries")["items"][0]["id"], self._board_with_lanes()
        return {
            "dataset": "datasets?dataset=transactions",
            "rejects": f"datasets?dataset=transactions&batch={rejected}",
            "held": "datasets?dataset=payments",
            "query": f"queries?query={query}",
            "document": f"documents?document={document}",
            "template": f"templates?template={template}",
            "report": f"reports?report={reports[0]}",
            "schedule": f"schedules?schedule={schedule}",
            "delivery": f"deliveries?delivery={delivery}",
            "job": f"jobs?job={failed}",
            "lanes": f"board?board={board}",
            "card": f"board?board={board}&card={self.card}",
            **view_only,
            **links,
        }

    def _board_with_lanes(self) -> str:
        """One of its columns is full, one holds more than it should, one counts its limit per lane."""
        path = f"/boards/{self._post('/boards', {'name': 'Zurich office'})['id']}"
        warns, blocks = {"wip_limit": 1, "wip_mode": "warn"}, {"wip_limit": 1, "wip_per_lane": True}
        limits: list[dict[str, Any]] = [{}, warns, blocks, {"is_done": True}]
        names = ("To do", "In progress", "Pending", "Completed")
        columns = [{"name": name, **limit} for name, limit in zip(names, limits, strict=True)]
        lanes = [{"name": "Customers"}, {"name": "A lane with a name that is long enough to be cut off somewhere"}]
        labels = [{"name": color.title(), "color": color} for color in COLORS]
        for facts in ({"labels": labels}, {"lanes": lanes}, {"columns": columns}):
            self.client.patch(f"/api/v1{path}", json=facts).raise_for_status()
        board, cards = self._get(path), []
        places = [(column["id"], lane["id"]) for column in board["columns"] for lane in board["lanes"]]
        priorities = ("low", "medium", "high", "urgent")
        for number, (column, lane) in enumerate(places):
            about = {"title": f"Card {number} " + "with words " * number, "estimate": number, "due_on": DUE[number % 3]}
            marks = {"label_ids": [board["labels"][at]["id"] for at in (number, -number - 1)]}
            about |= {
                "priority": priorities[number % 4],
                "assignee_ids": [self._get("/me")["id"]],
                "lane": lane,
                **marks,
            }
            cards.append(self._post(f"{path}/cards", {**about, "column": column}))
        self._post(f"/cards/{cards[0]['id']}/blockers", {"card": cards[1]["id"]})
        self.card = self._card_with_everything(f"/cards/{cards[0]['id']}")
        return str(board["id"])

    def _card_with_everything(self, path: str) -> str:
        for text, name in (("Ask for offers", ""), ("Choose one", ""), ("Crane", "Machines")):
            item = self._post(f"{path}/checklist", {"text": text, "list": name})
        self.client.patch(f"/api/v1{path}/checklist/{item['id']}", json={"done": True}).raise_for_status()
        self._post(f"{path}/comments", {"text": "It comes on **Friday**, says [the yard](https://yard.example)."})
        parts = {"issue": "No crane before Friday", "analysis": "All are rented out", "timeline": "Three days"}
        self._post(f"{path}/notes", {"text": "Asked | for\n---|---\n3 | cranes", **parts, "resolution": "Took one"})
        self._send_file(path)
        return path.rpartition("/")[2]

    def _send_file(self, path: str) -> None:
        files = {"file": ("harbour plan.pdf", HARBOUR)}
        self.client.post(f"/api/v1{path}/files", files=files).raise_for_status()

    def _links(self, person_id: str) -> dict[str, str]:
        """The mail account comes after them, or they would be on their way by mail.

        Both take a sign-in of the last five minutes.
        """
        self._sign_in()
        invited = self._post("/invitations", {"email": "ben@example.com", "role": "author"})
        reset = self._post(f"/people/{person_id}/reset-link")
        account = {"name": "Relay", "host": "smtp.example.com", "from_address": "reports@example.com"}
        self._post("/smtp-accounts", account)
        return {
            name: made["link"].split("/", 3)[3] for name, made in (("invitation", invited), ("new_password", reset))
        }

    def _load(self, name: str, max_reject_share: float) -> int:
        schema = {"columns": TRANSACTION_COLUMNS, "max_reject_share": max_reject_share}
        self._post("/datasets", {"name": name, "schema": schema})
        return int(self._ingest(f"{name}&wait=true", f"{name}.csv", transactions_csv())["batch_id"])

    def _fail(self) -> str:
        """A second line without an end, longer than a row may be."""
        content = b"id,amount,currency,channel\n1,2.50,EUR,card\n" + b"9" * LONGER_THAN_A_ROW
        return str(self._ingest("transactions", "endless.csv", content)["job_id"])

    def _ingest(self, dataset: str, name: str, content: bytes) -> Any:
        answer = self.client.post(f"/api/v1/ingest?dataset={dataset}", files={"file": (name, content)})
        return answer.raise_for_status().json()["batches"][0]

    def _send_document(self) -> str:
        files = [("file", ("Harbour plan 2026.pdf", HARBOUR)), ("file", ("Board minutes.docx", minutes()))]
        files += [("file", ("Quarter three.pptx", slides())), ("file", ("Old scan.pdf", pdf("")))]
        answer = self.client.post("/api/v1/documents", files=files)
        return str(answer.raise_for_status().json()["documents"][0]["id"])

    def _get(self, path: str) -> Any:
        return self.client.get(f"/api/v1{path}").raise_for_status().json()

    def _post(self, path: str, body: Any = None) -> Any:
        return self.client.post(f"/api/v1{path}", json=body).raise_for_status().json()

    def _wait_for_jobs(self) -> None:
        end = time.monotonic() + WAIT_SECONDS
        while any(job["status"] not in FINAL for job in self._get("/jobs")["items"]):
            assert time.monotonic() < end, "the workspace was not filled in time"
            time.sleep(0.2)
