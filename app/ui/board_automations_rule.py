"""One rule as a form: when, and, then. What it says is read aloud as a sentence before it is saved."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import streamlit as st

from app.core.errors import AppError
from app.tasks import service as tasks
from app.tasks.automations.schemas import Rule, RuleChange, RuleCreate, RuleDraft, Timed, Trial, Trigger
from app.tasks.automations.service import sentence
from app.tasks.schemas import Priority
from app.tasks.service import automations
from app.ui.board import CATEGORIES, PRIORITIES
from app.ui.board_automations import Scene, go, place, saved
from app.ui.card_parts import checked
from app.ui.page import action, plain, zone

WHEN = {
    "completed": "A card is completed",
    "reopened": "A completed card is opened again",
    "created": "A card is made",
    "moved": "A card is moved",
    "label_added": "A card gets a label",
    "checklist_done": "All items of its checklist are done",
    "blocked": "A card has to wait for another one",
    "unblocked": "A card no longer waits for others",
    "due": "An open card is due",
    "idle": "An open card has not been moved",
}
THEN = {
    "move": "Move it to",
    "priority": "Set its priority to",
    "category": "Set its category to",
    "add_label": "Add the label",
    "remove_label": "Remove the label",
    "assign": "Assign it to",
    "unassign": "Take it from",
    "notify": "Tell",
    "checklist": "Add to its checklist",
    "archive": "Archive it",
}
FILTER_HELP = (
    "Words and fields, such as label:bug priority:>=high -assignee:nobody. The search of the board knows them."
)


def _key() -> str:
    return uuid4().hex[:8]


@dataclass
class Step:
    """One action while it is being edited."""

    key: str = field(default_factory=_key)
    given: dict[str, Any] = field(default_factory=lambda: {"kind": "move"})


@dataclass
class Draft:
    """`key` keeps the widgets of one form apart from those of the one before."""

    steps: list[Step]
    key: str = field(default_factory=_key)


def rule_form(scene: Scene, given: Rule | None) -> None:
    now = place()
    if now.draft is None:
        stored = [one.model_dump(mode="json") for one in given.then] if given else [{"kind": "move"}]
        now.draft = Draft([Step(given=one) for one in stored])
    draft: Draft = now.draft
    steps = draft.steps
    st.button("All rules", icon=":material/arrow_back:", type="tertiary", on_click=go)
    name = st.text_input("Name", given.name if given else "", max_chars=80, placeholder="Bugs go to review")
    st.markdown("**When**")
    trigger = _trigger(scene, given.when.model_dump(mode="json") if given else {"kind": "completed"}, draft.key)
    st.markdown("**And** (not needed)")
    condition = _condition(given.condition if given else "")
    st.markdown("**Then**")
    then = [_step(scene, steps, at, step) for at, step in enumerate(steps)]
    st.button("Add an action", icon=":material/add:", type="tertiary", on_click=steps.append, args=(Step(),))
    _end(scene, given, name, {"when": trigger, "condition": condition, "then": then})


def _end(scene: Scene, given: Rule | None, name: str, facts: dict[str, Any]) -> None:
    try:
        seen = checked(RuleDraft, **facts)
        st.info(plain(sentence(seen.when, seen.condition, seen.then, scene.names)), icon=":material/bolt:")
    except AppError:
        seen = None
    with st.container(horizontal=True):
        save = st.button("Save", type="primary", key="rule-save")
        tried = st.button("Try it", icon=":material/search:", key="rule-try", disabled=seen is None)
    if tried and seen:
        with action() as db:
            show_trial(automations.try_draft(db, scene.person, scene.board.id, seen, zone().key), seen.when)
    if save:
        with action("Saved.") as db:
            if given:
                change = checked(RuleChange, version=given.version, name=name, **facts)
                automations.change_rule(db, scene.person, given.id, change)
            else:
                new = checked(RuleCreate, name=name, zone=zone().key, **facts)
                automations.create_rule(db, scene.person, scene.board.id, new)
            saved()


def show_trial(trial: Trial, when: Trigger) -> None:
    if not trial.count:
        st.info("No card fits it now.", icon=":material/search:")
        return
    fit = "1 card fits" if trial.count == 1 else f"{trial.count} cards fit"
    then = "would be changed within minutes." if isinstance(when, Timed) else "would be changed when this happens."
    more = f" The first {len(trial.cards)} are shown." if trial.count > len(trial.cards) else ""
    st.info(f"{fit} it now, and {then} Nothing was changed.{more}", icon=":material/search:")
    lines = [f"- #{card.number} {plain(card.title)} · {plain(card.column or 'archived')}" for card in trial.cards]
    st.markdown("\n".join(lines))


def _trigger(scene: Scene, given: dict[str, Any], key: str) -> dict[str, Any]:
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        kind = select("When", WHEN, given["kind"], key=f"{key}-when", hidden=True)
    known = given if given["kind"] == kind else {}
    with right:
        return {"kind": kind, **_trigger_part(scene, kind, known, f"{key}-{kind}")}


def _trigger_part(scene: Scene, kind: str, known: dict[str, Any], key: str) -> dict[str, Any]:
    if kind in ("created", "moved"):
        columns = {None: "Any column", **_texts(scene.names.columns)}
        word = "In" if kind == "created" else "To"
        return {"column_id": select(word, columns, known.get("column_id"), key=key)}
    if kind == "label_added":
        return {"label_id": select("Label", _texts(scene.names.labels), known.get("label_id"), key=key)}
    if kind == "due":
        words = "0 is today; -3 means three days overdue"
        return {"days": int(st.number_input("Within days", -365, 365, known.get("days", 2), key=key, help=words))}
    if kind == "idle":
        return {"days": int(st.number_input("For days", 1, 365, known.get("days", 7), key=key))}
    return {}


def _condition(given: str) -> str:
    text = st.text_input(
        "The card fits this filter", given, max_chars=500, help=FILTER_HELP, placeholder="label:bug priority:>=high"
    )
    if text.strip():
        try:
            st.caption(plain(tasks.describe_filter(tasks.parse_filter(text)).capitalize()))
        except AppError as error:
            st.error(plain(error.message), icon=":material/error:")
    return text


def _step(scene: Scene, steps: list[Step], at: int, step: Step) -> dict[str, Any]:
    key = f"step-{step.key}"
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            kind = select(f"Action {at + 1}", THEN, step.given["kind"], key=f"{key}-kind")
            if len(steps) > 1:
                st.button("Remove", key=f"{key}-remove", on_click=steps.remove, args=(step,))
        known = step.given if step.given["kind"] == kind else {}
        return {"kind": kind, **PARTS[kind](scene, known, key)}


def _notify(scene: Scene, known: dict[str, Any], key: str) -> dict[str, Any]:
    people = _texts(scene.names.people)
    chosen = [one for one in known.get("person_ids", []) if one in people]
    who = st.multiselect("People", list(people), chosen, format_func=people.__getitem__, key=f"{key}-people")
    with st.container(horizontal=True):
        assignees = st.checkbox("Those it is assigned to", known.get("assignees", False), key=f"{key}-assignees")
        author = st.checkbox("Who made it", known.get("author", False), key=f"{key}-author")
    text = st.text_input("Message", known.get("text", ""), max_chars=500, key=f"{key}-text", placeholder="Not needed")
    return {"person_ids": who, "assignees": assignees, "author": author, "text": text}


def _items(_: Scene, known: dict[str, Any], key: str) -> dict[str, Any]:
    text = st.text_area("Items, one a line", "\n".join(known.get("items", [])), key=f"{key}-items")
    return {"items": [line.strip() for line in text.splitlines() if line.strip()]}


def _one_of(label: str, name: str, options: Callable[[Scene], dict[Any, str]]) -> Callable[..., dict[str, Any]]:
    def show(scene: Scene, known: dict[str, Any], key: str) -> dict[str, Any]:
        return {name: select(label, options(scene), known.get(name), key=f"{key}-{name}")}

    return show


def select(label: str, options: dict[Any, str], chosen: Any, *, key: str, hidden: bool = False) -> Any:
    """What is chosen and gone is no longer chosen. None when there is nothing to choose from."""
    if not options:
        st.caption(f"{label}: this board has none yet. Add some under “Board settings”.")
        return None
    at = list(options).index(chosen) if chosen in options else 0
    return st.selectbox(
        label,
        list(options),
        at,
        format_func=options.__getitem__,
        key=key,
        label_visibility="collapsed" if hidden else "visible",
    )


def _texts(names: dict[Any, str]) -> dict[Any, str]:
    return {str(one): name for one, name in names.items()}


PARTS: dict[str, Callable[..., dict[str, Any]]] = {
    "move": _one_of("Column", "column_id", lambda scene: _texts(scene.names.columns)),
    "priority": _one_of("Priority", "priority", lambda _: {one.value: PRIORITIES[one] for one in Priority}),
    "category": _one_of("Category", "category", lambda _: {one.value: word for one, word in CATEGORIES.items()}),
    "add_label": _one_of("Label", "label_id", lambda scene: _texts(scene.names.labels)),
    "remove_label": _one_of("Label", "label_id", lambda scene: _texts(scene.names.labels)),
    "assign": _one_of("Person", "person_id", lambda scene: _texts(scene.names.people)),
    "unassign": _one_of("Person", "person_id", lambda scene: {None: "Everybody", **_texts(scene.names.people)}),
    "notify": _notify,
    "checklist": _items,
    "archive": lambda *_: {},
}
