"""QR codes as SVG: no script, no style, always dark on white, because phones read nothing else."""

import segno


def qr_svg(text: str, *, title: str) -> str:
    code = segno.make(text, error="m", micro=False)
    return code.svg_inline(scale=4, border=4, dark="#000000", light="#ffffff", title=title, omitsize=True)
