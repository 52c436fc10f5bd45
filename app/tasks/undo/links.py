"""Keeps the chain of versions whole: a card that went back has a new version for a state known by an old one."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core import clock
from app.core.actor import Actor
from app.tasks.tables import CardRow
from app.tasks.undo.tables import BoardEditRow


@dataclass
class Turn:
    """One edit that was gone through, with its new states and the version that the card had then."""

    edit: BoardEditRow
    card: CardRow
    version: int
    states: dict[str, Any]


@dataclass
class Links:
    """Of one step. Going back, edits leave their `version_after` and arrive at their `version_before`."""

    back: bool
    known: dict[UUID, int] = field(default_factory=dict)  # under which the edits know where each card is by now
    turns: list[Turn] = field(default_factory=list)

    def fits(self, edit: BoardEditRow, card: CardRow) -> bool:
        """Whether nothing happened to the card since but what this step did to it."""
        left: int = getattr(edit, self._left)
        return left == self.known.get(card.id, card.version)

    def follow(self, edit: BoardEditRow, card: CardRow, place: dict[str, Any] | None) -> None:
        """`place` is where the card was a moment ago: the way back from here."""
        self.known[card.id] = getattr(edit, self._arrived)
        states = {"before": edit.before, "after": edit.after}
        if place is not None:
            states["after" if self.back else "before"] = place
        self.turns.append(Turn(edit, card, card.version, states))

    def write(self, db: Session, actor: Actor) -> None:
        """Once all is done: what rules have made of a card in answer belongs to its last edit."""
        last = {turn.card.id: turn for turn in self.turns}
        reached: dict[UUID, int] = {}
        rows, pairs = [], []
        for turn in self.turns:
            card, known = turn.card, getattr(turn.edit, self._arrived)
            new = card.version if last[card.id] is turn else turn.version
            versions = {self._left: reached.get(card.id, getattr(turn.edit, self._left)), self._arrived: new}
            rows.append(
                {"id": turn.edit.id, "undone_at": clock.now() if self.back else None, **versions, **turn.states}
            )
            reached[card.id] = new
            pairs.append((card.id, known, new))
        db.execute(sa.update(BoardEditRow), rows)
        self._relink(db, actor, pairs)

    def _relink(self, db: Session, actor: Actor, pairs: list[tuple[UUID, int, int]]) -> None:
        edit = self.turns[0].edit
        ids, known, new = zip(*pairs, strict=True)
        kinds = (sa.Uuid, sa.Integer, sa.Integer)
        columns = [
            sa.func.unnest(sa.cast(list(values), sa.ARRAY(kind))).label(name)
            for name, values, kind in zip(("id", "known", "new"), (ids, known, new), kinds, strict=True)
        ]
        pair, left = sa.select(*columns).subquery(), getattr(BoardEditRow, self._left)
        mine = sa.and_(BoardEditRow.board_id == edit.board_id, BoardEditRow.person_id == actor.id)
        others = sa.and_(mine, BoardEditRow.step != edit.step, BoardEditRow.card_id == pair.c.id, left == pair.c.known)
        change = sa.update(BoardEditRow).where(others).values({left: pair.c.new})
        db.execute(change, execution_options={"synchronize_session": False})

    @property
    def _left(self) -> str:
        return "version_after" if self.back else "version_before"

    @property
    def _arrived(self) -> str:
        return "version_before" if self.back else "version_after"
