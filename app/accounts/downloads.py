"""A file as the answer, part by part."""

from collections.abc import Generator, Iterator
from urllib.parse import quote

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Send


class Download(StreamingResponse):
    """The head is sent when the first part is there, so that what fails at once is an answer like any other.

    A failure later on breaks the connection: a file that is not whole must not look as if it were.
    """

    def __init__(self, parts: Iterator[bytes], *, file_name: str, media_type: str) -> None:
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file_name)}"}
        super().__init__((), media_type=media_type, headers=headers)
        self._parts = parts

    async def stream_response(self, send: Send) -> None:
        try:
            part = await run_in_threadpool(next, self._parts, None)
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            while part is not None:
                await send({"type": "http.response.body", "body": part, "more_body": True})
                part = await run_in_threadpool(next, self._parts, None)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            with anyio.CancelScope(shield=True):  # the reader may have gone away: so must what writes for it
                await run_in_threadpool(self._close)

    def _close(self) -> None:
        if isinstance(self._parts, Generator):
            self._parts.close()
