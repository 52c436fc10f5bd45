"""Parts of the start page: first steps, my cards, what failed, what is new, what is next."""

import streamlit as st

from app import sample
from app.core import clock
from app.core.actor import Actor, Role
from app.datasets import service as datasets
from app.deliveries import service as deliveries
from app.deliveries.schemas import DeliveryFilter, State
from app.jobs import service as jobs
from app.jobs.schemas import RunStatus
from app.reports import service as reports
from app.schedules import service as schedules
from app.tasks import service as tasks
from app.tasks.schemas import MyCard
from app.templates import service as templates
from app.ui.dataset_batches import held_lately
from app.ui.page import action, empty_state, path_of, plain, reading, when, zone

SHOWN = 6
LOOK = {
    RunStatus.completed: ":green-badge[Done]",
    RunStatus.partial: ":orange-badge[Incomplete]",
    RunStatus.failed: ":red-badge[Failed]",
    RunStatus.cancelled: ":gray-badge[Cancelled]",
}


def first_steps(person: Actor) -> None:
    """For an installation that has nothing yet; gone once everything has been tried."""
    with reading() as db:
        steps = [
            (bool(tasks.boards(db, person)), "board", "Make a board for the team's work", Role.member),
            (bool(datasets.datasets(db, person)), "datasets", "Load a file into a dataset", Role.author),
            (
                bool(templates.templates(db, person, limit=1).items),
                "templates",
                "Design a report template",
                Role.author,
            ),
            (bool(reports.reports(db, person, limit=1).items), "reports", "Generate the first report", Role.author),
            (bool(schedules.upcoming(db, person, 1)), "schedules", "Send it regularly", Role.author),
        ]
    open_steps = [step for step in steps if not step[0] and person.role.includes(step[3])]
    if not open_steps:
        return
    with st.container(border=True):
        st.markdown("**Next steps**")
        for done, page, text, role in steps:
            if done:
                st.markdown(f":green[:material/check_circle:] {text}")
            elif person.role.includes(role):
                st.page_link(path_of(page), label=text, icon=":material/radio_button_unchecked:")
        if person.role is Role.admin and not any(step[0] for step in steps):
            _offer_sample(person)


def _offer_sample(person: Actor) -> None:
    """Also the second try, when the sample did not load at set-up."""
    if st.button("Or load the sample workspace", icon=":material/interests:"):
        with action("The sample workspace is being loaded.") as db:
            sample.load(db, person)
            st.rerun()


def my_cards(person: Actor) -> None:
    st.header("My open cards", anchor=False)
    with reading() as db:
        mine = tasks.my_open_cards(db, person)
    if not mine:
        empty_state("task_alt", "Nothing to do", "Cards on any board that are assigned to you appear here.")
    for card in mine:
        with st.container(border=True, gap=None):
            place = {"board": str(card.board_id), "card": str(card.id)}
            st.page_link(path_of("board"), label=plain(card.title), query_params=place)
            # Not a caption: its paleness would make the warning unreadable.
            st.markdown(f":small[:gray[{plain(card.board)}, {plain(card.column)} · {card.priority.value}]{_due(card)}]")


def _due(card: MyCard) -> str:
    if card.due_on is None:
        return ""
    late = card.due_on < clock.now().astimezone(zone()).date()
    text = f"due {card.due_on.day} {card.due_on:%b %Y}"
    return f" · :red[:material/warning: {text}]" if late else f":gray[ · {text}]"


def trouble(person: Actor) -> None:
    with reading() as db:
        runs = jobs.list_runs(db, person, status=RunStatus.failed, limit=SHOWN).items
        stuck = [
            one
            for state in (State.failed, State.unknown)
            for one in deliveries.deliveries(db, person, DeliveryFilter(state=state), limit=SHOWN).items
        ]
        held = [one for one in held_lately(db, person) if one.created_by == person.id or person.role is Role.admin]
    if not runs and not stuck and not held:
        return
    st.header("Needs attention", anchor=False)
    for batch in held[:SHOWN]:
        with st.container(border=True, gap=None):
            name, link = plain(f"{batch.file_name} is held back from {batch.dataset}"), {"dataset": batch.dataset}
            st.page_link(path_of("datasets"), label=name, icon=":material/front_hand:", query_params=link)
            st.caption(f"{batch.rows_rejected:,} of {batch.rows_in:,} rows rejected, {when(batch.created_at)}")
    for run in runs:
        with st.container(border=True, gap=None):
            st.page_link(
                path_of("jobs"), label=plain(run.title), icon=":material/error:", query_params={"job": str(run.id)}
            )
            st.caption(f"failed {when(run.finished_at)}")
    for one in stuck[:SHOWN]:
        with st.container(border=True, gap=None):
            name, link = plain(f"{one.subject} to {one.recipient}"), {"delivery": str(one.id)}
            st.page_link(path_of("deliveries"), label=name, icon=":material/unsubscribe:", query_params=link)
            st.caption(f"{one.state.value} {when(one.changed_at)}")


def latest_reports(person: Actor) -> None:
    st.header("Latest reports", anchor=False)
    with reading() as db:
        latest = reports.reports(db, person, limit=SHOWN).items
    if not latest:
        empty_state("description", "No reports yet", "A report is made from a template, by hand or on schedule.")
    for one in latest:
        with st.container(border=True, gap=None):
            st.page_link(path_of("reports"), label=plain(one.title), query_params={"report": str(one.id)})
            st.caption(f"{LOOK.get(one.status, ':blue-badge[Being made]')} {when(one.finished_at or one.created_at)}")


def next_sends(person: Actor) -> None:
    st.header("Next sends", anchor=False)
    with reading() as db:
        coming = schedules.upcoming(db, person, SHOWN)
    if not coming:
        empty_state(
            "event_repeat", "Nothing is scheduled", "A schedule sends a report by itself, every week for example."
        )
    for one in coming:
        with st.container(border=True, gap=None):
            st.page_link(path_of("schedules"), label=plain(one.name), query_params={"schedule": str(one.id)})
            st.caption(when(one.next_run_at))
