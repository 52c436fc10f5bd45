"""A workspace in which everything that people can name or write is a naughty string."""

import csv
import io
import time
from typing import Any

import httpx2

from tests.naughty import MARKDOWN, PAYLOADS, STREAMLIT, fitting, packed

PASSWORD = "three unrelated words"
FINAL = {"completed", "failed", "partial", "cancelled"}
WAIT_SECONDS = 300
NO_BRACES = "{}"  # a template engine reads them
COLUMN_BYTES = 63
KEYS = 40  # nobody may have many more
MARKED = " ".join([*STREAMLIT, *MARKDOWN])[:490]


class Workspace:
    """`shown` says for each address which texts must stand on the page as they were typed."""

    def __init__(self, url: str, who: tuple[str, str]) -> None:
        self.client = httpx2.Client(base_url=url, headers={"Origin": url, "User-Agent": packed(120)[0]}, timeout=120)
        self.who = {"email": who[0], "password": who[1]}
        self.shown: dict[str, list[str]] = {}
        self.report = self.delivery = ""

    def fill(self) -> None:
        """Some of it takes a sign-in of the last five minutes, and a slow machine needs longer for all of it."""
        with self.client:
            for part in (self._people, self._boards, self._datasets, self._report, self._accounts):
                self.client.post("/auth/login", json=self.who).raise_for_status()
                part()

    def _people(self) -> None:
        names, titles = packed(120), packed(120)[::-1]
        for number, (name, title) in enumerate(zip(names, titles, strict=True)):
            new = {"name": name, "job_title": title, "email": f"p{number}@example.com", "role": "member"}
            self._post("/people", {**new, "password": PASSWORD})
        for name in packed(80):
            self._post("/teams", {"name": name, "description": name})
        for name in packed(120)[:KEYS]:
            self._post("/keys", {"name": name})

    def _boards(self) -> None:
        names = packed(80)
        for at in range(0, len(names), 30):
            columns = [{"name": name} for name in names[at : at + 30]]
            board = self._post("/boards", {"name": names[at], "columns": columns})
            self.shown[f"board?board={board['id']}"] = [names[at], *(column["name"] for column in columns)]
        board = self._post("/boards", {"name": names[1], "columns": [{"name": names[2]}, {"name": names[3]}]})
        for title in fitting(200):
            self._post(f"/boards/{board['id']}/cards", {"title": title, "description": title})
        self.shown[f"board?board={board['id']}"] = fitting(200)
        self.board = board["id"]
        self._card()

    def _card(self) -> None:
        """All that hangs on one: Markdown is read as such, the rest stands there as it was typed."""
        title = packed(200)[0]
        card = self._post(f"/boards/{self.board}/cards", {"title": title, "description": "\n\n".join(PAYLOADS)})["id"]
        steps, lists, files = packed(500), packed(80), packed(180, without="/\\")[:8]
        for place, step in enumerate(steps):
            self._post(f"/cards/{card}/checklist", {"text": step, "list": lists[place % 2]})
        for text in packed(9_000):
            self._post(f"/cards/{card}/comments", {"text": text})
            self._post(f"/cards/{card}/notes", {"text": text, "issue": text, "resolution": text})
        sent = [("file", (name, b"<script>window.owned=1</script>")) for name in files]
        answer = self.client.post(f"/api/v1/cards/{card}/files", files=sent)
        answer.raise_for_status()
        names = [file["name"] for file in answer.json()["files"]]
        self.shown[f"board?board={self.board}&card={card}"] = [*steps, *names]

    def _datasets(self) -> None:
        words = [one for one in PAYLOADS if not any(ord(sign) < 32 for sign in one)]
        columns = [one.strip() for one in words if len(one.encode()) <= COLUMN_BYTES and one[0] != "_"]
        columns = list({name.lower(): name for name in columns}.values())
        schema = {"columns": [{"name": name, "type": "text"} for name in columns]}
        self._post("/datasets", {"name": "columns", "description": packed(500)[0], "schema": schema})
        cells = {"columns": [{"name": "word", "type": "text"}, {"name": "n", "type": "integer"}]}
        self._post("/datasets", {"name": "cells", "description": MARKED, "schema": cells})
        self._ingest("columns", [("columns.csv", _csv(columns, columns))])
        good = [(word, "1") for word in words]
        self._ingest("cells", [("cells.csv", _csv(["word", "n"], *good, *((word, word) for word in words)))])
        rejects = self._get("/batches?dataset=cells")["items"][0]["id"]
        files = [
            (name, _csv(["word", "n"], (str(place), "1"))) for place, name in enumerate(packed(220, without="/\\"))
        ]
        self._ingest("cells", files)
        named = [batch["file_name"] for batch in self._get("/batches?dataset=cells&limit=20")["items"]]
        self.shown["datasets?dataset=cells"] = [MARKED, *named]
        self.shown["datasets?dataset=columns"] = [packed(500)[0]]
        self.shown[f"datasets?dataset=cells&batch={rejects}"] = words[:8]

    def _report(self) -> None:
        texts = [{"kind": "text", "id": f"t{place}", "markdown": text} for place, text in enumerate(PAYLOADS)]
        heads = [
            {"kind": "heading", "id": f"h{place}", "text": text}
            for place, text in enumerate(packed(300, without=NO_BRACES))
        ]
        query = {"dataset": "cells", "columns": ["word"]}
        counted = {"dataset": "cells", "group_by": [{"column": "word", "as": "w"}], "measures": [{"as": "n"}]}
        title = packed(300)[0]
        chart = {"kind": "bar", "x": "w", "y": "n", "title": title, "alt": packed(1000)[0]}
        blocks = [
            *texts,
            *heads,
            {"kind": "table", "id": "cells", "title": packed(300)[1], "query": query},
            {"kind": "chart", "id": "chart", "title": title, "query": counted, "chart": chart},
            {"kind": "kpi", "id": "kpi", "title": title, "query": {"dataset": "cells", "measures": [{}]}},
            {"kind": "board_summary", "id": "board", "title": title, "board_id": self.board, "period": "last_7_days"},
        ]
        names = packed(200)
        theme = {"organisation": packed(100)[0]}
        made = [self._post("/templates", {"name": name, "description": name, "theme": theme}) for name in names[1:]]
        whole = self._post("/templates", {"name": names[0], "description": names[0], "theme": theme, "blocks": blocks})
        self.shown["templates"] = [*names, *(one["description"] for one in made)]
        self.shown[f"templates?template={whole['id']}"] = [names[0]]
        self._request_reports(whole["id"])

    def _request_reports(self, template: str) -> None:
        titles = packed(200)
        self.report = self._post("/reports", {"template": template, "title": titles[0]})["report_id"]
        order = {"template_id": template, "recipients": ["ann@example.com"], "message": " ".join(PAYLOADS)}
        timing = {"cron": "0 8 1 1 *", "what": "report", "payload": order}
        schedules = [self._post("/schedules", {"name": name, **timing}) for name in packed(200)]
        self._post(f"/schedules/{schedules[0]['id']}/run")
        self._wait_for_jobs()
        self.delivery = self._get("/deliveries")["items"][0]["id"]
        self.shown["schedules"] = [one["name"] for one in self._get("/schedules?limit=25")["items"]]
        self.shown[f"schedules?schedule={schedules[0]['id']}"] = [schedules[0]["name"]]
        self.shown["reports"] = [titles[0]]
        self.shown[f"reports?report={self.report}"] = [titles[0]]
        self.shown[f"deliveries?delivery={self.delivery}"] = []

    def _accounts(self) -> None:
        for name in packed(200, without="\n\t\x01\u2028"):
            mail = {"host": "127.0.0.1", "from_address": "a@example.com", "from_name": name}
            self._post("/smtp-accounts", {"name": name, **mail})

    def _ingest(self, dataset: str, files: list[tuple[str, bytes]]) -> None:
        parts = [("file", (name, content, "text/csv")) for name, content in files]
        self.client.post(f"/api/v1/ingest?dataset={dataset}", files=parts).raise_for_status()
        self._wait_for_jobs()

    def _post(self, path: str, body: Any = None) -> Any:
        answer = self.client.post(f"/api/v1{path}", json=body)
        assert answer.status_code < 300, f"{path}: {answer.text}"
        return answer.json()

    def _get(self, path: str) -> Any:
        return self.client.get(f"/api/v1{path}").raise_for_status().json()

    def _wait_for_jobs(self) -> None:
        end = time.monotonic() + WAIT_SECONDS
        while any(job["status"] not in FINAL for job in self._get("/jobs?limit=100")["items"]):
            assert time.monotonic() < end, "the workspace was not filled in time"
            time.sleep(0.2)


def _csv(*rows: Any) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue().encode()
