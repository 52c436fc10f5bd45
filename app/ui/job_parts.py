"""How a job looks in words and colours, wherever a page shows one."""

from typing import Any, NamedTuple

import streamlit as st

from app.core import clock
from app.jobs.schemas import Run, RunStatus, Step
from app.ui.page import plain, relative, when, zone


class Look(NamedTuple):
    label: str
    icon: str
    color: str


LOOKS = {
    RunStatus.pending: Look("Waiting", "schedule", "gray"),
    RunStatus.processing: Look("Running", "play_circle", "blue"),
    RunStatus.completed: Look("Done", "check_circle", "green"),
    RunStatus.partial: Look("Incomplete", "error", "orange"),
    RunStatus.failed: Look("Failed", "cancel", "red"),
    RunStatus.cancelled: Look("Cancelled", "block", "gray"),
}


def row(run: Run) -> bool:
    """One line of a list; true when its details are asked for."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch", gap="xsmall"):
            st.markdown(f"{badge(run.status)} **{plain(run.title)}**")
            st.caption(f"{when(run.created_at)}{start(run)}{duration(run)}")
            if run.status == RunStatus.processing:
                st.progress(run.progress, time_left(run))
            elif run.error and run.status.is_final:
                st.markdown(f":small[:{LOOKS[run.status].color}[{plain(run.error)}]]")
        return st.button("Details", key=f"open_{run.id}")


def heading(run: Run) -> None:
    st.markdown(f"{badge(run.status)} attempt {run.attempt} of {run.max_attempts}{start(run)}{duration(run)}")
    if not run.status.is_final:
        st.progress(run.progress, "Stopping…" if run.cancel_requested else time_left(run))
    if run.error:
        (st.error if run.status == RunStatus.failed else st.warning)(plain(run.error))
    if run.result:
        st.caption(plain(result_text(run.result)))


def badge(status: RunStatus) -> str:
    """Markdown."""
    look = LOOKS[status]
    return f":{look.color}-badge[:material/{look.icon}: {look.label}]"


def start(run: Run) -> str:
    """`, starts in 2 hours`; nothing unless it waits for its time."""
    now = clock.now()
    return f", starts {relative(run.run_at, now)}" if run.status == RunStatus.pending and run.run_at > now else ""


def duration(run: Run) -> str:
    """`, took 1 min 5 s`; nothing while it is not over."""
    return "" if run.seconds is None else f", took {span(run.seconds)}"


def time_left(run: Run) -> str:
    if run.status == RunStatus.pending:
        return "Waiting for a worker"
    done = f"{run.progress:.0%}"
    return done if run.eta_seconds is None else f"{done}, about {span(run.eta_seconds)} left"


def span(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (rest, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def steps(found: list[Step]) -> None:
    """Newest first."""
    rows = [{"When": step.at, "What happened": step.message, "Progress": step.progress} for step in reversed(found)]
    columns = {
        "When": st.column_config.DatetimeColumn(format="D MMM, HH:mm:ss", timezone=str(zone()), width=135),
        "What happened": st.column_config.TextColumn(width="medium"),
        "Progress": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1, width="small"),
    }
    st.dataframe(rows, hide_index=True, column_config=columns)


def result_text(result: dict[str, Any]) -> str:
    """Plain values only: what is nested is for programs."""
    shown = {key: value for key, value in result.items() if not isinstance(value, dict | list)}
    return ", ".join(f"{key.replace('_', ' ')}: {_value(key, value)}" for key, value in shown.items())


def _value(key: str, value: object) -> str:
    """Counts with separators; the number of a thing is its name."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and not key.endswith("id")
    return f"{value:,}" if is_count else str(value)
