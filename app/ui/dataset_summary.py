"""How much was good and why the rest was not: figures, bars, and the same as tables."""

from typing import Any

import pandas as pd  # type: ignore[import-untyped]
import streamlit as st

from app.datasets.schemas import Summary
from app.ui.page import empty_state, when
from app.ui.reject_words import RULES, reason_text

BARS_SHOWN = 10
LABEL_PIXELS = 220
# Readable on white and on the dark ground alike: at least 3 : 1 on both.
BAD, GOOD = "#d9534f", "#2e8b57"


def figures(rows_now: int | None, summary: Summary) -> None:
    rate = "–" if summary.success_rate is None else f"{summary.success_rate:.1%}"
    shown = {
        "Rows now": None if rows_now is None else f"{rows_now:,}",
        "Rows received": f"{summary.rows_in:,}",
        "Rejected": f"{summary.rows_rejected:,}",
        "Mended": f"{summary.rows_mended:,}" if summary.rows_mended else None,
        "Passed": rate,
    }
    with st.container(horizontal=True):
        for label, value in shown.items():
            if value is not None:
                st.metric(label, value, border=True, width="stretch")


def summary_view(summary: Summary, empty: str) -> None:
    if not summary.rows_in:
        empty_state("monitoring", "Nothing to count yet", empty)
        return
    left, right = st.columns(2)
    with left:
        st.markdown("**Rejected rows by reason**")
        reasons = [(reason_text(one.column, one.rule), one.rows) for one in summary.by_reason]
        _bars("Reason", reasons)
    with right:
        st.markdown("**Failures by column**")
        _bars("Column", [(name or "the whole row", rows) for name, rows in summary.by_column.items()])
    _rate(summary)
    left, right = st.columns(2)
    with left:
        st.markdown("**Failures by rule**")
        _table([{"Rule": RULES.get(rule, rule), "Failures": rows} for rule, rows in summary.by_rule.items()])
    with right:
        st.markdown("**Reasons that came together**")
        _combinations(summary)
    st.markdown("**By file**")
    _table([_file(one.model_dump(), with_dataset=summary.dataset is None) for one in summary.by_file])


def _bars(name: str, counts: list[tuple[str, int]]) -> None:
    """The table has all of them, and is what a screen reader reads."""
    if not counts:
        st.caption("No row was rejected.")
        return
    shown = counts[:BARS_SHOWN]
    frame = pd.DataFrame(shown, columns=[name, "Rows"])
    words = "; ".join(f"{label}: {rows:,}" for label, rows in shown)
    st.vega_lite_chart(frame, _bar_spec(name), height=60 + 34 * len(frame), alt=f"Bars. {words}")
    _table([{name: label, "Rows": rows} for label, rows in counts])


def _bar_spec(name: str) -> dict[str, Any]:
    """Not `st.bar_chart`: that cuts a reason off after its first words."""
    return {
        "mark": {"type": "bar", "color": BAD},
        "encoding": {
            "x": {"field": "Rows", "type": "quantitative", "title": None, "axis": {"tickMinStep": 1}},
            "y": {
                "field": name,
                "type": "nominal",
                "sort": "-x",
                "title": None,
                "axis": {"labelLimit": LABEL_PIXELS},
            },
            "tooltip": [{"field": name}, {"field": "Rows", "type": "quantitative", "format": ","}],
        },
    }


def _rate(summary: Summary) -> None:
    st.markdown("**By day**")
    days = [day for day in summary.by_day if day.rows_in]
    lines = [
        {
            "Day (UTC)": day.day,
            "Received": day.rows_in,
            "Stored": day.rows_valid,
            "Rejected": day.rows_rejected,
            "Passed": _percent(day),
        }
        for day in days
    ]
    if len(days) > 1:
        frame = pd.DataFrame({"Day": [str(day.day) for day in days], "Passed %": [_percent(day) for day in days]})
        first, last = days[0], days[-1]
        words = f"Line. Passed on {first.day}: {_percent(first):.1f} %; on {last.day}: {_percent(last):.1f} %"
        st.line_chart(frame, x="Day", y="Passed %", color=GOOD, height=220, x_label="", alt=words)
    _table(lines)


def _percent(day: Any) -> float:
    return 100.0 * float(day.rows_valid) / float(day.rows_in)


def _combinations(summary: Summary) -> None:
    if summary.by_combination is None:
        st.caption("Too many rejected rows to count combinations here.")
        return
    _table([{"Rows": one.rows, "Reasons": ", ".join(_in_words(one.reasons))} for one in summary.by_combination])


def _in_words(reasons: list[str]) -> list[str]:
    """Each is `column: rule`, or only the rule."""
    parts = (reason.rpartition(": ") for reason in reasons)
    return [reason_text(column, rule) for column, _, rule in parts]


def _file(one: dict[str, Any], *, with_dataset: bool) -> dict[str, Any]:
    name = f"{one['file_name']}, {one['part']}" if one["part"] else one["file_name"]
    return {
        "File": name,
        **({"Dataset": one["dataset"]} if with_dataset else {}),
        "Received": one["rows_in"],
        "Stored": one["rows_valid"],
        "Rejected": one["rows_rejected"],
        "Passed": 100 * one["rows_valid"] / one["rows_in"] if one["rows_in"] else None,
        "Loaded": when(one["created_at"]),
        "Batch": str(one["batch"]),
    }


def _table(lines: list[dict[str, Any]]) -> None:
    if not lines:
        st.caption("No row was rejected.")
        return
    counts = [name for name, value in lines[0].items() if isinstance(value, int)]
    looks = {name: st.column_config.NumberColumn(format="localized") for name in counts}
    looks["Passed"] = st.column_config.NumberColumn(format="%.1f%%")
    st.dataframe(lines, hide_index=True, width="stretch", column_config=looks)
