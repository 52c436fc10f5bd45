"""Teams, shares, invitations and two-factor sign-in, somebody with things to hand over, and somebody who has left."""

import contextlib
import re
from typing import Any

import httpx2
import pyotp

PASSWORD = "correct horse battery staple"
OTTO, MIA, VERA, LEA = (f"{name}@example.com" for name in ("otto", "mia", "vera", "lea"))
PEOPLE = (
    (OTTO, "Otto Author", "author", "Marketing lead"),
    (MIA, "Mia Member", "member", "Field sales, North"),
    (VERA, "Vera Visitor", "author", ""),
    (LEA, "Lea Left", "author", ""),
)
SCHEMA = {"columns": [{"name": "campaign", "required": True}, {"name": "cost", "type": "decimal", "decimals": 2}]}
ROWS = "campaign,cost\n" + "".join(f"Spring {number},{number}.50\n" for number in range(1, 30))
FINAL = {"completed", "failed", "partial", "cancelled"}


class Someone:
    """Over HTTP, as a person whose address and password are known."""

    def __init__(self, url: str, email: str) -> None:
        self.client = httpx2.Client(base_url=url, headers={"Origin": url}, timeout=120)
        self.client.post("/auth/login", json={"email": email, "password": PASSWORD}).raise_for_status()

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1{path}").raise_for_status().json()

    def post(self, path: str, body: Any = None) -> Any:
        return self.client.post(f"/api/v1{path}", json=body).raise_for_status().json()


class People:
    def __init__(self, url: str, admin: str) -> None:
        self.url, self.open = url, contextlib.ExitStack()
        self.ann = self._as(admin)
        self.ids: dict[str, str] = {}

    def fill(self) -> dict[str, str]:
        """Addresses of things that Vera may only look at. No mail account may be there yet, or links go by mail."""
        with self.open:
            return self._fill()

    def _as(self, email: str) -> Someone:
        someone = Someone(self.url, email)
        self.open.callback(someone.client.close)
        return someone

    def _fill(self) -> dict[str, str]:
        for email, name, role, title in PEOPLE:
            new = {"email": email, "name": name, "role": role, "job_title": title, "password": PASSWORD}
            self.ids[email] = self.ann.post("/people", new)["id"]
        self._teams()
        self._invitations()
        self._second_proof()
        self._leave()
        return self._share_to_look()

    def _teams(self) -> None:
        teams = (
            ("Field sales", "Who talks to customers", (MIA, VERA)),
            ("Marketing", "", (OTTO,)),
            ("Steering group", "", ()),
        )
        for name, description, members in teams:
            team = self.ann.post("/teams", {"name": name, "description": description})
            for email in members:
                lead = {"person_id": self.ids[email], "is_lead": email == MIA}
                self.ann.post(f"/teams/{team['id']}/members", lead)

    def _invitations(self) -> None:
        made = [
            self.ann.post("/invitations", {"email": f"{name}@example.com", "role": role})
            for name, role in (("ivy", "member"), ("rob", "viewer"), ("kim", "author"))
        ]
        self.ann.client.delete(f"/api/v1/invitations/{made[1]['id']}").raise_for_status()
        self._accept(made[0]["link"].removeprefix(self.url), "Ivy Invited")

    def _accept(self, link: str, name: str) -> None:
        with httpx2.Client(base_url=self.url, follow_redirects=True, timeout=120) as client:
            csrf = re.search('name="csrf" value="([^"]+)"', client.get(link).text)
            assert csrf
            given = {"csrf": csrf[1], "name": name, "password": PASSWORD}
            assert client.post("/auth/invitation", data=given, follow_redirects=False).status_code == 303

    def _second_proof(self) -> None:
        mia = self._as(MIA)
        secret = mia.post("/me/two-factor", {"current_password": PASSWORD})["secret"]
        mia.post("/me/two-factor/confirm", {"code": pyotp.TOTP(secret).now()})

    def _leave(self) -> None:
        lea = self._as(LEA)
        for name in ("Trade fair", "Newsletter"):
            lea.post("/boards", {"name": name})
        self.ann.post(f"/people/{self.ids[LEA]}/deactivate", {})

    def _share_to_look(self) -> dict[str, str]:
        otto = self._as(OTTO)
        board = otto.post("/boards", {"name": "Campaigns"})
        card = {"title": "Book the hall", "priority": "high", "assignee_ids": [self.ann.get("/me")["id"]]}
        otto.post(f"/boards/{board['id']}/cards", card)
        dataset = otto.post("/datasets", {"name": "campaigns", "schema": SCHEMA})
        file = {"file": ("campaigns.csv", ROWS.encode())}
        otto.client.post("/api/v1/ingest?dataset=campaigns&wait=true", files=file).raise_for_status()
        sample = self.ann.get("/templates")["items"][0]["id"]
        template = otto.post(f"/templates/{sample}/duplicate", {"name": "Campaign report"})
        report = otto.post("/reports", {"template": template["id"]})["report_id"]
        payload = {"template_id": template["id"], "recipients": [OTTO], "subject": "Campaigns"}
        schedule = otto.post("/schedules", {"name": "Campaigns, Mondays", "cron": "0 9 * * 1", "payload": payload})
        things = {"board": board, "dataset": dataset, "template": template, "schedule": schedule}
        for kind, thing in (*things.items(), ("report", {"id": report})):
            for share in ({"person_id": self.ids[VERA]}, {"everybody": True}):
                otto.post(f"/shares/{kind}/{thing['id']}", share)
        return {
            "view_board": f"board?board={board['id']}",
            "view_dataset": "datasets?dataset=campaigns",
            "view_template": f"templates?template={template['id']}",
            "view_report": f"reports?report={report}",
            "view_schedule": f"schedules?schedule={schedule['id']}",
        }
