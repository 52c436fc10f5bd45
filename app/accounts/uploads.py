"""Files of a multipart request, counted while they arrive."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any, BinaryIO

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from app.accounts.web import Caller
from app.core.actor import Actor, Role, require_role
from app.core.errors import Invalid
from app.core.intake import FileTooLarge, Upload, discard
from app.core.settings import settings

MAX_FILES = 20
AROUND_FILES = 1 << 20  # what multipart may say besides the bytes of the files
PIECE = 256 << 10

Store = Callable[[Actor, str, Iterable[bytes]], Upload]

MULTIPART_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                    "required": ["file"],
                }
            }
        },
    }
}


class NoFiles(Invalid):
    """Send one or more files as multipart/form-data, in fields named `file`."""


def received_by(store: Store) -> Any:
    """For `Annotated[list[Upload], …]`: the files of a request, each stored by `store`.

    Whoever may not send is refused before a byte is read. What a failed request brought is thrown away.
    """

    async def receive(request: Request, actor: Caller) -> AsyncIterator[list[Upload]]:
        require_role(actor, Role.member)
        kept: list[Upload] = []
        try:
            async with _form(request) as form:
                for file in _files(form):
                    parts = _pieces(file.file)
                    kept.append(await run_in_threadpool(store, actor, file.filename or "", parts))
            yield kept
        except BaseException:
            for one in kept:
                await run_in_threadpool(discard, one)
            raise

    return Depends(receive)


@asynccontextmanager
async def _form(request: Request) -> AsyncIterator[FormData]:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise NoFiles
    try:
        parser = MultiPartParser(request.headers, _counted(request), max_files=MAX_FILES)
        form = await parser.parse()
    except (MultiPartException, KeyError, ClientDisconnect) as error:
        raise NoFiles("This is not a readable multipart/form-data body, or it has too many files.") from error
    except BaseException:
        for file in parser._files_to_close_on_error:
            file.close()
        raise
    try:
        yield form
    finally:
        await form.close()


def _files(form: FormData) -> list[UploadFile]:
    files = [part for part in form.getlist("file") if isinstance(part, UploadFile)]
    if not files:
        raise NoFiles
    return files


async def _counted(request: Request) -> AsyncGenerator[bytes]:
    limit = settings().max_upload_mb
    left = (limit << 20) + AROUND_FILES
    async for part in request.stream():
        left -= len(part)
        if left < 0:
            raise FileTooLarge(f"These files are larger than the limit of {limit} MB.")
        yield part


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while part := file.read(PIECE):
        yield part
