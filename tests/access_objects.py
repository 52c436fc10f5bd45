"""One of each thing that a route can be about, made anew for each call, because a call may delete it."""

from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
import zstandard
from pydantic import SecretStr
from sqlalchemy.orm import Session

from app.accounts import service as accounts
from app.accounts.schemas import KeyCreate, PersonCreate
from app.admissions import service as admissions
from app.admissions.schemas import InvitationCreate
from app.core import clock
from app.core.actor import SYSTEM, Actor, Role
from app.core.db import transaction
from app.datasets import service as datasets
from app.datasets.schemas import DatasetCreate
from app.datasets.tables import RawBlockRow, RejectRow
from app.deliveries import service as deliveries
from app.deliveries.schemas import SmtpAccountCreate
from app.deliveries.tables import DeliveryRow
from app.documents import service as documents
from app.jobs import service as jobs
from app.notices import service as notices
from app.notices.schemas import NoticeKind
from app.queries.tables import QueryRow
from app.reports import service as reports
from app.schedules import service as schedules
from app.schedules.schemas import ScheduleCreate
from app.sharing import service as sharing
from app.sharing.kinds import OFFERS
from app.sharing.schemas import Kind, MemberAdd, ShareCreate, TeamCreate
from app.sources import service as sources
from app.sources.schemas import SourceCreate
from app.tasks import service as tasks
from app.tasks.automations import service as automations
from app.tasks.automations.schemas import CardContent, RecurrenceCreate, RuleCreate
from app.tasks.automations.schemas import TemplateCreate as CardTemplateCreate
from app.tasks.details.schemas import BlockerAdd, ItemCreate
from app.tasks.details.tables import CommentRow, FileRow, NoteRow
from app.tasks.exchange.imports import report_of
from app.tasks.exchange.read import parse
from app.tasks.exchange.schemas import ImportWishes
from app.tasks.exchange.tables import BoardImportRow
from app.tasks.filters.tables import FilterRow
from app.tasks.schemas import Board, BoardCreate, CardCreate
from app.templates import service as templates
from app.templates.schemas import TemplateCreate

CSV = b"city,people\nOslo,700000\nBergen,290000\n"
SCHEMA = {"columns": [{"name": "city", "type": "text"}, {"name": "people", "type": "integer"}]}
BLOCKS = [{"kind": "heading", "id": "top", "text": "Cities"}]


def new_person(role: Role, email: str = "") -> Actor:
    address = email or f"{uuid4().hex}@example.com"
    with transaction() as db:
        new = PersonCreate(email=address, name=role, password=SecretStr("three unrelated words"), role=role)
        return accounts.actor_of(db, accounts.create_person(db, SYSTEM, new).id)


class Objects:
    """Things of `owner`, shared as `shares` say (with everybody, unless told otherwise), made when they are asked for.

    All that can be read in them holds `marker`, so that an answer which gives something away can be told.
    """

    def __init__(self, owner: Actor, caller: Actor, shares: list[ShareCreate] | None = None) -> None:
        self.owner, self.caller = owner, caller
        self.shares = sharing.OPEN if shares is None else shares
        self.marker = f"marked{uuid4().hex}"
        self.format, self.row_id, self.number, self.version = "json", 1, 1, 1
        self.kind, self.table = "board", "flow"

    def __getitem__(self, name: str) -> str:
        return str(getattr(self, name))

    def _settle(self, db: Session, kind: Kind, thing_id: UUID) -> UUID:
        """Made by the system itself, because a role may own what it may not make."""
        sharing.forget(db, kind, thing_id)
        sharing.share_new(db, SYSTEM, kind, thing_id, share_with=self.shares)
        table = OFFERS[kind].row
        db.execute(sa.update(table).where(table.id == thing_id).values(owner_id=self.owner.id))
        return thing_id

    @cached_property
    def person_id(self) -> UUID | None:
        return new_person(Role.viewer).id

    @cached_property
    def key_id(self) -> UUID:
        with transaction() as db:
            return accounts.create_key(db, self.owner, KeyCreate(name=self.marker)).id

    @cached_property
    def session_id(self) -> UUID:
        with transaction() as db:
            token = accounts.start_session(db, accounts.me(db, self.owner))
            session = accounts.current_session(db, token)
            assert session
            return session.id

    @cached_property
    def notice_id(self) -> UUID:
        assert self.owner.id
        with transaction() as db:
            facts = {"key": self.marker, "subject": self.marker, "text": "", "link": "/board"}
            notices.tell(db, [self.owner.id], NoticeKind.assigned, **facts)
            return notices.notices(db, self.owner).items[0].id

    @cached_property
    def invitation_id(self) -> UUID:
        with transaction() as db:
            return admissions.invite(db, SYSTEM, InvitationCreate(email=f"{uuid4().hex}@example.com")).id

    @cached_property
    def board(self) -> Board:
        with transaction() as db:
            made = tasks.create_board(db, SYSTEM, BoardCreate(name=self.marker))
            return tasks.board(db, SYSTEM, self._settle(db, Kind.board, made.id))

    @property
    def board_id(self) -> UUID:
        return self.board.id

    @property
    def thing_id(self) -> UUID:
        return self.board.id

    @cached_property
    def share_id(self) -> UUID:
        with transaction() as db:
            stranger = ShareCreate(person_id=new_person(Role.viewer).id)
            return sharing.grant(db, SYSTEM, Kind.board, self.board.id, stranger).id

    @cached_property
    def team_id(self) -> UUID:
        with transaction() as db:
            team = sharing.create_team(db, SYSTEM, TeamCreate(name=uuid4().hex))
            return sharing.add_member(db, SYSTEM, team.id, MemberAdd.model_validate({"person_id": self.person_id})).id

    @cached_property
    def card_id(self) -> UUID:
        with transaction() as db:
            return tasks.create_card(db, SYSTEM, self.board.id, CardCreate(title=self.marker)).id

    @cached_property
    def rule_id(self) -> UUID:
        facts = {"name": self.marker, "when": {"kind": "completed"}, "then": [{"kind": "archive"}]}
        with transaction() as db:
            return automations.create_rule(db, SYSTEM, self.board.id, RuleCreate.model_validate(facts)).id

    @cached_property
    def recurrence_id(self) -> UUID:
        facts = {"content": {"title": self.marker}, "timing": {"cron": "0 9 * * 1"}}
        with transaction() as db:
            new = RecurrenceCreate.model_validate(facts)
            return automations.create_recurrence(db, SYSTEM, self.board.id, new).id

    @cached_property
    def card_template_id(self) -> UUID:
        new = CardTemplateCreate(name=self.marker, content=CardContent(title=self.marker))
        with transaction() as db:
            return automations.create_card_template(db, SYSTEM, self.board.id, new).id

    @cached_property
    def filter_id(self) -> UUID:
        with transaction() as db:
            shared = FilterRow(board_id=self.board.id, name=self.marker, text="", shared=True, created_at=clock.now())
            db.add(shared)
            db.flush()
            return shared.id

    @cached_property
    def import_id(self) -> UUID:
        return self._import(state="running", board_id=None)

    @cached_property
    def imported(self) -> dict[str, Any]:
        """Its board came from a file; a request about that says no more than the address."""
        self._import(state="done", board_id=self.board.id)
        return {}

    def _import(self, **facts: Any) -> UUID:
        report = parse(b"title\nOne\n", f"{self.marker}.csv", ImportWishes(), clock.now())
        row = BoardImportRow(
            person_id=self.owner.id, format="csv", file_name=f"{self.marker}.csv", size=1, sha256=self.marker,
            at=clock.now(), report=report_of(report, self.marker, {}).model_dump(mode="json"), **facts,
        )  # fmt: skip
        with transaction() as db:
            db.add(row)
            db.flush()
            return row.id

    @cached_property
    def other_card_id(self) -> UUID:
        with transaction() as db:
            return tasks.create_card(db, SYSTEM, self.board.id, CardCreate(title=self.marker)).id

    @cached_property
    def blocker_id(self) -> UUID:
        with transaction() as db:
            tasks.add_blocker(db, SYSTEM, self.card_id, BlockerAdd(card_id=self.other_card_id))
        return self.other_card_id

    @cached_property
    def item_id(self) -> UUID:
        with transaction() as db:
            return tasks.add_item(db, SYSTEM, self.card_id, ItemCreate(text=self.marker)).id

    def _written(self, row: CommentRow | NoteRow | FileRow) -> UUID:
        """By the owner, whose role may be one that may not."""
        row.card_id, row.author_id, row.author, row.created_at = self.card_id, self.owner.id, "Owner", clock.now()
        with transaction() as db:
            db.add(row)
            db.flush()
            return row.id

    @cached_property
    def comment_id(self) -> UUID:
        return self._written(CommentRow(text=self.marker))

    @cached_property
    def note_id(self) -> UUID:
        return self._written(NoteRow(text=self.marker, day=clock.now().date()))

    @cached_property
    def file_id(self) -> UUID:
        one = tasks.store_file(SYSTEM, f"{self.marker}.txt", [self.marker.encode()])
        facts = {"name": one.file_name, "key": one.key, "size": one.size, "sha256": one.sha256}
        return self._written(FileRow(**facts, media_type="text/plain"))

    @cached_property
    def name(self) -> str:
        facts = {"name": f"cities-{uuid4().hex}", "schema": SCHEMA, "description": self.marker}
        with transaction() as db:
            made = datasets.create_dataset(db, SYSTEM, DatasetCreate.model_validate(facts))
            self._settle(db, Kind.dataset, made.id)
            return made.name

    @property
    def dataset(self) -> str:
        return self.name

    @cached_property
    def batch_id(self) -> int:
        upload = datasets.store_upload(SYSTEM, f"{self.marker}.csv", [CSV])
        with transaction() as db:
            return datasets.receive_file(db, SYSTEM, self.name, upload).id

    @cached_property
    def reject_id(self) -> str:
        """The batch is not loaded yet, so its evidence is put there by hand."""
        at = {"batch_id": self.batch_id, "block": 1, "first_row": 1, "first_line": 2, "rows": 1, "first_byte": 12}
        content = b"Oslo,many\n"
        with transaction() as db:
            block = {"size": len(content), "tolerant": False, "content": zstandard.compress(content)}
            db.execute(sa.insert(RawBlockRow).values(**at, **block))
            reject = {"batch_id": self.batch_id, "row": 1, "line": 2, "raw": f"Oslo,{self.marker}", "failures": []}
            db.execute(sa.insert(RejectRow).values(**reject))
        return f"{self.batch_id}.1"

    @property
    def question(self) -> dict[str, Any]:
        return {"dataset": self.name, "columns": ["city"]}

    @cached_property
    def query_id(self) -> UUID:
        now = clock.now()
        row = QueryRow(
            name=self.marker, question=self.question, columns=[], version=1, created_at=now, changed_at=now
        )  # fmt: skip
        with transaction() as db:
            db.add(row)
            db.flush()
            return self._settle(db, Kind.query, row.id)

    @cached_property
    def document_id(self) -> UUID:
        stored = documents.store_document(SYSTEM, f"{self.marker}.pdf", [self.marker.encode()])
        with transaction() as db:
            return self._settle(db, Kind.document, documents.receive_document(db, SYSTEM, stored, "pdf").id)

    @cached_property
    def source_id(self) -> UUID:
        place = {"url": f"https://127.0.0.1:1/{self.marker}.csv"}
        new = SourceCreate(name=self.marker, kind="https", dataset=self.name, settings=place)
        with transaction() as db:
            return sources.create_source(db, SYSTEM, new).id

    @cached_property
    def template_id(self) -> UUID:
        new = TemplateCreate.model_validate({"name": self.marker, "blocks": BLOCKS})
        with transaction() as db:
            return self._settle(db, Kind.template, templates.create_template(db, SYSTEM, new).id)

    @cached_property
    def report_id(self) -> UUID:
        template_id = self.template_id
        with transaction() as db:
            return self._settle(db, Kind.report, reports.request_report(db, SYSTEM, template_id, {}).id)

    @cached_property
    def order(self) -> dict[str, Any]:
        return {"template_id": str(self.template_id), "recipients": ["ann@example.com"]}

    @cached_property
    def schedule_id(self) -> UUID:
        new = ScheduleCreate(name=self.marker, cron="0 8 * * 1", payload=self.order)
        with transaction() as db:
            return self._settle(db, Kind.schedule, schedules.create_schedule(db, SYSTEM, new).id)

    @cached_property
    def account_id(self) -> UUID:
        new = SmtpAccountCreate(name=uuid4().hex, host="127.0.0.1", port=1, from_address="a@example.com")
        with transaction() as db:
            return deliveries.create_smtp_account(db, SYSTEM, new).id

    @cached_property
    def job_id(self) -> UUID:
        """Cancelled, so that whoever follows it comes to an end."""
        with transaction() as db:
            run = jobs.enqueue(db, self.owner, "reports.generate", {"report_id": str(uuid4())}, title=self.marker)
            return jobs.cancel_run(db, self.owner, run.id).id

    @cached_property
    def delivery_id(self) -> UUID:
        now, unique = clock.now(), uuid4().hex
        row = DeliveryRow(
            occasion=unique, recipient="ann@example.com", channel="outbox", policy="never_twice", state="failed",
            message_id=unique, subject=self.marker, sender="a@example.com", schedule_id=self.schedule_id,
            schedule_name="Weekly", fire_at=now, account_name="", created_at=now, changed_at=now,
        )  # fmt: skip
        with transaction() as db:
            db.add(row)
            db.flush()
            return row.id
