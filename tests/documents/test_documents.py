"""Documents: known words of known files are found on their pages, and what cannot be read says so."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.accounts import service as accounts
from app.accounts.schemas import KeyCreate, Scope
from app.api import make_api
from app.core import clock, db, storage
from app.core.actor import SYSTEM, Role
from app.core.clock import FixedClock
from app.core.errors import AppError, NotFound
from app.core.settings import settings
from app.documents import service as documents
from app.documents.extract import extract
from app.documents.jobs import HANDLERS
from app.documents.schemas import Document, DocumentPage, Hit
from app.documents.search import NothingToFind
from app.documents.tables import DocumentRow
from app.jobs.work_off import work_off
from tests.access_objects import new_person
from tests.documents.made import bomb, minutes, pdf, send, slides, word, zipped

REPORT = pdf("Annual report\nThe turbine was repaired in March.", "Outlook\nA second turbine is planned.", "")


def texts(one: Document) -> list[DocumentPage]:
    with db.transaction() as session:
        return documents.pages(session, SYSTEM, one.id, limit=200).items


def found(question: str, **wanted: object) -> list[Hit]:
    with db.transaction() as session:
        return documents.search(session, SYSTEM, question, **wanted).items


def stored_files(data_dir: Path) -> set[Path]:
    return {path for path in (data_dir / "storage" / "documents").rglob("*") if path.is_file()}


def test_a_known_pdf_is_read_page_by_page_and_found(database: str) -> None:
    one = send("annual.report.pdf", REPORT)
    assert (one.name, one.form, one.state, one.pages) == ("annual.report", "pdf", "ready", 3)
    assert one.note == "Pages without text: 1 of 3. They look scanned, or are empty."
    assert [page.text for page in texts(one)][1] == "Outlook\nA second turbine is planned."
    [hit] = found("turb plan")
    assert (hit.document, hit.page) == ("annual.report", 2)
    assert [piece.text for piece in hit.snippet if piece.found] == ["turbine", "planned"]
    assert {hit.page for hit in found("TURBINE")} == {1, 2}
    assert found('"turbine was repaired"')[0].page == 1
    assert found('"repaired turbine"') == []


def test_a_known_word_file_is_read_by_its_headings_with_tables_and_margins() -> None:
    sections = [(part.page, part.title, part.text) for part in extract(minutes(), "docx")]
    assert sections == [
        (1, "", "Preface of the minutes"),
        (2, "Budget", "Budget\nThe harbour needs a new crane.\nItem | Cost\nCrane | 125,000 €"),
        (3, "Other matters", "Other matters\nNothing else."),
        (4, "Headers and footers", "Confidential"),
    ]


def test_known_slides_are_read_with_their_tables_and_notes() -> None:
    first, second = extract(slides(), "pptx")
    assert (first.title, first.text) == (
        "Quarter three",
        "Quarter three\nSales grew in Bergen\n\nNotes: Mention the strike",
    )
    assert second.text == "City | Sold\nOslo | 70"


def test_words_of_every_kind_of_document_are_found_best_page_first(database: str) -> None:
    send("minutes.docx", minutes())
    send("quarter.pptx", slides())
    send("crane.pdf", pdf("crane crane crane", "a crane among many other words of a long page"))
    assert [(hit.document, hit.page) for hit in found("crane")] == [("crane", 1), ("minutes", 2), ("crane", 2)]
    assert [hit.document for hit in found("strike")] == ["quarter"]
    assert [hit.title for hit in found("125,000")] == ["Budget"]


@pytest.mark.parametrize(
    "question", ["O'Neil", "a & b | !c", "back\\slash", "<->", "100%", "x:*", '"open', "'); drop table"]
)
def test_no_sign_of_a_question_means_anything(question: str, database: str) -> None:
    send("signs.pdf", pdf("nothing of that"))
    with suppress(NothingToFind):
        assert found(question) == []


def test_markup_in_a_document_stays_text(database: str) -> None:
    send("script.docx", word("<script>alert(1)</script> is dangerous, and a <turbine> too"))
    [hit] = found("dangerous turbine alert")
    assert "alert(1)</script> is dangerous, and a <turbine" in "".join(piece.text for piece in hit.snippet)


def test_scripts_and_launch_actions_of_a_pdf_are_no_part_of_its_text(database: str) -> None:
    action = "/OpenAction << /S /JavaScript /JS (app.alert\\('boo'\\)) >> /AA << /WC << /S /Launch /F (calc.exe) >> >>"
    one = send("active.pdf", pdf("Harmless words", catalog=action))
    assert [page.text for page in texts(one)] == ["Harmless words"]


def test_a_scanned_document_is_kept_and_says_why_nothing_is_found(database: str) -> None:
    one = send("scan.pdf", pdf("", ""))
    assert one.state == "empty"
    assert one.note.startswith("There is no text in it: it looks scanned.")


LOCKED = "/Encrypt << /Filter /Standard /V 1 /R 2 /O <{0}> /U <{0}> /P -4 >> /ID [<00> <00>]".format("41" * 32)


@pytest.mark.parametrize(
    ("name", "content", "error", "words"),
    [
        ("secret.pdf", pdf("hidden", trailer=LOCKED), "Locked", "protected by a password"),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "Locked", "Office version before 2007"),
        ("broken.pdf", b"%PDF-1.7\nnothing", "Damaged", "cannot be opened as a PDF"),
        ("broken.docx", minutes()[:900], "Damaged", "cannot be opened"),
        ("picture.pdf", b"\x89PNG\r\n\x1a\n", "NotADocument", "is no document"),
        ("table.docx", zipped(**{"xl/workbook.xml": b""}), "NotADocument", "loaded into a dataset"),
        ("report.txt", REPORT, "NotADocument", "name that ends with .pdf"),
        ("bomb.docx", bomb(), "TooMuchInside", "1,024 MB"),
    ],
)
def test_what_is_no_readable_document_is_refused_and_nothing_is_kept(
    name: str, content: bytes, error: str, words: str, database: str, data_dir: Path
) -> None:
    before = stored_files(data_dir)
    with pytest.raises(AppError) as caught:
        send(name, content)
    assert caught.value.code == error
    assert words in caught.value.message
    assert stored_files(data_dir) == before


def test_a_document_that_breaks_its_reader_says_so_and_is_kept(database: str) -> None:
    one = send("odd.docx", zipped(**{"word/document.xml": b"<no"}))
    assert (one.state, one.note.split(":")[0]) == ("failed", "Its text could not be read")


def test_entities_of_a_document_read_no_file_and_do_not_explode(database: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("the password is swordfish")
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(12))
    kinds = f'<!ENTITY file SYSTEM "file://{tmp_path}/secret"><!ENTITY l0 "ha">{laughs}'
    for entity in ("file", "l12"):
        with zipfile.ZipFile(io.BytesIO(word("MARK"))) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        text = parts["word/document.xml"].replace(b"MARK", f"before &{entity}; after".encode())
        parts["word/document.xml"] = text.replace(b"<w:document", f"<!DOCTYPE d [{kinds}]><w:document".encode(), 1)
        one = send(f"{entity}.docx", zipped(**parts))
        assert one.characters < 1000
        assert "swordfish" not in "".join(page.text for page in texts(one))


def test_the_same_bytes_again_are_the_same_document_but_only_for_the_same_person(database: str, data_dir: Path) -> None:
    ann, bob = new_person(Role.member), new_person(Role.member)
    first, again, other = send("a.pdf", REPORT, ann), send("b.pdf", REPORT, ann), send("a.pdf", REPORT, bob)
    assert (again.id, other.id == first.id) == (first.id, False)
    assert len({one.key for one in _rows()}) == 2


def _rows() -> list[DocumentRow]:
    with db.transaction() as session:
        return list(session.query(DocumentRow))


def test_nobody_finds_what_is_not_shared_with_them(database: str) -> None:
    ann, bob = new_person(Role.member), new_person(Role.viewer)
    stored = documents.store_document(ann, "own.pdf", [pdf("confidential salary")])
    with db.transaction() as session:
        one = documents.receive_document(session, ann, stored, "pdf", share_with=[])
    work_off(HANDLERS)
    with db.transaction() as session:
        assert [hit.document_id for hit in documents.search(session, ann, "salary").items] == [one.id]
        assert documents.search(session, bob, "salary").items == []
        for read in (documents.document, documents.pages, documents.document_file):
            with pytest.raises(NotFound):
                read(session, bob, one.id)


def test_a_deleted_document_leaves_no_text_and_no_file(database: str, data_dir: Path) -> None:
    before = stored_files(data_dir)
    one = send("gone.pdf", pdf("vanishing words"))
    with db.transaction() as session:
        documents.delete_document(session, SYSTEM, one.id)
    assert found("vanishing") == []
    assert stored_files(data_dir) == before


def test_a_file_of_an_upload_that_was_killed_goes_after_a_day_and_no_other(database: str, data_dir: Path) -> None:
    for path in stored_files(data_dir):
        path.unlink()  # what other tests left there belongs to databases that are gone
    send("kept.pdf", pdf("kept words"))
    storage.write("documents/left", b"behind")
    kept = stored_files(data_dir)
    with clock.use(FixedClock(clock.now() + timedelta(days=2))):
        send("next.pdf", pdf("next words"))
    left = stored_files(data_dir)
    assert {path.name for path in kept - left} == {"left"}
    assert len(left) == len(kept)


@pytest.fixture
def client(database: str) -> Iterator[TestClient]:
    with db.transaction() as session:
        new = KeyCreate(name="test", scopes=[Scope.read, Scope.write])
        key = accounts.create_key(session, new_person(Role.member), new).key
    with TestClient(make_api(), headers={"Authorization": f"Bearer {key}"}) as client:
        yield client


def test_documents_over_http(client: TestClient) -> None:
    files = [("file", ("a.pdf", REPORT)), ("file", ("m.docx", minutes()))]
    answer = client.post("/documents", files=files)
    assert answer.status_code == 201, answer.text
    first, second = answer.json()["documents"]
    assert [one["state"] for one in (first, second)] == ["reading", "reading"]
    work_off(HANDLERS)
    assert client.get(f"/documents/{first['id']}").json()["state"] == "ready"
    page = client.get("/documents/search", params={"q": "turbine", "limit": 1}).json()
    rest = client.get("/documents/search", params={"q": "turbine", "cursor": page["next_cursor"]}).json()
    assert {hit["page"] for hit in (page["items"] + rest["items"])} == {1, 2}
    assert client.get(f"/documents/{second['id']}/pages").json()["items"][1]["title"] == "Budget"
    file = client.get(f"/documents/{first['id']}/file")
    assert (file.content, file.headers["content-type"]) == (REPORT, "application/pdf")
    assert file.headers["content-disposition"] == "attachment; filename*=UTF-8''a.pdf"
    assert client.patch(f"/documents/{first['id']}", json={"name": "Plan"}).json()["name"] == "Plan"
    assert client.delete(f"/documents/{first['id']}").status_code == 204
    assert [one["name"] for one in client.get("/documents").json()["items"]] == ["m"]


def test_a_file_over_the_limit_is_refused_while_it_comes_in(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    before = stored_files(data_dir)
    monkeypatch.setenv("MAX_UPLOAD_MB", "1")
    settings.cache_clear()
    answer = client.post("/documents", files={"file": ("big.pdf", bytes(3 << 20))})
    exact = client.post("/documents", files={"file": ("big.pdf", bytes((1 << 20) + 1))})
    monkeypatch.undo()
    settings.cache_clear()
    assert [(one.status_code, one.json()["error"]) for one in (answer, exact)] == [(413, "FileTooLarge")] * 2
    assert stored_files(data_dir) == before


@pytest.mark.parametrize("body", [{"data": {"file": "text"}}, {"content": b"x"}, {"files": {"other": b"x"}}])
def test_a_body_without_files_is_refused(client: TestClient, body: dict[str, object]) -> None:
    assert client.post("/documents", **body).json()["error"] == "NoFiles"
