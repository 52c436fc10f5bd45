"""Labels and people that cards get back."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from app.accounts import service as accounts
from app.core.actor import Actor
from app.tasks.belongings import check_people, labels_of, named
from app.tasks.schemas import CardChange
from app.tasks.tables import BoardRow, CardAssigneeRow, CardLabelRow, CardRow

OF: dict[str, Any] = {"label_ids": CardLabelRow.label_id, "assignee_ids": CardAssigneeRow.person_id}


class Belongings:
    """Names are looked up once, and only if a state speaks of them."""

    def __init__(
        self, db: Session, actor: Actor, board: BoardRow, cards: Iterable[CardRow], states: Sequence[dict[str, Any]]
    ) -> None:
        self.db, self.board, self.cards = db, board, list(cards)
        told = {name for state in states for name in state.get("fields", ())}
        labels = labels_of(db, board.id) if "label_ids" in told else {}
        self.labels = {id_: label.name for id_, label in labels.items()}
        self.people = accounts.person_names(db, actor) if "assignee_ids" in told else {}
        self.before = {(card.id, name): set(getattr(card, name)) for card in self.cards for name in OF}

    def set(self, card: CardRow, wanted: CardChange) -> None:
        """Without the labels that are gone."""
        if "label_ids" in wanted.model_fields_set:
            set_committed_value(card, "label_ids", sorted(set(wanted.label_ids) & set(self.labels)))
        if "assignee_ids" in wanted.model_fields_set:
            set_committed_value(card, "assignee_ids", sorted(set(wanted.assignee_ids)))

    def named(self, what: str, ids: Collection[UUID]) -> list[dict[str, str]]:
        return named(ids, self.labels if what == "labels" else self.people)

    def write(self) -> None:
        """Raises Invalid for who does not see the board any more."""
        for name, of in OF.items():
            table, more, less = of.class_, [], []
            for card in self.cards:
                before, now = self.before[card.id, name], set(getattr(card, name))
                more += [{"card_id": card.id, of.key: id_} for id_ in now - before]
                less += [(card.id, id_) for id_ in before - now]
            if name == "assignee_ids":
                check_people(self.db, self.board, {one[of.key] for one in more}, self.people)
            if less:
                gone = sa.delete(table).where(sa.tuple_(table.card_id, of).in_(less))
                self.db.execute(gone, execution_options={"synchronize_session": False})
            if more:
                self.db.execute(sa.insert(table), more)
