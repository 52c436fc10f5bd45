"""Attachments of mails: each one once, nothing in the mail box changes, and nobody else is listened to."""

import io
import socket
import threading
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import compat32
from typing import Any

import pytest

from app.core.actor import SYSTEM
from app.core.db import transaction
from app.core.reach import OutgoingRefused
from app.sources import service as sources
from app.sources.connectors.imap import ImapSettings
from app.sources.mailbox.attachments import attachments
from app.sources.mailbox.session import examined, folder_name
from app.sources.schemas import Probe, Source, SourceCreate
from tests.sources.conftest import dataset, load_all, pull, rows, source, states
from tests.sources.environment import environment
from tests.sources.imap_server import PASSWORD, USER, MailServer, mail, mail_server

OSLO, BERGEN = b"city,people\nOslo,700000\n", b"city,people\nBergen,290000\n"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    with mail_server(tmp_path_factory.mktemp("mail")) as server, environment(OUTGOING_ALLOW="127.0.0.1,::1"):
        yield server


@pytest.fixture
def server(running: MailServer) -> MailServer:
    running.empty()
    return running


def given(server: MailServer, **rest: Any) -> dict[str, Any]:
    facts = {"host": "localhost", "security": "starttls", "port": server.plain_port, "username": USER}
    return facts | {"password": PASSWORD, "ca_pem": server.ca_pem} | rest


def probe(facts: dict[str, Any]) -> Probe:
    with transaction() as db:
        new = SourceCreate(name="probe", kind="imap", dataset="cities", settings=facts)
        return sources.check_settings(db, SYSTEM, new)


def pulled(one: Source) -> dict[str, Any]:
    run = pull(one.id)
    load_all()
    return dict(run.result or {"error": run.error})


def test_attachments_are_loaded_once_and_no_flag_is_set(database: str, server: MailServer) -> None:
    dataset()
    server.put(mail("Figures", ("oslo.csv", OSLO)), mail("Hello"))
    one = source("imap", given(server))
    assert pulled(one)["taken"] == 1
    assert pulled(one)["taken"] == 0
    server.put(mail("More", ("bergen.csv", BERGEN), ("again.csv", OSLO)))
    assert (found := pulled(one))["taken"] == 1
    assert found["duplicates"] == 1
    assert sorted(row[0] for row in rows()) == ["Bergen", "Oslo"]
    assert "Seen" not in server.flags()


def test_sender_subject_and_name_choose(database: str, server: MailServer) -> None:
    dataset()
    server.put(
        mail("Figures of May", ("oslo.csv", OSLO), ("notes.txt", b"no")),
        mail("Figures of May", ("other.csv", BERGEN), sender="Spam <x@spam.example>"),
        mail("Holiday", ("third.csv", BERGEN)),
    )
    pulled(source("imap", given(server, sender="shop@", subject="figures", pattern="*.CSV")))
    assert rows() == [["Oslo", 700000]]


def test_a_folder_made_anew_is_read_from_its_start_and_repeats_are_left_out(database: str, server: MailServer) -> None:
    dataset()
    one = source("imap", given(server, folder="Ünterlagen & mehr"))
    folder = f'"{folder_name("Ünterlagen & mehr")}"'
    with server.owner() as client:
        client.create(folder)
    first = mail("Figures", ("oslo.csv", OSLO))
    server.put(first, folder=folder)
    assert pulled(one)["taken"] == 1
    server.anew(folder)
    server.put(first, mail("More", ("bergen.csv", BERGEN)), folder=folder)
    assert pulled(one)["taken"] == 1
    assert len(states(one.id)) == 2
    assert sorted(row[0] for row in rows()) == ["Bergen", "Oslo"]


def test_archives_in_mails_are_unpacked(database: str, server: MailServer) -> None:
    dataset()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("oslo.csv", OSLO)
    server.put(mail("Packed", ("all.zip", packed.getvalue())))
    pulled(source("imap", given(server)))
    assert rows() == [["Oslo", 700000]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "wrong"}, "did not accept this user and password"),
        ({"host": "nowhere.invalid"}, "The name nowhere.invalid is not known"),
        ({"port": 1}, "localhost cannot be reached"),
        ({"ca_pem": ""}, "The certificate of localhost was refused"),
        ({"host": "127.0.0.1"}, "The certificate of 127.0.0.1 was refused"),
        ({"folder": "None"}, "has no folder None"),
    ],
)
def test_what_goes_wrong_is_said(database: str, server: MailServer, change: dict[str, Any], words: str) -> None:
    dataset()
    found = probe(given(server) | change)
    assert (found.ok, words in found.message, PASSWORD in found.message) == (False, True, False), found.message


def test_tls_from_the_first_byte_works_as_well(database: str, server: MailServer) -> None:
    dataset()
    found = probe(given(server, security="tls", port=server.port))
    assert found.ok, found.message


def test_private_hosts_need_the_operators_word(server: MailServer) -> None:
    box = ImapSettings.model_validate(given(server)).mailbox
    with environment(OUTGOING_ALLOW=""), pytest.raises(OutgoingRefused, match="OUTGOING_ALLOW"), examined(box):
        pass


def test_a_connection_that_is_lost_leaves_the_watermark(database: str, server: MailServer) -> None:
    """A door that closes after a while, in the middle of a message."""
    dataset()
    server.put(mail("Small", ("oslo.csv", OSLO)), mail("Large", ("big.csv", BERGEN + b"x,1\n" * 500_000)))
    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=_lossy, args=(door, server.plain_port, 600_000), daemon=True).start()
        one = source("imap", given(server, port=door.getsockname()[1]))
        run = pull(one.id)
        assert run.status == "failed"
        assert "the connection was lost" in str(run.error)
        door.shutdown(socket.SHUT_RDWR)
    load_all()
    with transaction() as db:
        change = sources.source(db, SYSTEM, one.id)
        assert "uid" not in change.watermark
    assert rows() == [["Oslo", 700000]]


def _lossy(door: socket.socket, port: int, most: int) -> None:
    with suppress(OSError):
        client, _ = door.accept()
        with client, socket.create_connection(("127.0.0.1", port)) as server:
            threading.Thread(target=_forward, args=(client, server), daemon=True).start()
            while most > 0 and (part := server.recv(65536)):
                client.sendall(part)
                most -= len(part)
            client.shutdown(socket.SHUT_RDWR)
            server.shutdown(socket.SHUT_RDWR)


def _forward(source_socket: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while part := source_socket.recv(65536):
            target.sendall(part)


def names(raw: bytes, pattern: str = "*") -> list[str]:
    return [one.name for one in attachments(BytesParser(policy=compat32).parsebytes(raw), pattern)]


def part(*headers: str, body: str = "a,b\n1,2\n") -> bytes:
    return ("\n".join(["MIME-Version: 1.0", *headers, "", body])).encode()


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("filename*=UTF-8''%C3%9Cbersicht.csv", "Übersicht.csv"),
        ("filename*0=long; filename*1=name.csv", "longname.csv"),
        ('filename="=?utf-8?b?w5xiZXJzaWNodC5jc3Y=?="', "Übersicht.csv"),
        ('filename="..\\\\..\\\\etc\\\\figures.csv"', "figures.csv"),
        ('filename="/etc/passwd"', "passwd"),
    ],
)
def test_names_are_decoded_and_paths_are_cut_off(header: str, name: str) -> None:
    raw = part("Content-Type: text/csv", f"Content-Disposition: attachment; {header}")
    assert names(raw) == [name]


def test_a_name_in_an_unknown_encoding_harms_nobody() -> None:
    headers = ["Content-Type: text/csv", "Content-Disposition: attachment; filename*=nonsense''%FF.csv"]
    assert len(names(part(*headers))) <= 1


def test_pictures_in_texts_are_none_and_messages_in_messages_are_looked_into() -> None:
    inner = mail("Inner", ("inner.csv", OSLO))
    outer = EmailMessage()
    outer["Subject"] = "Outer"
    outer.set_content("<p>Hi</p>", subtype="html")
    outer.add_related(b"GIF89a", "image", "gif", cid="<logo>", filename="logo.gif", disposition="inline")
    outer.add_attachment(inner)
    outer.add_attachment(b"x", maintype="application", subtype="octet-stream", filename="empty.csv")
    assert names(bytes(outer), "*.*") == ["inner.csv", "empty.csv"]
    assert names(bytes(outer), "inner*") == ["inner.csv"]


def test_folder_names_are_written_in_the_servers_letters() -> None:
    assert folder_name("Entwürfe & mehr/日本") == "Entw&APw-rfe &- mehr/&ZeVnLA-"


def test_line_ends_cannot_smuggle_commands(database: str) -> None:
    dataset()
    with pytest.raises(Exception, match="username"):
        source("imap", {"host": "mail.example.com", "username": "x\r\nA1 DELETE INBOX", "password": "y"})
