"""A schedule is made or changed, whatever it is for."""

from typing import Any

import streamlit as st
from pydantic import ValidationError

from app.core.actor import Actor
from app.schedules import service as schedules
from app.schedules.schemas import Schedule, ScheduleChange, ScheduleCreate
from app.ui.page import action, forget_failure, plain


def save_schedule(person: Actor, given: Schedule | None, facts: dict[str, Any]) -> None:
    try:
        wanted = ScheduleChange(version=given.version, **facts) if given else ScheduleCreate(**facts)
    except ValidationError as error:
        problem = error.errors()[0]
        st.error(f"{problem['loc'][0]}: {problem['msg']}", icon=":material/error:")
        return
    forget_failure()
    with action(f"{plain(facts['name'])} is saved.") as db:
        if given and isinstance(wanted, ScheduleChange):
            schedules.change_schedule(db, person, given.id, wanted)
        elif isinstance(wanted, ScheduleCreate):
            schedules.create_schedule(db, person, wanted)
        st.rerun()
