"""The fonts that come with the product. A host without fonts would give PDFs with invisible text and no error."""

import os
from functools import lru_cache
from pathlib import Path

import fontpkg_noto_sans

from app.core.settings import settings

FAMILY = str(fontpkg_noto_sans.FAMILY)
SYSTEM_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts")


def shipped_fonts() -> Path:
    return Path(fontpkg_noto_sans.ROOT) / "files"


@lru_cache(maxsize=1)
def fontconfig_file() -> Path:
    """Ours come first; those of the host only help with scripts that ours do not have.

    One folder for all children: a folder of its own for each would stay behind, and its cache would be made anew.
    """
    folder = settings().data_dir.resolve() / "cache" / "fonts"
    folder.mkdir(parents=True, exist_ok=True)
    folders = "".join(f"<dir>{path}</dir>" for path in (shipped_fonts(), *SYSTEM_FOLDERS))
    prefer = "".join(
        f"<alias binding='strong'><family>{generic}</family><prefer><family>{FAMILY}</family></prefer></alias>"
        for generic in ("sans-serif", "serif", "system-ui")
    )
    file = folder / "fonts.conf"
    beside = folder / f"fonts.{os.getpid()}.partial"  # another child may be reading the file just now
    beside.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">'
        f"<fontconfig>{folders}{prefer}<cachedir>{folder / 'cache'}</cachedir></fontconfig>",
        encoding="utf-8",
    )
    return beside.replace(file)
