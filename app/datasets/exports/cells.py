"""Rows become the XML of a sheet, a whole block at once. Texts are texts: no cell is ever a formula."""

from collections.abc import Iterator

import polars as pl

from app.datasets.exports.fields import Field

MAX_TEXT = 32_767  # in UTF-16 units, as spreadsheets count
CUT = " … [cut: {} characters do not fit into a cell]"
KEPT = 32_700
EXACT_DIGITS = 15  # a spreadsheet rounds numbers with more
MAX_WIDTH = 60
# Styles of the sheet; a decimal column of scale n has DECIMAL + n.
HEADER, TEXT, DATE, TIMESTAMP, INTEGER, DECIMAL = range(1, 7)
FIXED_WIDTHS = {"date": 11, "timestamp": 20, "boolean": 8}

CONTROLS = [chr(code) for code in (*range(9), 11, 12, *range(13, 32), 0xFFFE, 0xFFFF)]  # XML knows no way to write them
SPECIAL = r"[&<>\x00-\x08\x0b-\x1f\x{fffe}\x{ffff}]|_x[0-9A-Fa-f]{4}"
REPLACED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", **{char: f"_x{ord(char):04X}_" for char in CONTROLS}}
OPEN_TEXT = f'<c s="{TEXT}" t="inlineStr"><is><t xml:space="preserve">'
CLOSE_TEXT = "</t></is></c>"
Part = str | pl.Series


def rows_xml(frame: pl.DataFrame, fields: tuple[Field, ...]) -> pl.Series:
    """One `<row>` for each row of texts as `as_sheet` gives them."""
    parts: list[Part] = ["<row>"]
    for field, texts in zip(fields, frame.get_columns(), strict=True):
        parts += _cells(field, texts)
    return frame.select(pl.concat_str(list(_merged([*parts, "</row>"])))).to_series()


def header_xml(fields: tuple[Field, ...]) -> str:
    names = _escaped(pl.Series([field.name for field in fields], dtype=pl.String))
    opened = OPEN_TEXT.replace(f's="{TEXT}"', f's="{HEADER}"')
    return "<row>" + "".join(f"{opened}{name}{CLOSE_TEXT}" for name in names) + "</row>"


def columns_xml(frame: pl.DataFrame, fields: tuple[Field, ...]) -> str:
    """As wide as the first rows ask for."""
    widths = [_width(field, texts) for field, texts in zip(fields, frame.get_columns(), strict=True)]
    cols = "".join(
        f'<col min="{place}" max="{place}" width="{width}" customWidth="1"/>' for place, width in enumerate(widths, 1)
    )
    return f"<cols>{cols}</cols>"


def _width(field: Field, texts: pl.Series) -> int:
    longest = texts.str.len_chars().max()
    content = FIXED_WIDTHS.get(field.kind, longest if isinstance(longest, int) else 0)
    return min(max(content, len(field.name) + 1, 5) + 2, MAX_WIDTH)


def _cells(field: Field, texts: pl.Series) -> list[Part]:
    if field.kind in ("text", "json"):
        return _optional(texts, [OPEN_TEXT, _escaped(_fitting(texts)), CLOSE_TEXT])
    opened, closed = _number_marks(field)
    numbers: list[Part] = [opened, texts, closed]
    odd = _is_no_number(field, texts)
    if odd is None:
        return _optional(texts, numbers)
    as_text = _series([OPEN_TEXT, texts, CLOSE_TEXT])
    return _optional(texts, [_series(numbers).zip_with(~odd.fill_null(value=False), as_text)])


def _number_marks(field: Field) -> tuple[str, str]:
    if field.kind == "boolean":
        return '<c t="b"><v>', "</v></c>"
    styles = {"integer": INTEGER, "date": DATE, "timestamp": TIMESTAMP, "decimal": DECIMAL + field.scale}
    style = styles.get(field.kind)
    return (f'<c s="{style}"><v>' if style else "<c><v>"), "</v></c>"


def _is_no_number(field: Field, texts: pl.Series) -> pl.Series | None:
    """Where a spreadsheet would change the value: such a cell is a text, exact to the last digit."""
    if field.kind in ("integer", "decimal"):
        longest = texts.str.len_bytes().max()
        if not isinstance(longest, int) or longest <= EXACT_DIGITS:
            return None
        digits = texts.str.replace_all(r"[-.]", "").str.strip_chars("0")
        return digits.str.len_bytes() > EXACT_DIGITS
    if field.kind == "number":
        odd = texts.str.contains("[IN]")  # Infinity, NaN
    elif field.kind in ("date", "timestamp"):
        odd = texts.str.contains("-", literal=True)
    else:
        return None
    return odd if odd.any() else None


def _optional(texts: pl.Series, parts: list[Part]) -> list[Part]:
    """An empty cell where there is nothing."""
    if not texts.null_count():
        return parts
    return [_series(parts).fill_null("<c/>")]


def _series(parts: list[Part]) -> pl.Series:
    return pl.select(pl.concat_str([pl.lit(part) for part in parts])).to_series()


def _merged(parts: list[Part]) -> Iterator[pl.Expr]:
    """Literals that stand side by side become one: there are twice as many of them as there are values."""
    waiting = ""
    for part in parts:
        if isinstance(part, str):
            waiting += part
        else:
            yield pl.lit(waiting)
            yield pl.lit(part)
            waiting = ""
    yield pl.lit(waiting)


def _fitting(texts: pl.Series) -> pl.Series:
    longest = texts.str.len_bytes().max()
    if not isinstance(longest, int) or longest <= MAX_TEXT:
        return texts
    wide = texts.str.count_matches(r"[\x{10000}-\x{10ffff}]")  # two units each
    length = texts.str.len_chars()
    kept = pl.Series([KEPT]).extend_constant(KEPT, len(texts) - 1) if len(texts) else texts
    kept = kept.zip_with(wide == 0, kept // 2)
    cut = pl.DataFrame({"text": texts, "kept": kept, "left": length - kept}).select(
        pl.format("{}" + CUT, pl.col("text").str.slice(0, pl.col("kept")), pl.col("left"))
    )
    return texts.zip_with((length + wide <= MAX_TEXT).fill_null(value=True), cut.to_series())


def _escaped(texts: pl.Series) -> pl.Series:
    """`_x0041_` would be read as a letter A: its underscore is written that way instead."""
    if not texts.str.contains(SPECIAL).any():
        return texts
    plain = texts.str.replace_all(r"_(x[0-9A-Fa-f]{4})", "_x005F_${1}")
    return plain.str.replace_many(list(REPLACED), list(REPLACED.values()))
