"""The fonts that come with the product. A host without fonts would give PDFs with invisible text and no error."""

import tempfile
from functools import lru_cache
from pathlib import Path

import fontpkg_noto_sans

FAMILY = str(fontpkg_noto_sans.FAMILY)
SYSTEM_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts")


def shipped_fonts() -> Path:
    return Path(fontpkg_noto_sans.ROOT) / "files"


@lru_cache(maxsize=1)
def fontconfig_file() -> Path:
    """Ours come first; those of the host only help with scripts that ours do not have."""
    folder = Path(tempfile.mkdtemp(prefix="autoreport-fonts-"))
    folders = "".join(f"<dir>{path}</dir>" for path in (shipped_fonts(), *SYSTEM_FOLDERS))
    prefer = "".join(
        f"<alias binding='strong'><family>{generic}</family><prefer><family>{FAMILY}</family></prefer></alias>"
        for generic in ("sans-serif", "serif", "system-ui")
    )
    file = folder / "fonts.conf"
    file.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">'
        f"<fontconfig>{folders}{prefer}<cachedir>{folder / 'cache'}</cachedir></fontconfig>",
        encoding="utf-8",
    )
    return file
