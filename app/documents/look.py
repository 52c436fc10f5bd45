"""What a file is, by its bytes, and whether its text can be read at all. Runs in a child: the file is a stranger's."""

import io
import zipfile
from pathlib import PurePath

import pypdfium2
from pypdfium2 import raw

from app.core import storage
from app.core.errors import Invalid, TooLarge
from app.documents.schemas import Form

MAX_PAGES = 5000
MAX_MEMBERS = 10_000
MAX_UNPACKED = 1 << 30
INSIDE: dict[str, Form] = {"word/document.xml": "docx", "ppt/presentation.xml": "pptx"}
NAMES = {"pdf": "PDF", "docx": "Word", "pptx": "PowerPoint"}
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class NotADocument(Invalid):
    """Documents are PDF, Word (.docx) and PowerPoint (.pptx) files."""

    status = 415


class Locked(Invalid):
    """This file is protected by a password. Save it without one, then send it again."""


class Damaged(Invalid):
    """This file is damaged: it cannot be opened."""


class TooMuchInside(TooLarge):
    """This file holds more than the limit."""


def look(key: str, file_name: str) -> Form:
    """Raises NotADocument, Locked, Damaged, TooMuchInside."""
    content = storage.read(key)
    form = _form(content, file_name)
    extension = PurePath(file_name).suffix.lower().lstrip(".")
    if extension != form:
        raise NotADocument(f"{file_name} is a {NAMES[form]} file. Give it a name that ends with .{form}.")
    return form


def _form(content: bytes, name: str) -> Form:
    if b"%PDF-" in content[:1024]:
        _check_pdf(content, name)
        return "pdf"
    if content.startswith(b"PK\x03\x04"):
        return _inside_zip(content, name)
    if content.startswith(OLD_OFFICE):
        raise Locked(
            f"{name} is protected by a password, or of an Office version before 2007. "
            "Save it as .docx or .pptx without a password, then send it again."
        )
    raise NotADocument(f"{name} is no document. Documents are PDF, Word (.docx) and PowerPoint (.pptx) files.")


def _check_pdf(content: bytes, name: str) -> None:
    try:
        with pypdfium2.PdfDocument(content) as document:
            pages = len(document)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise Locked(f"{name} is protected by a password. Save it without one, then send it again.") from error
        raise Damaged(f"{name} is damaged: it cannot be opened as a PDF.") from error
    if pages > MAX_PAGES:
        raise TooMuchInside(f"{name} has {pages:,} pages; {MAX_PAGES:,} are allowed.")


def _inside_zip(content: bytes, name: str) -> Form:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise Damaged(f"{name} is damaged: it cannot be opened.") from error
    if len(members) > MAX_MEMBERS or sum(one.file_size for one in members) > MAX_UNPACKED:
        raise TooMuchInside(f"{name} holds more than {MAX_UNPACKED >> 20:,} MB or {MAX_MEMBERS:,} parts when unpacked.")
    if any(one.flag_bits & 1 for one in members):
        raise Locked(f"{name} is protected by a password. Save it without one, then send it again.")
    found = next((form for path, form in INSIDE.items() if any(one.filename == path for one in members)), None)
    if found is None:
        raise NotADocument(
            f"{name} is no Word or PowerPoint file. Tables (.xlsx, .csv) are loaded into a dataset instead."
        )
    return found
