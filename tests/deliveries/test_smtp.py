"""The SMTP dialogue: TLS is required, and each failure says on which side of the final dot it happened."""

from dataclasses import replace

import pytest

from app.core.mail import FateUnknown, Letter, NotSent, Phase
from app.core.smtp import Smtp
from app.core.smtp_access import SmtpAccess, Timeouts
from tests.smtp_server import PASSWORD, USERNAME, Authority, FaultServer, free_port, good_server

CONTENT = b"Subject: Hello\r\n\r\nA line\r\n.leading dot\r\n..two\r\nend\r\n"
LETTER = Letter("reports@example.com", "anna@example.com", CONTENT, "deliveries/x.eml")
PATIENT = Timeouts(connect=60, command=60, after_dot=60)
SHORT = replace(PATIENT, after_dot=0.5)  # where no answer comes


def access(port: int, authority: Authority | None, **changes: str) -> SmtpAccess:
    given = {"host": "localhost", "security": "starttls", "ca_pem": authority.pem if authority else ""}
    return SmtpAccess(port=port, **{**given, **changes})


def nothing() -> None:
    """The caller of these tests has nothing to write down before the dot."""


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "tls"])
def test_a_message_arrives_byte_for_byte_over_tls_with_login(authority: Authority, implicit: bool) -> None:
    security = "tls" if implicit else "starttls"
    with (
        good_server(authority, implicit_tls=implicit) as (mailbox, port),
        Smtp(access(port, authority, security=security, username=USERNAME, password=PASSWORD)) as smtp,
    ):
        first, second = smtp.send(LETTER, nothing), smtp.send(LETTER, nothing)
    assert (first.code, first.text, second.text) == (250, "2.0.0 kept as 1", "2.0.0 kept as 2")
    assert mailbox.contents == [CONTENT, CONTENT]
    assert mailbox.envelopes[0].rcpt_tos == ["anna@example.com"]
    assert mailbox.logins == 1, "the connection is kept for the second message"


def refusal(given: SmtpAccess) -> NotSent:
    with Smtp(given, PATIENT) as smtp, pytest.raises(NotSent) as refused:
        smtp.send(LETTER, nothing)
    return refused.value


def test_a_certificate_of_an_unknown_authority_is_refused(authority: Authority) -> None:
    with good_server(authority) as (mailbox, port):
        error = refusal(access(port, None))
        other = refusal(access(port, Authority()))
    assert error.phase is other.phase is Phase.certificate
    assert error.lasting
    assert mailbox.contents == []


def test_a_certificate_for_another_host_is_refused(authority: Authority) -> None:
    with FaultServer(authority) as server:
        server._context = authority.server_context("mail.elsewhere.example")
        error = refusal(access(server.port, authority))
    assert (error.phase, server.stored) == (Phase.certificate, [])
    assert "localhost" in error.text


def test_a_server_without_tls_gets_nothing(authority: Authority) -> None:
    with good_server(authority, tls=False) as (mailbox, port):
        for security in ("starttls", "tls"):
            assert refusal(access(port, authority, security=security)).phase is Phase.tls
    assert mailbox.contents == []


def test_a_wrong_password_is_named_as_such(authority: Authority) -> None:
    with good_server(authority) as (_, port):
        error = refusal(access(port, authority, username=USERNAME, password="wrong"))
    assert (error.phase, error.code, error.lasting) == (Phase.login, 535, True)


def test_an_unknown_host_and_a_closed_port_are_told_apart(authority: Authority) -> None:
    assert refusal(access(25, authority, host="no-such-host.invalid")).phase is Phase.name
    closed = refusal(access(free_port(), authority))
    assert (closed.phase, closed.lasting) == (Phase.connect, False)


SAFE = [
    ({"greeting": "421 too busy drop"}, Phase.greeting, 421, False),
    ({"greeting": "554 go away drop"}, Phase.greeting, 554, True),
    ({"mail": "550 who are you"}, Phase.sender, 550, True),
    ({"rcpt": "421 later drop"}, Phase.recipient, 421, False),
    ({"rcpt": "450 mailbox busy"}, Phase.recipient, 450, False),
    ({"rcpt": "550 no such user"}, Phase.recipient, 550, True),
    ({"data": "451 not now"}, Phase.data, 451, False),
    ({"data": "drop"}, Phase.data, None, False),
    ({"dot": "421 refused drop"}, Phase.dot, 421, False),
    ({"dot": "452 full"}, Phase.dot, 452, False),
    ({"dot": "554 spam"}, Phase.dot, 554, True),
]


@pytest.mark.parametrize("pipelining", [False, True], ids=["plain", "pipelined"])
@pytest.mark.parametrize(("answers", "phase", "code", "lasting"), SAFE, ids=lambda value: str(value)[:30])
def test_a_definite_refusal(
    authority: Authority, pipelining: bool, answers: dict[str, str], phase: Phase, code: int | None, lasting: bool
) -> None:
    with FaultServer(authority, answers, pipelining=pipelining) as server:
        error = refusal(access(server.port, authority))
    assert (error.phase, error.code, error.lasting) == (phase, code, lasting)
    assert len(server.stored) == ("dot" in answers)


@pytest.mark.parametrize("answer", ["drop", "hang", "354 nonsense", "hello"])
def test_no_clear_answer_after_the_dot_is_an_unknown_fate(authority: Authority, answer: str) -> None:
    patience = SHORT if answer == "hang" else PATIENT
    with FaultServer(authority, {"dot": answer}) as server, Smtp(access(server.port, authority), patience) as smtp:
        with pytest.raises(FateUnknown):
            smtp.send(LETTER, nothing)
        assert server.dot_came.wait(60)
        assert server.stored == [CONTENT]


def test_a_connection_lost_in_the_body_is_certain_before_the_dot(authority: Authority) -> None:
    large = Letter(LETTER.sender, LETTER.recipient, CONTENT + b"x" * 76 * 200_000 + b"\r\n", LETTER.key)
    with FaultServer(authority, {"body": "drop"}) as server, Smtp(access(server.port, authority), PATIENT) as smtp:
        with pytest.raises(NotSent) as lost:
            smtp.send(large, nothing)
        assert (lost.value.phase, server.stored) == (Phase.body, [])


def test_a_failing_goodbye_does_not_undo_the_message(authority: Authority) -> None:
    with FaultServer(authority, {"quit": "drop"}) as server:
        with Smtp(access(server.port, authority), PATIENT) as smtp:
            assert smtp.send(LETTER, nothing).code == 250
        assert server.stored == [CONTENT]


@pytest.mark.parametrize("pipelining", [False, True], ids=["plain", "pipelined"])
def test_a_refused_recipient_does_not_cost_the_next_one_the_connection(authority: Authority, pipelining: bool) -> None:
    with FaultServer(authority, {"rcpt:anna@example.com": "550 no"}, pipelining=pipelining) as server:
        with Smtp(access(server.port, authority), PATIENT) as smtp:
            with pytest.raises(NotSent):
                smtp.send(LETTER, nothing)
            smtp.send(Letter(LETTER.sender, "ben@example.com", CONTENT, "x"), nothing)
        assert (server.connections, server.recipients, server.stored) == (1, ["ben@example.com"], [CONTENT])


def test_a_kept_connection_that_the_server_closed_is_opened_again(authority: Authority) -> None:
    with FaultServer(authority) as server, Smtp(access(server.port, authority), PATIENT) as smtp:
        smtp.send(LETTER, nothing)
        server.hang_up()
        smtp.send(LETTER, nothing)
        assert (server.connections, len(server.stored)) == (2, 2)


def test_the_dot_is_not_sent_when_writing_down_the_phase_fails(authority: Authority) -> None:
    def lost() -> None:
        raise KeyboardInterrupt

    with FaultServer(authority) as server:
        with Smtp(access(server.port, authority), PATIENT) as smtp, pytest.raises(KeyboardInterrupt):
            smtp.send(LETTER, lost)
        assert server.stored == []


@pytest.mark.parametrize("address", ["a@b.c>\r\nRCPT TO:<evil@x.y", "a b@c.d", "ü@example.com", "a@b\r\nDATA"])
def test_an_address_cannot_break_out_of_the_envelope(address: str) -> None:
    with pytest.raises(ValueError):
        Letter("reports@example.com", address, CONTENT, "x")


def test_line_ends_cannot_smuggle_a_second_message(authority: Authority) -> None:
    tricky = b"Subject: x\r\n\r\none\n.\nMAIL FROM:<evil@x.y>\r.\r\r\n.\r\nend"
    with FaultServer(authority) as server, Smtp(access(server.port, authority), PATIENT) as smtp:
        smtp.send(Letter("a@example.com", "b@example.com", tricky, "x"), nothing)
        assert server.stored == [b"Subject: x\r\n\r\none\r\n.\r\nMAIL FROM:<evil@x.y>\r\n.\r\n\r\n.\r\nend\r\n"]


def test_the_password_is_not_in_the_text_of_the_object() -> None:
    assert PASSWORD not in repr(SmtpAccess("h", 25, "tls", "u", PASSWORD))
