"""The parts of the analytics page: each chart with its figures as a table, how they are computed, and a CSV."""

from collections.abc import Callable
from typing import Any, NamedTuple

import streamlit as st

from app.tasks import service as tasks
from app.tasks.metrics.schemas import Metrics, Spread
from app.ui.analytics_charts import (
    ageing_chart,
    burndown_chart,
    flow_bands,
    flow_chart,
    stays_chart,
    times_chart,
    weeks_chart,
    workload_chart,
)
from app.ui.analytics_words import HOW, length
from app.ui.page import empty_state, plain


class Exhibit(NamedTuple):
    """`alt` says in words what the chart shows; `tables` are those of the CSV that stand below it."""

    title: str
    chart: Callable[[Metrics], Any]
    alt: Callable[[Metrics], str]
    is_there: Callable[[Metrics], bool]
    missing: str
    tables: tuple[str, ...]


def headline(metrics: Metrics) -> None:
    total = metrics.totals
    today = metrics.flow[-1]
    weeks = len(metrics.days) / 7
    before = total.completed_before / 4
    pace = f"{total.completed / weeks:.1f} a week, {before:.1f} in the 4 weeks before"
    most = f"85 of 100 within {length(total.cycle.p85)}"
    shown = [
        ("Completed", f"{total.completed}", pace if total.completed or before else "None in the 4 weeks before either"),
        ("Created", f"{total.created}", f"{today.open} open at the end"),
        ("In progress", f"{today.started}", f"{metrics.late_cards} older than usual"),
        ("Start to completion", length(total.cycle.p50), most if total.cycle.cards else "No completed card yet"),
    ]
    with st.container(horizontal=True):
        for label, value, note in shown:
            st.metric(label, value, note, delta_color="off", delta_arrow="off", border=True)


def sentences(metrics: Metrics) -> None:
    if metrics.insights:
        st.markdown("\n".join(f"- {plain(sentence)}" for sentence in metrics.insights))


def show(metrics: Metrics, exhibit: Exhibit) -> None:
    st.subheader(exhibit.title, anchor=False)
    if exhibit.is_there(metrics):
        st.plotly_chart(exhibit.chart(metrics), alt=exhibit.alt(metrics), config={"displayModeBar": False})
    else:
        empty_state("monitoring", "Nothing to show yet", exhibit.missing)
    if not exhibit.tables:
        return
    with st.expander("The figures, and how they are computed"):
        for table in exhibit.tables:
            st.markdown(HOW[table])
            _table(metrics, table)


def _table(metrics: Metrics, table: str) -> None:
    head, *rows = tasks.metrics_rows(metrics, table)
    names = [str(name).replace("_", " ").capitalize() for name in head]
    if rows:
        st.dataframe(
            [dict(zip(names, map(_shown, row), strict=True)) for row in rows],
            hide_index=True,
            height=min(38 + 35 * len(rows), 320),
            key=f"table_{table}",
            alt=f"{table.capitalize()}: {len(rows)} rows",
        )
    st.download_button(
        "Download as CSV",
        tasks.metrics_csv(metrics, table),
        f"{table}_{metrics.since}_{metrics.until}.csv",
        "text/csv",
        icon=":material/download:",
        key=f"csv_{table}",
        on_click="ignore",
    )


def _shown(value: Any) -> Any:
    return round(value, 2) if isinstance(value, float) else value


def _about_flow(metrics: Metrics) -> str:
    last = ", ".join(f"{name} {counts[-1]}" for name, counts in flow_bands(metrics))
    return f"Cumulative flow: cards in each band at the end of each day. At the end: {last}."


def _about_weeks(metrics: Metrics) -> str:
    total = metrics.totals
    return f"Cards created and completed in each week: {total.created} created and {total.completed} completed in all."


def _about(what: str, time: Spread) -> str:
    return f"{what} of {time.cards} cards: half at most {length(time.p50)}, 85 of 100 at most {length(time.p85)}."


def _about_stays(metrics: Metrics) -> str:
    each = "; ".join(f"{stay.name} {length(stay.time.p50)}" for stay in metrics.stays)
    return f"Time in each column, half of the completed cards at most: {each}."


def _about_ageing(metrics: Metrics) -> str:
    return f"Age of {metrics.ageing_cards} cards in progress by column; {metrics.late_cards} are older than usual."


def _about_burndown(metrics: Metrics) -> str:
    first, last = metrics.flow[0], metrics.flow[-1]
    return f"Open cards at the end of each day: {first.open} on {first.day}, {last.open} on {last.day}."


def _about_workload(metrics: Metrics) -> str:
    return "Cards of each person: " + "; ".join(
        f"{each.name} {each.open} open, {each.overdue} overdue, {each.completed} completed" for each in metrics.workload
    )


NOTHING_DONE = "No card was completed in these days. Choose more days or fewer filters."
FLOW = Exhibit(
    "Cumulative flow", flow_chart, _about_flow, lambda m: any(d.open or d.done for d in m.flow),
    "There were no cards on these days.", ("flow",),
)  # fmt: skip
WEEKS = Exhibit(
    "Created and completed", weeks_chart, _about_weeks, lambda m: bool(m.totals.created or m.totals.completed),
    "No card was created or completed in these days.", ("weeks", "days"),
)  # fmt: skip
TIMES = Exhibit(
    "From start to completion", times_chart, lambda m: _about("Cycle time", m.totals.cycle),
    lambda m: m.totals.cycle.cards > 0, NOTHING_DONE, ("times", "completed"),
)  # fmt: skip
STAYS = Exhibit("Time in columns", stays_chart, _about_stays, lambda m: bool(m.stays), NOTHING_DONE, ("columns",))
AGEING = Exhibit(
    "Age of what is in progress", ageing_chart, _about_ageing, lambda m: bool(m.ageing), "No card is in progress.",
    ("ageing",),
)  # fmt: skip
BURNDOWN = Exhibit(
    "Burndown by cards", lambda m: burndown_chart(m, by_estimate=False), _about_burndown,
    lambda m: any(d.open for d in m.flow), "There were no open cards on these days.", ("burndown",),
)  # fmt: skip
BY_ESTIMATE = Exhibit(
    "Burndown by estimate", lambda m: burndown_chart(m, by_estimate=True), _about_burndown,
    lambda m: any(d.open_estimate for d in m.flow), "No open card has an estimate.", (),
)  # fmt: skip
PEOPLE = Exhibit(
    "Workload", workload_chart, _about_workload, lambda m: bool(m.workload), "There are no cards to count.",
    ("workload", "boards"),
)  # fmt: skip
SECTIONS: dict[str, tuple[Exhibit, ...]] = {
    "Flow": (FLOW, WEEKS),
    "Times": (TIMES, STAYS),
    "In progress": (AGEING,),
    "Burndown": (BURNDOWN, BY_ESTIMATE),
    "People": (PEOPLE,),
}
