"""What every reader of a file goes by. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from app.core.errors import Invalid
from app.tasks.exchange.draft import TooManyColumns
from app.tasks.exchange.schemas import MAX_COLUMNS

DONE = re.compile(
    r"\b(done|complete|completed|finished|closed|shipped|released|resolved|deployed|live|erledigt|fertig|abgeschlossen"
    r"|terminé|terminée|fini|hecho|terminado|listo|resuelto|concluído|resolvido|feito|fatto|completato|klaar|gereed|gotowe|valmis"
    r"|zrobione|hotovo|kész|gata|bitti|tamamlandı|färdigt?|ferdig|færdig|готово|сделано|выполнено|завершено)\b"
    r"|完了|完成|已解决|완료",
    re.IGNORECASE,
)
LEFT_OUT = f"Lists that become no columns (a board may have {MAX_COLUMNS}): their cards are in the archive"
NOT_CHOSEN = "Lists that become no columns, because they were not chosen: their cards are in the archive"
NOT_DONE = re.compile(r"\b(not|to be|nearly|almost|nicht|definition of)\b|未完|미완", re.IGNORECASE)


@dataclass(frozen=True)
class Wishes:
    """`done`: names of the lists that complete a card; None leaves it to their names.

    `columns`: names of the lists that become columns; None takes all of them, or the fullest that a board may have.
    """

    zone: ZoneInfo
    now: datetime
    done: frozenset[str] | None = None
    columns: frozenset[str] | None = None


def is_done_name(name: str) -> bool:
    return bool(DONE.search(name)) and not NOT_DONE.search(name)


def why_left_out(wishes: Wishes) -> str:
    return LEFT_OUT if wishes.columns is None else NOT_CHOSEN


def left_out(wishes: Wishes, lists: Sequence[tuple[str, str]], cards: dict[str, int]) -> set[str]:
    """Keys of the lists that do not become columns, of (key, name) and how many cards are in each.

    Without a choice those stay that complete cards, and then the fullest.
    Raises TooManyColumns, Invalid.
    """
    if wishes.columns is None:
        fullest = sorted(lists, key=lambda one: (not is_done_name(one[1]), -cards.get(one[0], 0), lists.index(one)))
        return {key for key, _ in fullest[MAX_COLUMNS:]}
    names = {name.strip() for _, name in lists}
    if unknown := sorted(wishes.columns - names):
        raise Invalid(f"columns: no list of this file is called “{unknown[0][:60]}”.")
    chosen = {key for key, name in lists if name.strip() in wishes.columns}
    if len(chosen) > MAX_COLUMNS:
        raise TooManyColumns(f"columns: {len(chosen)} lists are chosen; a board may have {MAX_COLUMNS} columns.")
    return {key for key, _ in lists} - chosen
