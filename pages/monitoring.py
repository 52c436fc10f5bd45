"""Monitoring: is everything up, and how much of everything is there? Measured anew every ten seconds."""

import streamlit as st

from app.core.actor import Role
from app.monitoring import service as monitoring
from app.monitoring.schemas import Check, Database, System
from app.ui.page import empty_state, page_header, reading, viewer, when

viewer(Role.admin)
EVERY = "10s"
SIGNS = {
    "ok": (":green-badge[:material/check_circle: ok]", "all is well"),
    "degraded": (":orange-badge[:material/warning: degraded]", ""),
    "down": (":red-badge[:material/error: down]", ""),
}
WHAT = {"database": "Database", "queue": "Background work", "storage": "File storage"}


def size(number: int) -> str:
    value, unit = float(number), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"


def checks(found: list[Check]) -> None:
    for column, check in zip(st.columns(len(found)), found, strict=True):
        sign, text = SIGNS[check.status]
        with column.container(border=True):
            st.markdown(f"**{WHAT[check.name]}** &nbsp; {sign}")
            st.caption(check.detail or text)


def figures(system: System) -> None:
    queue, memory, oldest = system.queue, system.memory, system.queue.oldest_waiting_seconds
    waited = "none waits" if oldest is None else f"oldest for {oldest:.0f} s"
    database = system.database
    shown = [
        ("Jobs waiting", str(queue.waiting), f"{queue.processing} running, {waited}"),
        ("Database", size(database.size), f"{database.connections} of {database.max_connections} connections"),
        ("Disk free", size(system.disk.free), f"of {size(system.disk.total)}"),
        ("Memory used here", size(memory.used_here), f"{size(memory.available)} available"),
    ]
    with st.container(horizontal=True):
        for label, value, note in shown:
            st.metric(label, value, note, delta_color="off", delta_arrow="off", border=True)


def workers(system: System) -> None:
    st.subheader("Workers", anchor=False)
    if not system.workers:
        empty_state("engineering", "No worker is alive", "Reports and imports wait until one is started.")
        return
    rows = [
        {
            "Host": one.host,
            "Process": one.pid,
            "Runs at once": one.concurrency,
            "Started": when(one.started_at),
            "Last seen": f"{one.seconds_since_heartbeat:.0f} s ago",
        }
        for one in system.workers
    ]
    st.dataframe(rows, hide_index=True)


def tables(database: Database) -> None:
    st.subheader("Largest tables", anchor=False)
    largest = max((table.size for table in database.tables), default=1)
    rows = [
        {"Table": one.name, "Size": size(one.size), "Share": one.size / largest, "Rows (estimate)": one.rows_estimate}
        for one in database.tables
    ]
    share = st.column_config.ProgressColumn("Compared", format=" ", min_value=0, max_value=1)
    st.dataframe(rows, hide_index=True, column_config={"Share": share})


@st.fragment(run_every=EVERY)
def measured() -> None:
    person = viewer(Role.admin)  # again: a fragment runs without the rest of the page
    checks(monitoring.readiness().checks)
    with reading() as db:
        system = monitoring.system(db, person)
    figures(system)
    workers(system)
    tables(system.database)
    kind = "embedded" if system.database.embedded else "external"
    st.caption(
        f"AutoReport {system.version}, Python {system.python}, Streamlit {system.streamlit}, "
        f"PostgreSQL {system.database.version} ({kind}). Running since {when(system.started_at)}."
    )


page_header("Monitoring", "Health of this installation, measured every ten seconds.")
measured()
