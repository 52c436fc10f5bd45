"""One of each thing that a route can be about, made anew for each call, because a call may delete it."""

from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

from pydantic import SecretStr

from app.accounts import service as accounts
from app.accounts.schemas import KeyCreate, PersonCreate
from app.admissions import service as admissions
from app.admissions.schemas import InvitationCreate
from app.core import clock
from app.core.actor import SYSTEM, Actor, Role
from app.core.db import transaction
from app.datasets import service as datasets
from app.datasets.schemas import DatasetCreate
from app.deliveries import service as deliveries
from app.deliveries.schemas import SmtpAccountCreate
from app.deliveries.tables import DeliveryRow
from app.jobs import service as jobs
from app.reports import service as reports
from app.schedules import service as schedules
from app.schedules.schemas import ScheduleCreate
from app.sharing import service as sharing
from app.sharing.schemas import Kind, Level, ShareCreate, TeamCreate
from app.tasks import service as tasks
from app.tasks.schemas import Board, BoardCreate, CardCreate
from app.templates import service as templates
from app.templates.schemas import TemplateCreate

CSV = b"city,people\nOslo,700000\nBergen,290000\n"
EDIT = Level.edit
SCHEMA = {"columns": [{"name": "city", "type": "text"}, {"name": "people", "type": "integer"}]}
BLOCKS = [{"kind": "heading", "id": "top", "text": "Cities"}]


def new_person(role: Role, email: str = "") -> Actor:
    address = email or f"{uuid4().hex}@example.com"
    with transaction() as db:
        new = PersonCreate(email=address, name=role, password=SecretStr("three unrelated words"), role=role)
        return accounts.actor_of(db, accounts.create_person(db, SYSTEM, new).id)


class Objects:
    """`owner` has all of them but the key and the session, which are the caller's own."""

    def __init__(self, owner: Actor, caller: Actor) -> None:
        self.owner, self.caller = owner, caller
        self.format, self.row_id, self.number = "json", 1, 1
        self.kind = "board"

    def __getitem__(self, name: str) -> str:
        return str(getattr(self, name))

    @cached_property
    def person_id(self) -> UUID | None:
        return new_person(Role.viewer).id

    @cached_property
    def key_id(self) -> UUID:
        with transaction() as db:
            return accounts.create_key(db, self.caller, KeyCreate(name="old")).id

    @cached_property
    def session_id(self) -> UUID:
        with transaction() as db:
            token = accounts.start_session(db, accounts.me(db, self.caller))
            session = accounts.current_session(db, token)
            assert session
            return session.id

    @cached_property
    def invitation_id(self) -> UUID:
        with transaction() as db:
            return admissions.invite(db, SYSTEM, InvitationCreate(email=f"{uuid4().hex}@example.com")).id

    @cached_property
    def board(self) -> Board:
        with transaction() as db:
            return tasks.board(db, self.owner, tasks.create_board(db, self.owner, BoardCreate(name="Team")).id)

    @property
    def board_id(self) -> UUID:
        return self.board.id

    @property
    def thing_id(self) -> UUID:
        return self.board.id

    @cached_property
    def share_id(self) -> UUID:
        with transaction() as db:
            return sharing.grant(db, self.owner, Kind.board, self.board.id, ShareCreate(everybody=True, level=EDIT)).id

    @cached_property
    def team_id(self) -> UUID:
        with transaction() as db:
            return sharing.create_team(db, SYSTEM, TeamCreate(name=uuid4().hex)).id

    @cached_property
    def card_id(self) -> UUID:
        with transaction() as db:
            return tasks.create_card(db, self.owner, self.board.id, CardCreate(title="Ship it")).id

    @cached_property
    def name(self) -> str:
        new = DatasetCreate.model_validate({"name": f"cities-{uuid4().hex}", "schema": SCHEMA})
        with transaction() as db:
            return datasets.create_dataset(db, self.owner, new).name

    @property
    def dataset(self) -> str:
        return self.name

    @cached_property
    def batch_id(self) -> int:
        upload = datasets.store_upload(self.owner, "cities.csv", [CSV])
        with transaction() as db:
            return datasets.receive_file(db, self.owner, self.name, upload).id

    @cached_property
    def template_id(self) -> UUID:
        new = TemplateCreate.model_validate({"name": f"Cities {uuid4().hex}", "blocks": BLOCKS})
        with transaction() as db:
            return templates.create_template(db, self.owner, new).id

    @cached_property
    def report_id(self) -> UUID:
        with transaction() as db:
            return reports.request_report(db, self.owner, self.template_id, {}).id

    @cached_property
    def order(self) -> dict[str, Any]:
        return {"template_id": str(self.template_id), "recipients": ["ann@example.com"]}

    @cached_property
    def schedule_id(self) -> UUID:
        new = ScheduleCreate(name="Weekly", cron="0 8 * * 1", payload=self.order)
        with transaction() as db:
            return schedules.create_schedule(db, self.owner, new).id

    @cached_property
    def account_id(self) -> UUID:
        new = SmtpAccountCreate(name=uuid4().hex, host="127.0.0.1", port=1, from_address="a@example.com")
        with transaction() as db:
            return deliveries.create_smtp_account(db, self.owner, new).id

    @cached_property
    def job_id(self) -> UUID:
        """Cancelled, so that whoever follows it comes to an end."""
        with transaction() as db:
            run = jobs.enqueue(db, self.owner, "reports.generate", {"report_id": str(uuid4())}, title="A report")
            return jobs.cancel_run(db, self.owner, run.id).id

    @cached_property
    def delivery_id(self) -> UUID:
        now, unique = clock.now(), uuid4().hex
        row = DeliveryRow(
            occasion=unique, recipient="ann@example.com", channel="outbox", policy="never_twice", state="failed",
            message_id=unique, subject="Cities", sender="a@example.com", schedule_name="Weekly", fire_at=now,
            account_name="", created_at=now, changed_at=now,
        )  # fmt: skip
        with transaction() as db:
            db.add(row)
            db.flush()
            return row.id
