"""Files of a multipart request, written to the storage while they arrive: never in memory, never beyond the limit."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from app.accounts.web import Caller
from app.core.actor import Role, require_role
from app.core.errors import Invalid
from app.core.intake import Intake
from app.datasets import service
from app.datasets.schemas import Upload

MAX_FILES = 100
MAX_FIELD_BYTES = 2 << 20


class NoFiles(Invalid):
    """Send one or more files as multipart/form-data, in fields named `file`."""


class Inbox:
    """Callbacks of the multipart parser: each part with a file name becomes an upload."""

    def __init__(self, content_type: str) -> None:
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise NoFiles
        self.uploads: list[Upload] = []
        self.sink: Intake | None = None
        self.fields: dict[str, bytearray] = {}
        self.field: bytearray | None = None
        self.header = self.value = b""
        self.disposition = b""
        self.ended = False
        self.parser = MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": self._begin,
                "on_header_field": self._add_header,
                "on_header_value": self._add_value,
                "on_header_end": self._end_header,
                "on_headers_finished": self._open,
                "on_part_data": self._write,
                "on_part_end": self._close,
                "on_end": self._end,
            },
        )

    def feed(self, part: bytes) -> None:
        try:
            self.parser.write(part)
        except FormParserError as error:
            raise NoFiles("This is not a readable multipart/form-data body.") from error

    def finish(self) -> list[Upload]:
        if not self.ended:
            raise NoFiles("The body ended in the middle of a file.")
        if not self.uploads:
            raise NoFiles
        return self.uploads

    def discard(self) -> None:
        if self.sink is not None:
            self.sink.abort()
        for upload in self.uploads:
            service.discard_upload(upload)

    def _begin(self) -> None:
        self.disposition = b""

    def _add_header(self, content: bytes, start: int, end: int) -> None:
        self.header += content[start:end]

    def _add_value(self, content: bytes, start: int, end: int) -> None:
        self.value += content[start:end]

    def _end_header(self) -> None:
        if self.header.lower() == b"content-disposition":
            self.disposition = self.value
        self.header = self.value = b""

    def _open(self) -> None:
        options = parse_options_header(self.disposition)[1]
        name = options.get(b"filename")
        if name is None:
            self.field = self.fields.setdefault(options.get(b"name", b"").decode("utf-8", "replace"), bytearray())
            return
        if len(self.uploads) >= MAX_FILES:
            raise NoFiles(f"At most {MAX_FILES} files may be sent at once.")
        self.sink = service.new_upload(name.decode("utf-8", "replace"))

    def _write(self, content: bytes, start: int, end: int) -> None:
        if self.sink is not None:
            self.sink.write(content[start:end])
        elif self.field is not None:
            self.field += content[start:end]
            if sum(map(len, self.fields.values())) > MAX_FIELD_BYTES:
                raise NoFiles(f"The fields beside the files are larger than {MAX_FIELD_BYTES >> 20} MB.")

    def _close(self) -> None:
        if self.sink is not None:
            self.uploads.append(self.sink.finish())
            self.sink = None
        self.field = None

    def _end(self) -> None:
        self.ended = True


async def receive_form(request: Request, actor: Caller) -> AsyncIterator[Inbox]:
    """Whoever may not load is refused before a byte is read. What a failed request brought is thrown away."""
    require_role(actor, Role.member)
    inbox = Inbox(request.headers.get("content-type", ""))
    try:
        async for part in request.stream():
            await run_in_threadpool(inbox.feed, part)
        inbox.finish()
        yield inbox
    except ClientDisconnect:
        await run_in_threadpool(inbox.discard)
        raise NoFiles("The connection was lost in the middle of a file.") from None
    except BaseException:
        await run_in_threadpool(inbox.discard)
        raise


Form = Annotated[Inbox, Depends(receive_form)]


def uploads_of(form: Form) -> list[Upload]:
    return form.uploads


Uploads = Annotated[list[Upload], Depends(uploads_of)]


def multipart_body(**fields: dict[str, Any]) -> dict[str, Any]:
    """How OpenAPI describes it: files, and fields beside them."""
    files = {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}}
    form = {"type": "object", "properties": {**files, **fields}, "required": ["file", *fields]}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": form}}}}


MULTIPART_BODY = multipart_body()
