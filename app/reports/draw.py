"""A ChartSpec and its rows as a Vega-Lite chart, drawn to SVG without a browser. Imported by child processes only."""

import math
from functools import lru_cache
from typing import Any

import vl_convert

from app.core.errors import Invalid
from app.queries.format import NUMERIC, NumberFormat, Style, format_value
from app.queries.schemas import QueryResult, ResultColumn
from app.reports.fonts import FAMILY, shipped_fonts
from app.templates.schemas import ChartSpec, Theme

VERSION = "6.4"
WIDTH, HEIGHT = 700, 290
MAX_POINTS, MAX_SERIES, MAX_SLICES = 2000, 12, 12
PALETTE = ["#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f", "#475569", "#a16207"]
INK, MUTED, LINES = "#1e293b", "#475569", "#e2e8f0"
FORBIDDEN_KEYS = {"url", "href", "sequence"}


class UnfitChart(Invalid):
    """The data does not fit this chart."""


def draw(chart: ChartSpec, answer: QueryResult, theme: Theme, number: NumberFormat) -> str:
    """SVG text."""
    spec = chart_spec(chart, answer, theme, number)
    refuse_outside_data(spec)
    _register_fonts()
    try:
        return str(vl_convert.vegalite_to_svg(spec, vl_version=VERSION, allowed_base_urls=[]))
    except ValueError as error:
        raise UnfitChart from error


def chart_spec(chart: ChartSpec, answer: QueryResult, theme: Theme, number: NumberFormat) -> dict[str, Any]:
    """Data goes in under our own names: a column called `a.b[0]` would be read as a path."""
    columns = {column.name: column for column in answer.columns}
    _check_columns(chart, columns)
    points = _points(chart, answer, columns)
    is_pie = chart.kind == "pie"
    body = _pie(chart, points) if is_pie else _axes(chart, columns, points, number)
    colours = [theme.accent, *(colour for colour in PALETTE if colour.lower() != theme.accent.lower())]
    return {
        "data": {"values": points},
        # Axes and legend are inside this width: on the page all charts get the same size of letters.
        **({"width": 260} if is_pie else {"width": WIDTH, "autosize": {"type": "fit", "contains": "padding"}}),
        "height": HEIGHT,
        "background": "transparent",
        **({"title": {"text": chart.title}} if chart.title else {}),
        **body,
        "config": _look(colours),
    }


def refuse_outside_data(node: Any) -> None:
    """`allowed_base_urls=[]` does not stop image marks, and a sequence can eat all memory."""
    if isinstance(node, dict):
        if FORBIDDEN_KEYS & set(node) or node.get("mark") == "image" or node.get("type") == "image":
            raise UnfitChart("A chart may not load addresses, images or sequences.")
        for value in node.values():
            refuse_outside_data(value)
    elif isinstance(node, list):
        for value in node:
            refuse_outside_data(value)


def describe(chart: ChartSpec, answer: QueryResult, number: NumberFormat) -> str:
    """The author's text, and what the figures say: kind, axes, number of points, smallest and largest."""
    return " ".join(filter(None, [chart.alt.strip(), _described(chart, answer, number)]))


def _described(chart: ChartSpec, answer: QueryResult, number: NumberFormat) -> str:
    columns = {column.name: column for column in answer.columns}
    if chart.x not in columns or chart.y not in columns:
        return chart.title
    pairs = [(record[chart.y], record[chart.x]) for record in answer.records() if record[chart.y] is not None]
    text = f"{chart.kind.capitalize()} chart of {chart.y} by {chart.x}, {len(pairs)} points."
    if not pairs:
        return text
    ends = [("Largest", max(pairs, key=lambda p: float(p[0]))), ("Smallest", min(pairs, key=lambda p: float(p[0])))]
    said = [
        f"{name}: {format_value(y, columns[chart.y], number)} at {format_value(x, columns[chart.x])}."
        for name, (y, x) in ends
    ]
    return " ".join([text, *said])


def _check_columns(chart: ChartSpec, columns: dict[str, ResultColumn]) -> None:
    for role, name in (("x", chart.x), ("y", chart.y), ("series", chart.series)):
        if name is not None and name not in columns:
            raise UnfitChart(f'The chart\'s {role} is "{name}"; the query gives: {", ".join(columns)}.')
    if columns[chart.y].type not in NUMERIC:
        raise UnfitChart(f'The chart\'s y is "{chart.y}", which is {columns[chart.y].type} and not a number.')


def _points(chart: ChartSpec, answer: QueryResult, columns: dict[str, ResultColumn]) -> list[dict[str, Any]]:
    points = []
    for record in answer.records():
        y = record[chart.y]
        if y is None or not math.isfinite(float(y)):
            continue
        point = {"x": _place(record[chart.x], columns[chart.x], chart), "y": float(y)}
        if chart.series:
            point["s"] = format_value(record[chart.series], columns[chart.series])
        points.append(point)
    if len(points) > MAX_POINTS:
        raise UnfitChart(f"{len(points):,} points are too many for a chart (at most {MAX_POINTS:,}): group the data.")
    if chart.series and len({point["s"] for point in points}) > MAX_SERIES:
        raise UnfitChart(f'"{chart.series}" has more than {MAX_SERIES} values: too many series to tell apart.')
    if chart.kind == "pie" and len(points) > MAX_SLICES:
        raise UnfitChart(f"{len(points)} slices are too many for a pie (at most {MAX_SLICES}): use bars.")
    return points


def _place(value: Any, column: ResultColumn, chart: ChartSpec) -> Any:
    """Along a line time and numbers keep their distances; bars and slices stand side by side under their names."""
    if chart.kind in ("line", "area") and value is not None:
        if column.type in ("date", "timestamp"):
            return str(value)
        if column.type in NUMERIC:
            return float(value)
    return format_value(value, column)


def _axes(
    chart: ChartSpec, columns: dict[str, ResultColumn], points: list[dict[str, Any]], number: NumberFormat
) -> dict[str, Any]:
    x_axis: dict[str, Any] = {"title": chart.x, "labelOverlap": True, "grid": False}
    x: dict[str, Any] = {"field": "x", "type": "ordinal", "sort": None, "axis": {**x_axis, "labelAngle": 0}}
    kind = columns[chart.x].type
    if chart.kind in ("line", "area") and kind in ("date", "timestamp"):
        x = {"field": "x", "type": "temporal", "scale": {"type": "utc"}, "axis": x_axis}
    elif chart.kind in ("line", "area") and kind in NUMERIC:
        x = {"field": "x", "type": "quantitative", "scale": {"zero": False}, "axis": x_axis}
    elif max((len(str(point["x"])) for point in points), default=0) * len({point["x"] for point in points}) > 90:
        x["axis"] = {**x_axis, "labelAngle": -40, "labelLimit": 110}
    stack = "zero" if chart.stacked and chart.kind in ("bar", "area") else None
    axis = {"title": chart.y, "format": _d3_format(number), "tickCount": 5}
    encoding: dict[str, Any] = {"x": x, "y": {"field": "y", "type": "quantitative", "stack": stack, "axis": axis}}
    if chart.series:
        encoding["color"] = {"field": "s", "type": "nominal", "sort": None, "title": chart.series}
        if chart.kind == "bar" and not chart.stacked:
            encoding["xOffset"] = {"field": "s", "sort": None}
    return {"mark": _mark(chart, len(points)), "encoding": encoding}


def _mark(chart: ChartSpec, points: int) -> dict[str, Any]:
    if chart.kind == "bar":
        return {"type": "bar", "cornerRadiusEnd": 0 if chart.series else 2}
    if chart.kind == "line":
        return {"type": "line", "strokeWidth": 2, "point": {"size": 28} if points <= 40 else False}
    return {"type": "area", "opacity": 0.85 if chart.stacked else 0.5, "line": True}


def _pie(chart: ChartSpec, points: list[dict[str, Any]]) -> dict[str, Any]:
    if any(point["y"] < 0 for point in points):
        raise UnfitChart("A pie cannot show negative figures: use bars.")
    colour = {"field": "x", "type": "nominal", "sort": None, "title": chart.x}
    return {
        "mark": {"type": "arc", "innerRadius": 62, "stroke": "#ffffff", "strokeWidth": 1.5},
        "encoding": {"theta": {"field": "y", "type": "quantitative", "stack": True}, "color": colour},
    }


def _d3_format(number: NumberFormat) -> str:
    if number.style is Style.percent:
        return f",.{number.decimals or 0}%"
    return "~s" if number.style is Style.compact else ",~r"


def _look(colours: list[str]) -> dict[str, Any]:
    text = {"labelColor": MUTED, "titleColor": MUTED, "labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": 400}
    return {
        # An unknown single family makes all text vanish, so the list ends with a generic one.
        "font": f"{FAMILY}, sans-serif",
        "view": {"stroke": None},
        "range": {"category": colours},
        "mark": {"color": colours[0]},
        "axis": {**text, "gridColor": LINES, "domainColor": "#94a3b8", "tickColor": "#94a3b8", "titlePadding": 8},
        "axisY": {"domain": False, "ticks": False},
        "legend": {**text, "orient": "right", "symbolType": "square"},
        "title": {"color": INK, "fontSize": 13, "fontWeight": 600, "anchor": "start", "offset": 12},
    }


@lru_cache(maxsize=1)
def _register_fonts() -> None:
    vl_convert.register_font_directory(str(shipped_fonts()))
