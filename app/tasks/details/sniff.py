"""What kind of file something is, by its first bytes. Pure.

What a browser could run is never called by its name: a page is plain text here, and so is a picture made of markup.
"""

FIRST_BYTES = 4096
SIGNS = {
    b"%PDF-": "application/pdf",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"BM": "image/bmp",
    b"PK\x03\x04": "application/zip",
    b"\x1f\x8b": "application/gzip",
    b"7z\xbc\xaf\x27\x1c": "application/x-7z-compressed",
    b"OggS": "application/ogg",
    b"ID3": "audio/mpeg",
}
OFFICE = "application/vnd.openxmlformats-officedocument."
# These are zip files inside; only their name tells them apart, and none of them runs in a browser.
ZIPPED = {
    "docx": f"{OFFICE}wordprocessingml.document",
    "xlsx": f"{OFFICE}spreadsheetml.sheet",
    "pptx": f"{OFFICE}presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation",
}
TEXT, UNKNOWN = "text/plain; charset=utf-8", "application/octet-stream"


def media_type(first: bytes, name: str) -> str:
    found = next((kind for sign, kind in SIGNS.items() if first.startswith(sign)), None)
    if found == "application/zip":
        return ZIPPED.get(name.rpartition(".")[2].lower(), found)
    if found:
        return found
    if first.startswith(b"RIFF") and first[8:12] == b"WEBP":
        return "image/webp"
    if first[4:8] == b"ftyp":
        return "video/mp4"
    return TEXT if _is_text(first) else UNKNOWN


def _is_text(first: bytes) -> bool:
    """The last letter may be cut in the middle."""
    if not first or b"\0" in first:
        return False
    try:
        first.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and error.start >= len(first) - 3
    return True
