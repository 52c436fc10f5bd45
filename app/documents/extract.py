"""The text of a document, page by page. Only text is taken: no script, no link, no form of it is ever run."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import docx
import pptx
import pypdfium2

from app.documents.schemas import Form

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
MAX_TEXT = 100_000  # of one page: longer ones are taken apart, because an index of words has an end
NOTHING = str.maketrans(dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(0xE000, 0xE004))) | {13: "\n"})
HYPHEN = re.compile("[\x02\ufffe]\r?\n?")  # what pdfium gives for a word that goes on in the next line


@dataclass(frozen=True)
class Text:
    """`page` counts pages, slides or sections; a long one comes in several pieces."""

    title: str
    text: str
    page: int = 0


def extract(content: bytes, form: Form) -> list[Text]:
    """In order; a page without text is there with an empty one. Any error means that it cannot be read."""
    readers = {"pdf": _pdf, "docx": _docx, "pptx": _pptx}
    return [part for number, page in enumerate(readers[form](content), 1) for part in _parts(page, number)]


def _parts(page: Text, number: int) -> Iterator[Text]:
    text = re.sub(r"\n{3,}", "\n\n", page.text.translate(NOTHING)).strip()
    title = page.title.translate(NOTHING).strip()[:200]
    for start in range(0, max(len(text), 1), MAX_TEXT):
        yield Text(title, text[start : start + MAX_TEXT], number)


def _pdf(content: bytes) -> Iterator[Text]:
    with pypdfium2.PdfDocument(content) as document:
        for place in range(len(document)):
            page = document[place]
            letters = page.get_textpage()
            text = HYPHEN.sub("", letters.get_text_bounded()).replace("\r\n", "\n")
            letters.close()
            page.close()
            yield Text("", text)


def _docx(content: bytes) -> Iterator[Text]:
    """A section from each heading to the next."""
    document = docx.Document(io.BytesIO(content))
    headings = {
        style.style_id for style in document.styles if (style.name or "").lower().startswith(("heading", "title"))
    }
    title, lines = "", list[str]()
    for style, text in _lines(document.element.body):
        if style in headings and text.strip():
            if title or any(lines):
                yield Text(title, "\n".join(lines))
            title, lines = text, [text]
        else:
            lines.append(text)
    yield Text(title, "\n".join(lines))
    if margins := _margins(document):
        yield Text("Headers and footers", margins)


def _margins(document: Any) -> str:
    """Each text once, however many sections repeat it."""
    parts = [part for section in document.sections for part in (section.header, section.footer)]
    texts = [text for part in parts if not part.is_linked_to_previous for _, text in _lines(part._element)]
    return "\n".join(dict.fromkeys(text for text in texts if text.strip()))


def _lines(element: Any) -> Iterator[tuple[str | None, str]]:
    """Paragraphs with their style, and rows of tables, in the order of the document."""
    for child in element:
        if child.tag == WORD + "p":
            style = child.find(f"{WORD}pPr/{WORD}pStyle")
            yield style.get(WORD + "val") if style is not None else None, _words(child)
        elif child.tag == WORD + "tbl":
            for row in child.iter(WORD + "tr"):
                yield None, " | ".join(_cell(cell) for cell in row.iter(WORD + "tc"))
        elif child.tag in (WORD + "sdt", WORD + "sdtContent", WORD + "ins", WORD + "customXml"):
            yield from _lines(child)


def _cell(cell: Any) -> str:
    return " ".join(_words(part) for part in cell.iterchildren(WORD + "p"))


def _words(paragraph: Any) -> str:
    """A text box is there twice, the second time for programs that know no better."""
    signs = {WORD + "tab": "\t", WORD + "br": "\n", WORD + "cr": "\n", WORD + "noBreakHyphen": "-"}
    parts = []
    for one in paragraph.iter():
        if one.tag == WORD + "t" and not any(above.tag == FALLBACK for above in one.iterancestors(FALLBACK)):
            parts.append(one.text or "")
        elif one.tag in signs:
            parts.append(signs[one.tag])
    return "".join(parts)


def _pptx(content: bytes) -> Iterator[Text]:
    for slide in pptx.Presentation(io.BytesIO(content)).slides:
        shapes = slide.shapes
        title = shapes.title.text_frame.text if shapes.title is not None else ""
        lines = list(_slide_lines(shapes._spTree))
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            notes = slide.notes_slide.notes_text_frame.text.strip()
            lines += ["", f"Notes: {notes}"] if notes else []
        yield Text(title, "\n".join(lines))


def _slide_lines(tree: Any) -> Iterator[str]:
    """Paragraphs in the order of the slide; those of a table row stand side by side."""

    def row_of(paragraph: Any) -> Any:
        return next(paragraph.iterancestors(DRAWING + "tr"), paragraph)

    for _, paragraphs in groupby(tree.iter(DRAWING + "p"), key=row_of):
        line = " | ".join("".join(_runs(one)) for one in paragraphs)
        if line.strip(" |"):
            yield line


def _runs(paragraph: Any) -> Iterator[str]:
    for one in paragraph.iter(DRAWING + "t", DRAWING + "br"):
        yield "\n" if one.tag == DRAWING + "br" else one.text or ""
