"""Text for Polars, which would unpack what begins like a packed file (`x^2,1` does) and drop a mark that is a value."""

import codecs
import io

# Of zlib, gzip and Zstandard the first byte, of a byte order mark likewise. Such a block is rare and copied once.
MISREAD = (b"x", b"\x1f", b"(", codecs.BOM_UTF8[:1])


def plain_text(content: bytes) -> io.BytesIO:
    return io.BytesIO(codecs.BOM_UTF8 + content if content.startswith(MISREAD) else content)
