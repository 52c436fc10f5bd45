"""Hands one message to one recipient, and always knows how far it came.

SMTP cannot promise "exactly once": when the connection is lost after the final dot, nobody can tell whether the
server kept the message. So every failure says on which side of the dot it happened: `NotSent` is certain,
`FateUnknown` is not. The two transports are the built-in outbox (here) and `app.core.smtp`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from app.core import storage

ADDRESS = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")  # visible ASCII without < and >: nothing can break out of the envelope


class Phase(StrEnum):
    """How far a message came, in order."""

    name = "name"
    connect = "connect"
    greeting = "greeting"
    tls = "tls"
    certificate = "certificate"
    login = "login"
    sender = "sender"
    recipient = "recipient"
    data = "data"
    body = "body"
    dot = "dot"
    done = "done"


@dataclass(frozen=True)
class Letter:
    """`content` is sent byte for byte; `key` is its place in the storage."""

    sender: str
    recipient: str
    content: bytes
    key: str

    def __post_init__(self) -> None:
        if not (ADDRESS.fullmatch(self.sender) and ADDRESS.fullmatch(self.recipient)):
            raise ValueError("an address of the envelope is not plain ASCII")


@dataclass(frozen=True)
class Reply:
    code: int
    text: str


class NotSent(Exception):
    """The message was certainly not accepted. `lasting` = trying again without a change is useless."""

    def __init__(self, phase: Phase, text: str, *, code: int | None = None, lasting: bool = False) -> None:
        super().__init__(text)
        self.phase, self.text, self.code, self.lasting = phase, text, code, lasting


class FateUnknown(Exception):
    """The final dot was sent and no answer came: the message may have been accepted or not."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Transport(Protocol):
    def send(self, letter: Letter, before_dot: Callable[[], None]) -> Reply:
        """`before_dot` is called when everything but the end of the message is out. Raises NotSent, FateUnknown."""
        ...

    def close(self) -> None: ...


class Outbox:
    """The built-in mailbox: the message is kept in the storage and read in the app."""

    def send(self, letter: Letter, before_dot: Callable[[], None]) -> Reply:
        storage.write(letter.key, letter.content)  # the same bytes at the same place: sending again changes nothing
        before_dot()
        return Reply(250, "Kept in the built-in outbox")

    def close(self) -> None:
        """Nothing is held open."""
