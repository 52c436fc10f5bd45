"""Records read again from their evidence, with what people wrote laid over them. Polars: for children and jobs only."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import zstandard

from app.core.errors import Invalid
from app.datasets.cut_blocks import Block, Checkpoint, to_utf8
from app.datasets.formats import ndjson
from app.datasets.formats.blocks import parse_block, places_of
from app.datasets.named import named
from app.datasets.parse import Broken, Parsed
from app.datasets.rejects.questions import Change, Evidence
from app.datasets.rejects.schemas import Edit
from app.datasets.schemas import Dialect
from app.datasets.split import Layout, Record, scan, tokenize


class NotOneRecord(Invalid):
    """The text must be exactly one record."""


def read_records(evidence: Evidence, rows: Sequence[int]) -> Parsed:
    """Only these rows, in this order, as they stand in the file. Their line numbers are not those of the file."""
    dialect = evidence.dialect
    content = to_utf8(zstandard.ZstdDecompressor().decompress(evidence.content), dialect.encoding, final=True)
    places = np.array(rows, dtype=np.int64) - evidence.first_row
    if evidence.tolerant:  # where a broken record ends is only known from what stands before it
        return _only(parse_block(_block(content, dialect, tolerant=True), dialect), places)
    found = places_of(content, dialect, tolerant=False)
    wanted = [content[found[place][0] : found[place][1]] for place in places]
    return parse_block(_block(_joined(wanted, dialect), dialect, tolerant=False), dialect)


def _joined(records: list[bytes], dialect: Dialect) -> bytes:
    """The last record of a file may lack its line end."""
    newline = dialect.newline.encode()
    return b"".join(record if record.endswith(newline) else record + newline for record in records)


def _block(content: bytes, dialect: Dialect, *, tolerant: bool | None) -> Block:
    """`tolerant`: as it was when the block was loaded; None where that is to be found out."""
    layout: Layout | None = None
    records: list[Record] | None = None
    if dialect.format == "ndjson":
        layout = ndjson.lines_of(content, dialect.newline, final=True)
    elif not tolerant:
        layout = scan(content, dialect.delimiter, dialect.newline, final=True)
        if tolerant is None and layout.bad_quote is not None:
            layout = None
    if layout is None:
        records = list(tokenize(content, dialect.delimiter, dialect.newline, final=True))
    return Block(Checkpoint(), content, content, layout, records, 0)


def _only(parsed: Parsed, places: "np.typing.NDArray[np.int64]") -> Parsed:
    new_place = {int(old): new for new, old in enumerate(places)}
    broken = [replace(one, index=new_place[one.index]) for one in parsed.broken if one.index in new_place]
    return replace(
        parsed,
        frame=parsed.frame[places],
        starts=parsed.starts[places],
        ends=parsed.ends[places],
        lines=parsed.lines[places],
        broken=broken,
    )


def lay_over(
    parsed: Parsed, dialect: Dialect, changes: Mapping[int, Change], *, strict: bool = True
) -> tuple[Parsed, Dialect]:
    """`changes` by index. A column that the file did not have is added to both. Not strict: where a text is not
    one record, that is what is wrong with its row."""
    texts: dict[str, dict[int, str | None]] = {}
    broken = {one.index: one for one in parsed.broken}
    for index, change in changes.items():
        if change.raw is not None:
            try:
                written, reason = _read_one(change.raw, dialect)
            except NotOneRecord as error:
                if strict:
                    raise
                written, reason = {}, Broken(index, "columns", error.message)
            broken.pop(index, None)
            if reason is not None:
                broken[index] = replace(reason, index=index)
        else:
            written = dict(change.values or {})
        for name, text in written.items():
            texts.setdefault(name, {})[index] = text
    frame, dialect = _with_columns(parsed.frame, dialect, list(texts))
    changed = [frame[name].scatter(list(new), list(new.values())) for name, new in texts.items()]
    return replace(parsed, frame=frame.with_columns(changed), broken=list(broken.values())), dialect


def _read_one(raw: str, dialect: Dialect) -> tuple[dict[str, str | None], Broken | None]:
    text = raw.rstrip("\r\n")
    parsed = parse_block(_block(text.encode(), dialect, tolerant=None), dialect)
    if len(parsed.frame) != 1:
        raise NotOneRecord(f"The text holds {len(parsed.frame)} records; a row is mended by exactly one.")
    return parsed.frame.row(0, named=True), parsed.broken[0] if parsed.broken else None


def edit(parsed: Parsed, dialect: Dialect, edits: Sequence[Edit]) -> tuple[Parsed, Dialect, pl.Series]:
    """All rows at once; also the changed texts of each row as JSON, null where nothing changed."""
    frame, dialect = _with_columns(parsed.frame, dialect, [one.column for one in edits])
    names = list(dict.fromkeys(one.column for one in edits))
    after = frame
    for one in edits:
        after = after.with_columns(_edited(one).alias(one.column))
    changes = [
        pl.when(after[name].alias("after") != frame[name].alias("before").fill_null("")).then(
            after.select(pl.struct(named(name)).struct.json_encode().str.slice(1).str.strip_suffix("}")).to_series()
        )
        for name in names
    ]
    joined = frame.select(pl.concat_str(changes, separator=",", ignore_nulls=True).alias("changed")).to_series()
    changed = pl.select(pl.when(joined != "").then("{" + joined + "}")).to_series().alias("_changed")
    return replace(parsed, frame=after), dialect, changed


def _edited(one: Edit) -> pl.Expr:
    text = named(one.column).fill_null("")
    if one.trim:
        text = text.str.strip_chars()
    if one.map:
        text = text.replace(list(one.map), list(one.map.values()))
    if one.value is not None:
        new = pl.lit(one.value)
        text = new if one.old is None else pl.when(text == one.old).then(new).otherwise(text)
    return text


def _with_columns(frame: pl.DataFrame, dialect: Dialect, names: list[str]) -> tuple[pl.DataFrame, Dialect]:
    new = [name for name in dict.fromkeys(names) if name not in dialect.header]
    if not new:
        return frame, dialect
    empty = [pl.Series(name, [None] * len(frame), dtype=pl.String()) for name in new]
    return frame.with_columns(empty), dialect.model_copy(update={"header": [*dialect.header, *new]})
