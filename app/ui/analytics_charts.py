"""Figures as charts. Bands and lines differ by pattern, dash or mark as well as by colour; colours are the theme's."""

from datetime import date
from typing import Any

import streamlit as st

from app.tasks.metrics.schemas import Metrics

PATTERNS = ("", "/", ".", "\\", "x", "-", "+", "|")
Figure = Any  # plotly is imported where a chart is drawn: nothing else of the product needs it
HEIGHT = 360


def flow_chart(metrics: Metrics) -> Figure:
    """Stacked from the end of the way to its start, so that what is done lies at the bottom and only grows."""
    bands = list(reversed(flow_bands(metrics)))
    days = [day.day for day in metrics.flow]
    traces = [
        _trace("scatter", x=days, y=counts, name=name, stackgroup="all", mode="lines", line={"width": 1.5},
               fillpattern={"shape": PATTERNS[place % len(PATTERNS)], "size": 6, "solidity": 0.25})
        for place, (name, counts) in enumerate(bands)
    ]  # fmt: skip
    return _figure(traces, "Cards", hovermode="x unified", legend_traceorder="reversed")


def flow_bands(metrics: Metrics) -> list[tuple[str, list[int]]]:
    """From left to right: the columns of one board, or the stages of several."""
    if len(metrics.boards) != 1:
        names = {"waiting": "Not started", "started": "In progress", "done": "Completed"}
        return [(title, [getattr(day, stage) for day in metrics.flow]) for stage, title in names.items()]
    bands = [(column.name, [day.columns[n] for day in metrics.flow]) for n, column in enumerate(metrics.columns)]
    off = [day.off_board for day in metrics.flow]
    return [*bands, *([("Completed, off the board", off)] if any(off) else [])]


def weeks_chart(metrics: Metrics) -> Figure:
    weeks = [_week(week.monday, whole=week.whole) for week in metrics.weeks]
    created = _trace(
        "bar", x=weeks, y=[w.created for w in metrics.weeks], name="Created", marker={"pattern": {"shape": "/"}}
    )
    done = _trace("bar", x=weeks, y=[w.completed for w in metrics.weeks], name="Completed")
    return _figure(
        [done, created],
        "Cards",
        barmode="group",
        xaxis={"type": "category", "title": "Week from (… is cut by the window)"},
    )


def times_chart(metrics: Metrics) -> Figure:
    """A point for each completed card; the lines are those of the distribution."""
    cards = [card for card in metrics.finished if card.cycle_days is not None]
    points = _trace(
        "scatter", x=[card.completed_at for card in cards], y=[card.cycle_days for card in cards], mode="markers",
        name="Card", text=[f"{_number(card.number)}{card.title}" for card in cards],
        hovertemplate="%{text}<br>%{y:.1f} days<extra></extra>", marker={"size": 8, "symbol": "circle-open"},
    )  # fmt: skip
    time = metrics.totals.cycle
    lines = [("Half", time.p50, "solid"), ("85 of 100", time.p85, "dash"), ("95 of 100", time.p95, "dot")]
    figure = _figure([points], "Days from start to completion", showlegend=False)
    for name, value, dash in lines:
        if value is not None:
            figure.add_hline(y=value, line={"dash": dash, "width": 1.5, "color": ink()}, annotation_text=name)
    return figure


def stays_chart(metrics: Metrics) -> Figure:
    names = stay_names(metrics)
    half = _trace("bar", x=names, y=[stay.time.p50 for stay in metrics.stays], name="Half at most")
    most = _trace(
        "bar",
        x=names,
        y=[stay.time.p85 for stay in metrics.stays],
        name="85 of 100 at most",
        marker={"pattern": {"shape": "/"}},
    )
    return _figure([half, most], "Days in the column", barmode="group", xaxis={"type": "category"})


def stay_names(metrics: Metrics) -> list[str]:
    boards = {board.id: board.name for board in metrics.boards}
    single = len(boards) == 1
    return [stay.name if single else f"{boards[stay.board_id]}: {stay.name}" for stay in metrics.stays]


def ageing_chart(metrics: Metrics) -> Figure:
    boards = {board.id: board.name for board in metrics.boards}
    single = len(boards) == 1
    traces = []
    for late, name, symbol in ((False, "In time", "circle"), (True, "Older than 85 of 100", "diamond")):
        cards = [card for card in metrics.ageing if card.late == late]
        where = [card.column if single else boards[card.board_id] for card in cards]
        text = [f"{_number(card.number)}{card.title}" for card in cards]
        traces.append(
            _trace("scatter", x=where, y=[card.age_days for card in cards], mode="markers", name=name, text=text,
                   marker={"size": 11, "symbol": symbol}, hovertemplate="%{text}<br>%{y:.1f} days<extra></extra>")
        )  # fmt: skip
    order = {"categoryorder": "array", "categoryarray": [column.name for column in metrics.columns]} if single else {}
    figure = _figure(traces, "Days since the start", xaxis={"type": "category", **order}, yaxis_rangemode="tozero")
    if metrics.totals.cycle.p85 is not None:
        line = {"dash": "dash", "width": 1.5, "color": ink()}
        figure.add_hline(y=metrics.totals.cycle.p85, line=line, annotation_text="85 of 100 took")
    return figure


def burndown_chart(metrics: Metrics, *, by_estimate: bool) -> Figure:
    days = [day.day for day in metrics.flow]
    left = [day.open_estimate if by_estimate else day.open for day in metrics.flow]
    ideal = [day.ideal_estimate if by_estimate else day.ideal for day in metrics.flow]
    traces = [_trace("scatter", x=days, y=left, name="Open", mode="lines", line={"width": 2.5, "shape": "hv"})]
    if metrics.target:
        traces.append(
            _trace("scatter", x=days, y=ideal, name="Straight way", mode="lines", line={"width": 2, "dash": "dash"})
        )
    return _figure(traces, "Estimate" if by_estimate else "Cards", hovermode="x unified", yaxis_rangemode="tozero")


def workload_chart(metrics: Metrics) -> Figure:
    people = metrics.workload
    names = [each.name for each in people]
    traces = [
        _trace("bar", x=names, y=[each.open for each in people], name="Open"),
        _trace("bar", x=names, y=[each.overdue for each in people], name="Overdue", marker={"pattern": {"shape": "x"}}),
        _trace(
            "bar", x=names, y=[each.completed for each in people], name="Completed", marker={"pattern": {"shape": "/"}}
        ),
    ]
    return _figure(traces, "Cards", barmode="group", xaxis={"type": "category"})


def _trace(kind: str, **shape: Any) -> dict[str, Any]:
    return {"type": kind, **shape}


def _figure(traces: list[dict[str, Any]], y: str, **layout: Any) -> Figure:
    import plotly.graph_objects as go  # noqa: PLC0415  heavy, and of use here alone

    figure = go.Figure(traces)
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 8, "r": 8, "t": 40, "b": 8},
        yaxis_title=y,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        colorway=colours(),
        dragmode=False,  # a finger that scrolls the page must not be caught
    )
    return figure.update_layout(**layout)


def colours() -> list[str]:
    """Those of the theme, which differ in brightness, too; Streamlit gives plotly others."""
    found: list[str] = st.get_option(f"theme.{st.context.theme.type or 'light'}.chartCategoricalColors")
    return found


def ink() -> str:
    colour: str = st.get_option(f"theme.{st.context.theme.type or 'light'}.textColor")
    return colour


def _week(monday: date, *, whole: bool) -> str:
    """Its year tells apart what lies a year apart."""
    return f"{monday.day} {monday:%b %y}{'' if whole else ' …'}"


def _number(number: int | None) -> str:
    return "" if number is None else f"#{number} "
