"""One form for a new schedule and for a change: what, when, to whom, how."""

import re
from typing import Any
from uuid import UUID

import streamlit as st

from app.core.actor import Actor
from app.deliveries import service as deliveries
from app.deliveries.schemas import Policy, ReportOrder
from app.schedules.schemas import CatchUp, Schedule
from app.templates import service as templates
from app.templates.schemas import Parameter
from app.ui.page import reading
from app.ui.parameter_form import parameter_inputs
from app.ui.schedule_save import save_schedule
from app.ui.share_dialog import choose_audience
from app.ui.source_schedule import ingest_form
from app.ui.template_choices import template_choices
from app.ui.timing_form import timing_input

OUTBOX = "Built-in outbox (read in AutoReport)"
CATCH_UP = {
    CatchUp.once: "Run once, marked as late",
    CatchUp.skip: "Skip them",
    CatchUp.each: "Run each one, marked as late",
}
UNKNOWN = {
    Policy.never_twice: "Leave it to a person (never twice)",
    Policy.at_least_once: "Send again with the same Message-ID (at least once)",
}


WHAT = {"report": "Send a report", "ingest": "Pull a source"}
WHAT_SHOWN: dict[str, Any] = {"default": "report", "required": True, "format_func": WHAT.__getitem__}


@st.dialog("New schedule", width="medium")
def new_schedule(person: Actor) -> None:
    _form(person, None)


@st.dialog("Change schedule", width="medium")
def edit_schedule(person: Actor, given: Schedule) -> None:
    _form(person, given)


def _form(person: Actor, given: Schedule | None) -> None:
    what = given.what if given else st.segmented_control("What it does", list(WHAT), **WHAT_SHOWN)
    if what == "ingest":
        ingest_form(person, given)
    else:
        _report_form(person, given)


def _report_form(person: Actor, given: Schedule | None) -> None:
    order = ReportOrder.model_validate(given.payload) if given else None
    wanted = str(order.template_id) if order else st.session_state.get("new_schedule_from")
    choices = template_choices(person, wanted)
    if not choices:
        st.info("There is no template yet. Make one under Templates first.", icon=":material/dashboard_customize:")
        return
    start = next((at for at, each in enumerate(choices) if str(each.id) == wanted), 0)
    template = st.selectbox("Template", choices, start, format_func=lambda each: each.name)
    name = st.text_input("Name", given.name if given else template.name, max_chars=200)
    values = _parameters(person, template.id, order)
    timing = timing_input(given)
    st.divider()
    payload = {"template_id": str(template.id), "parameters": values, **_mail(person, order)}
    catch_up = _choice("Runs that were missed while AutoReport was down", CATCH_UP, given.catch_up if given else None)
    facts = {"name": name, "payload": payload, "catch_up": catch_up}
    if given is None:
        facts["share_with"] = choose_audience(person, key="new_schedule")
    if st.button("Save", type="primary", icon=":material/check:"):
        save_schedule(person, given, {**timing.model_dump(), **facts})


def _parameters(person: Actor, template_id: UUID, order: ReportOrder | None) -> dict[str, Any]:
    with reading() as db:
        wanted = templates.template(db, person, template_id).content.parameters
    stored = order.parameters if order and order.template_id == template_id else {}
    return parameter_inputs([_with_default(each, stored) for each in wanted], f"schedule_{template_id}")


def _with_default(parameter: Parameter, stored: dict[str, Any]) -> Parameter:
    """What the schedule has already is where the input starts."""
    if stored.get(parameter.name) is None:
        return parameter
    return Parameter.model_validate({**parameter.model_dump(), "default": stored[parameter.name]})


def _mail(person: Actor, order: ReportOrder | None) -> dict[str, Any]:
    with reading() as db:
        accounts = {account.id: account.name for account in deliveries.smtp_accounts(db, person)}
    recipients = st.text_area(
        "Recipients",
        "\n".join(order.recipients) if order else person.email,
        help="One address a line. Each gets a mail of their own.",
    )
    subject = st.text_input("Subject", order.subject if order else "", placeholder="Title of the report", max_chars=200)
    message = st.text_area("Message above the report", order.message if order else "", max_chars=10_000)
    options = [None, *accounts]
    current = order.smtp_account_id if order and order.smtp_account_id in accounts else None
    account_id = st.selectbox(
        "Send by", options, options.index(current), format_func=lambda each: accounts[each] if each else OUTBOX
    )
    attach = st.checkbox("Attach the report as PDF", "pdf" in order.attach if order else True)
    policy = _choice("When nobody can tell whether a mail arrived", UNKNOWN, order.unknown_policy if order else None)
    return {
        "recipients": [each for each in re.split(r"[\s,;]+", recipients) if each],
        "subject": subject,
        "message": message,
        "smtp_account_id": str(account_id) if account_id else None,
        "attach": ["pdf"] if attach else [],
        "unknown_policy": policy,
    }


def _choice(label: str, words: dict[Any, str], current: Any) -> Any:
    options = list(words)
    return st.selectbox(label, options, options.index(current) if current else 0, format_func=words.__getitem__)
