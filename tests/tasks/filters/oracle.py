"""Filters with what they mean, said a second time in slow plain Python."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

NOW = datetime(2026, 3, 1, 2, 30, tzinfo=UTC)
ZONES = [ZoneInfo(name) for name in ("UTC", "Pacific/Kiritimati", "America/New_York")]
PRIORITIES = ["low", "medium", "high", "urgent"]
CATEGORIES = ["in_progress", "accomplishment", "highlight"]
COLUMNS, LANES, LABELS = ["To do", "Done"], ["North", "south"], ["bug", "needs work"]
PEOPLE = ["Ann Ash", "Bob"]
TEXTS = ["alpha", "Beta 50%", "gamma_x", "a\\b"]


@dataclass
class Facts:
    """A card as the oracle knows it."""

    number: int
    title: str
    description: str
    priority: str
    category: str
    column: str
    lane: str | None
    labels: set[str]
    assignees: set[str]
    author: str | None
    start: date | None
    due: date | None
    estimate: int | None
    created: datetime
    updated: datetime
    completed: datetime | None
    archived: datetime | None
    comment: str
    things: set[str]
    blocked: bool = field(default=False)


@dataclass(frozen=True)
class Eye:
    zone: ZoneInfo
    me: str

    def day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    @property
    def today(self) -> date:
        return self.day(NOW)


Meaning = Callable[[Facts, Eye], bool]
Said = tuple[str, Meaning]

# Close together, so that the edges of ranges are hit.
days = st.integers(-3, 3).map(lambda n: NOW.date() + timedelta(n))
moments = (st.integers(-3 * 24, 0) | st.integers(-20 * 24, -13 * 24)).map(lambda n: NOW + timedelta(hours=n))


def maybe(values: st.SearchStrategy) -> st.SearchStrategy:
    return st.none() | values


def _dates() -> st.SearchStrategy[tuple[date | None, date | None]]:
    return st.tuples(maybe(days), maybe(days)).map(lambda two: two if None in two else (min(two), max(two)))


@st.composite
def cards(draw: st.DrawFn, number: int = 1) -> Facts:
    start, due = draw(_dates())
    archived = draw(maybe(moments))
    return Facts(
        number=number,
        title=draw(st.sampled_from(TEXTS)),
        description=draw(st.sampled_from(["", " \n", *TEXTS])),
        priority=draw(st.sampled_from(PRIORITIES)),
        category=draw(st.sampled_from(CATEGORIES)),
        column="" if archived else draw(st.sampled_from(COLUMNS)),
        lane=draw(maybe(st.sampled_from(LANES))),
        labels=draw(st.sets(st.sampled_from(LABELS))),
        assignees=draw(st.sets(st.sampled_from(PEOPLE))),
        author=draw(maybe(st.sampled_from(PEOPLE))),
        start=start,
        due=due,
        estimate=draw(maybe(st.integers(0, 5))),
        created=draw(moments),
        updated=draw(moments),
        completed=draw(maybe(moments)),
        archived=archived,
        comment=draw(st.sampled_from(["", *TEXTS])),
        things=draw(st.sets(st.sampled_from(["note", "file", "checklist"]))),
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _holds(text: str, part: str) -> bool:
    return part.lower() in text.lower()


def _word(part: str) -> Said:
    return _quoted(part), lambda card, _: _holds(card.title, part) or _holds(card.description, part)


words = st.sampled_from(["alp", "BETA", "50%", "_", "\\", "nothing"]).map(_word)
texts = st.sampled_from(["alp", "%", "b"]).flatmap(
    lambda part: st.sampled_from(
        [
            (f"title:{_quoted(part)}", lambda card, _: _holds(card.title, part)),
            (f"description:{_quoted(part)}", lambda card, _: _holds(card.description, part)),
            (f"comment:{_quoted(part)}", lambda card, _: _holds(card.comment, part)),
        ]
    )
)
names: st.SearchStrategy[Said] = st.sampled_from(
    [
        ("status:done", lambda card, _: card.column == "Done"),
        ('column:"to do"', lambda card, _: card.column == "To do"),
        ("lane:NORTH", lambda card, _: card.lane == "North"),
        ("lane:none", lambda card, _: card.lane is None),
        ("label:bug,nope", lambda card, _: "bug" in card.labels),
        ('label:"needs work"', lambda card, _: "needs work" in card.labels),
        ("label:any", lambda card, _: bool(card.labels)),
        ("assignee:me", lambda card, eye: eye.me in card.assignees),
        ("assignee:nobody", lambda card, _: not card.assignees),
        ("assignee:ash", lambda card, _: "Ann Ash" in card.assignees),
        ("author:bob", lambda card, _: card.author == "Bob"),
        ("author:me", lambda card, eye: card.author == eye.me),
    ]
)
states: st.SearchStrategy[Said] = st.sampled_from(
    [
        ("is:open", lambda card, _: card.completed is None),
        ("is:done", lambda card, _: card.completed is not None),
        ("is:archived", lambda card, _: card.archived is not None),
        ("is:blocked", lambda card, _: card.blocked),
        ("is:unassigned", lambda card, _: not card.assignees),
        ("due:overdue", lambda card, eye: card.completed is None and card.due is not None and card.due < eye.today),
        ("is:stale", lambda card, _: not (card.completed or card.archived) and card.updated < NOW - timedelta(14)),
        ("has:description", lambda card, _: bool(card.description.strip())),
        ("has:comment", lambda card, _: bool(card.comment)),
        ("has:file,checklist", lambda card, _: bool(card.things & {"file", "checklist"})),
        ("has:note", lambda card, _: "note" in card.things),
        ("has:estimate", lambda card, _: card.estimate is not None),
        ("category:highlights", lambda card, _: card.category == "highlight"),
        ("#1,", lambda card, _: False),
        ("#1", lambda card, _: card.number == 1),
    ]
)
ORDERS: dict[str, Callable[[object, object], bool]] = {
    "<": lambda a, b: a < b,  # type: ignore[operator]
    "<=": lambda a, b: a <= b,  # type: ignore[operator]
    "": lambda a, b: a == b,
    ">=": lambda a, b: a >= b,  # type: ignore[operator]
    ">": lambda a, b: a > b,  # type: ignore[operator]
}


def _priority(by: str, name: str) -> Said:
    return f"priority:{by}{name}", lambda card, _: ORDERS[by](PRIORITIES.index(card.priority), PRIORITIES.index(name))


def _estimate(by: str, value: int) -> Said:
    return f"estimate:{by}{value}", lambda card, _: card.estimate is not None and ORDERS[by](card.estimate, value)


amounts = st.builds(_priority, st.sampled_from(list(ORDERS)), st.sampled_from(PRIORITIES)) | st.builds(
    _estimate, st.sampled_from(list(ORDERS)), st.integers(0, 5)
)


def _day_of(card: Facts, field_name: str, eye: Eye) -> date | None:
    value = getattr(card, field_name)
    return eye.day(value) if isinstance(value, datetime) else value


def _on_day(field_name: str, by: str, day: date) -> Said:
    def meant(card: Facts, eye: Eye) -> bool:
        found = _day_of(card, field_name, eye)
        return found is not None and ORDERS[by](found, day)

    return f"{field_name}:{by}{day}", meant


def _from_today(field_name: str, by: str, count: int) -> Said:
    """Of what is still to come so many days from now, of what has been so many days ago."""

    def meant(card: Facts, eye: Eye) -> bool:
        found = _day_of(card, field_name, eye)
        if found is None:
            return False
        away = (found - eye.today).days
        return ORDERS[by](away if field_name in ("due", "start") else -away, count)

    return f"{field_name}:{by}{count}d", meant


def _between(field_name: str, first: date, last: date) -> Said:
    def meant(card: Facts, eye: Eye) -> bool:
        found = _day_of(card, field_name, eye)
        return found is not None and min(first, last) <= found <= max(first, last)

    return f"{field_name}:{first}..{last}", meant


def _week(field_name: str, word: str, ahead: int) -> Said:
    def meant(card: Facts, eye: Eye) -> bool:
        found = _day_of(card, field_name, eye)
        week = (eye.today + timedelta(7 * ahead)).isocalendar()[:2]
        return found is not None and found.isocalendar()[:2] == week

    return f"{field_name}:{word}-week", meant


DATED = st.sampled_from(["due", "start", "created", "updated", "completed", "archived"])
dated = (
    st.builds(_on_day, DATED, st.sampled_from(list(ORDERS)), days)
    | st.builds(_from_today, DATED, st.sampled_from(list(ORDERS)), st.integers(-3, 3))
    | st.builds(_between, DATED, days, days)
    | st.builds(lambda name, week: _week(name, *week), DATED, st.sampled_from([("last", -1), ("this", 0), ("next", 1)]))
)


def _joined(parts: list[Said], word: str, every: Callable[..., bool]) -> Said:
    return "(" + word.join(text for text, _ in parts) + ")", lambda card, eye: every(
        meant(card, eye) for _, meant in parts
    )


def _combined(inner: st.SearchStrategy[Said]) -> st.SearchStrategy[Said]:
    several = st.lists(inner, min_size=2, max_size=3)
    return (
        inner.map(lambda said: (f"-{said[0]}", lambda card, eye: not said[1](card, eye)))
        | several.map(lambda parts: _joined(parts, " ", all))
        | several.map(lambda parts: _joined(parts, " or ", any))
    )


filters: st.SearchStrategy[Said] = st.recursive(
    words | texts | names | states | amounts | dated | dated, _combined, max_leaves=6
)
