"""A workbook as a stream: sheets as long as the format allows, in memory that does not grow. Runs in a child."""

from collections.abc import Iterator

import polars as pl

from app.datasets.exports import cells
from app.datasets.exports.copy_out import in_chunks, messages
from app.datasets.exports.fields import Field
from app.datasets.exports.zip_stream import MAX_PART, ZipStream
from app.datasets.plain_text import plain_text

MAX_ROWS = 1_048_575  # and the header
BLOCK_BYTES = 1 << 20
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SHEET_HEAD = (
    f'{XML}<worksheet xmlns="{MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
)
RELATIONS = f"""{XML}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1"\
 Type="{LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>"""


def write(url: str, copy: str, fields: tuple[Field, ...], title: str) -> Iterator[bytes]:
    """The rows of a COPY statement as `fields.as_sheet` writes it."""
    texts = {str(place): pl.String() for place in range(len(fields))}
    blocks = in_chunks(messages(url, copy), BLOCK_BYTES)
    frames = (pl.read_csv(plain_text(block), has_header=False, schema=texts) for block in blocks)
    return workbook(frames, fields, title)


def workbook(
    frames: Iterator[pl.DataFrame], fields: tuple[Field, ...], title: str, max_part: int = MAX_PART
) -> Iterator[bytes]:
    archive = ZipStream()
    yield from archive.part("_rels/.rels", RELATIONS.encode())
    yield from archive.part("xl/styles.xml", _styles(fields).encode())
    sheets = 0
    for rows in _sheets(frames, fields, archive, max_part):
        sheets += 1
        yield archive.begin(f"xl/worksheets/sheet{sheets}.xml")
        for content in rows:
            yield archive.put(content)
        yield archive.end()
    yield from archive.part("xl/workbook.xml", _workbook(title, sheets).encode())
    yield from archive.part("xl/_rels/workbook.xml.rels", _links(sheets).encode())
    yield from archive.part("[Content_Types].xml", _types(sheets).encode())
    yield archive.close()


def _sheets(
    frames: Iterator[pl.DataFrame], fields: tuple[Field, ...], archive: ZipStream, max_part: int
) -> Iterator[Iterator[bytes | memoryview]]:
    """Each sheet must be read to its end before the next one."""
    first = next(frames, pl.DataFrame(schema={field.name: pl.String() for field in fields}))
    widths = cells.columns_xml(first, fields)
    head = (SHEET_HEAD + widths + "<sheetData>" + cells.header_xml(fields)).encode()
    left: list[pl.DataFrame] = [first]

    def sheet() -> Iterator[bytes | memoryview]:
        yield head
        room = MAX_ROWS
        while room and archive.size < max_part and (frame := left.pop() if left else next(frames, None)) is not None:
            if len(frame) > room:
                left.append(frame[room:])
            taken = frame[:room]
            room -= len(taken)
            yield _content(taken, fields)
        yield b"</sheetData></worksheet>"

    while True:
        yield sheet()
        if not left:
            following = next(frames, None)
            if following is None:
                return
            left.append(following)


def _content(frame: pl.DataFrame, fields: tuple[Field, ...]) -> memoryview:
    """All texts of an Arrow column lie behind each other in one buffer: nothing has to be joined."""
    rows = cells.rows_xml(frame, fields).rechunk().to_arrow()
    content = rows.buffers()[2]
    return memoryview(content if content is not None else b"")


def _styles(fields: tuple[Field, ...]) -> str:
    """In the order of `cells`: HEADER, TEXT, DATE, TIMESTAMP, INTEGER, then a decimal for each scale."""
    scales = max((field.scale for field in fields if field.kind == "decimal"), default=0)
    formats = {164: "yyyy\\-mm\\-dd", 165: "yyyy\\-mm\\-dd\\ hh:mm:ss"}
    formats |= {166 + scale: "0." + "0" * scale if scale else "0" for scale in range(scales + 1)}
    numbers = "".join(f'<numFmt numFmtId="{key}" formatCode="{code}"/>' for key, code in formats.items())
    text = 'numFmtId="49" applyNumberFormat="1" quotePrefix="1"'  # stays a text when somebody edits the cell
    looks = ['numFmtId="0" fontId="0"', f'{text} fontId="1" applyFont="1"', f'{text} fontId="0"']
    looks += [f'numFmtId="{key}" fontId="0" applyNumberFormat="1"' for key in (164, 165, 1, *range(166, 167 + scales))]
    xfs = "".join(f'<xf xfId="0" fillId="0" borderId="0" {look}/>' for look in looks)
    return (
        f'{XML}<styleSheet xmlns="{MAIN}"><numFmts count="{len(formats)}">{numbers}</numFmts>'
        '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
        '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{len(looks)}">{xfs}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )


def _workbook(title: str, sheets: int) -> str:
    names = [title if number == 1 else f"{title} {number}" for number in range(1, sheets + 1)]
    listed = "".join(
        f'<sheet name="{name}" sheetId="{number}" r:id="rId{number}"/>' for number, name in enumerate(names, 1)
    )
    return f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{LINKS}"><sheets>{listed}</sheets></workbook>'


def _links(sheets: int) -> str:
    targets = [("worksheet", f"worksheets/sheet{number}.xml") for number in range(1, sheets + 1)]
    links = "".join(
        f'<Relationship Id="rId{number}" Type="{LINKS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate([*targets, ("styles", "styles.xml")], 1)
    )
    return f'{XML}<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>'


def _types(sheets: int) -> str:
    office = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = [("workbook.xml", "sheet.main"), ("styles.xml", "styles")]
    parts += [(f"worksheets/sheet{number}.xml", "worksheet") for number in range(1, sheets + 1)]
    listed = "".join(f'<Override PartName="/xl/{name}" ContentType="{office}.{kind}+xml"/>' for name, kind in parts)
    return (
        f'{XML}<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{listed}</Types>'
    )
