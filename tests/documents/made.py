"""Small documents with known words, made by other programs than the ones that read them."""

import io
import zipfile
import zlib
from typing import Any

import docx
import pptx
from pptx.util import Inches

from app.core import db
from app.core.actor import SYSTEM, Actor
from app.documents import service as documents
from app.documents.jobs import HANDLERS
from app.documents.schemas import Document
from app.jobs.work_off import work_off


def pdf(*pages: str, trailer: str = "", catalog: str = "") -> bytes:
    """Written by hand: the format itself is the fixture."""
    kids = " ".join(f"{4 + 2 * place} 0 R" for place in range(len(pages)))
    objects = [f"<< /Type /Catalog /Pages 2 0 R {catalog} >>", f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>"]
    objects.append("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    for place, text in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * place} 0 R"
            " /Resources << /Font << /F1 3 0 R >> >> >>"
        )
        drawn = "".join(f"({line}) Tj 0 -20 Td " for line in text.split("\n")) if text else ""
        content = f"BT /F1 14 Tf 60 780 Td {drawn}ET"
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    body, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n".encode("cp1252")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n"
    end += f"<< /Size {len(objects) + 1} /Root 1 0 R {trailer} >>\nstartxref\n{len(body)}\n%%EOF\n"
    return body + end.encode()


def word(*paragraphs: str) -> bytes:
    made = docx.Document()
    for text in paragraphs:
        made.add_paragraph(text)
    return _saved(made)


def minutes() -> bytes:
    made = docx.Document()
    made.add_paragraph("Preface of the minutes")
    made.add_heading("Budget", 1)
    made.add_paragraph("The harbour needs a new crane.")
    table = made.add_table(rows=2, cols=2)
    for row, texts in zip(table.rows, [("Item", "Cost"), ("Crane", "125,000 €")], strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    made.add_heading("Other matters", 1)
    made.add_paragraph("Nothing else.")
    made.sections[0].footer.paragraphs[0].text = "Confidential"
    return _saved(made)


def slides() -> bytes:
    made = pptx.Presentation()
    first = made.slides.add_slide(made.slide_layouts[1])
    first.shapes.title.text = "Quarter three"
    first.placeholders[1].text = "Sales grew in Bergen"
    first.notes_slide.notes_text_frame.text = "Mention the strike"
    second = made.slides.add_slide(made.slide_layouts[5])
    table = second.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for row, texts in zip(table.rows, [("City", "Sold"), ("Oslo", "70")], strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    return _saved(made)


def _saved(made: Any) -> bytes:
    sink = io.BytesIO()
    made.save(sink)
    return sink.getvalue()


def zipped(**members: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return sink.getvalue()


def bomb() -> bytes:
    """Claims to hold 2 GiB, in a few kilobytes."""
    part = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = part.compress(bytes(1 << 20)) + part.flush()
    archive = bytearray(zipped(**{"word/document.xml": packed}))
    place = archive.rfind(b"PK\x01\x02") + 24
    archive[place : place + 4] = (2 << 30).to_bytes(4, "little")
    return bytes(archive)


def send(name: str, content: bytes, actor: Actor = SYSTEM, *, read: bool = True) -> Document:
    stored = documents.store_document(actor, name, [content])
    form = documents.check_document(stored)
    with db.transaction() as session:
        sent = documents.receive_document(session, actor, stored, form)
    if read:
        work_off(HANDLERS)
    with db.transaction() as session:
        return documents.document(session, actor, sent.id)
