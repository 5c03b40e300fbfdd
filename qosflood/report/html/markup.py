"""HTML from text: everything that goes through here is escaped. Pure.

`Markup` is a str that is already HTML; a plain str never is.
"""

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from qosflood.base.text import printable, printable_block


class Markup(str):
    """A str that is HTML already."""

    __slots__ = ()


Content = str | Markup


def esc(content: Content, limit: int = 2000) -> Markup:
    """`content` as HTML; plain text becomes one printable line."""
    if isinstance(content, Markup):
        return content
    return Markup(html.escape(printable(content, limit)))


def element(tag: str, *content: Content, cls: str = "", **attributes: str) -> Markup:
    """`<tag class=…>content</tag>`; attribute values are escaped too."""
    named = ({"class": cls} if cls else {}) | attributes
    inside = "".join(f' {name}="{html.escape(value)}"' for name, value in named.items())
    return Markup(f"<{tag}{inside}>{''.join(esc(part) for part in content)}</{tag}>")


def join(parts: Iterable[Content]) -> Markup:
    """Several pieces one after the other."""
    return Markup("".join(esc(part) for part in parts))


def items(texts: Iterable[Content], tag: str = "ul") -> Markup:
    """A list."""
    return element(tag, *(element("li", text) for text in texts))


def block(text: str) -> Markup:
    """Preformatted text, line breaks kept."""
    return Markup(f"<pre>{html.escape(printable_block(text))}</pre>")


def section(title: str, *content: Content) -> Markup:
    """A titled section that can be linked to; nothing at all without content."""
    if not any(content):
        return Markup("")
    name = anchor(title)
    return element("section", element("h2", title, id=name), *content, **{"aria-labelledby": name})


def anchor(title: str) -> str:
    """The id of a section's heading."""
    return "-".join(title.lower().split())


def folded(summary: str, *content: Content) -> Markup:
    """What opens at a click, and stays closed on paper."""
    return element("details", element("summary", summary), *content)


def definitions(pairs: Iterable[tuple[str, Content]], cls: str = "answers") -> Markup:
    """Terms and what they are."""
    rows = (join((element("dt", name), element("dd", text))) for name, text in pairs)
    return element("dl", *rows, cls=cls)


def table(
    headers: Sequence[str], rows: Iterable[Sequence[Content]], classes: Sequence[str] = ()
) -> Markup:
    """A table; the first cell of a row heads it, `classes` are the columns'."""
    columns = [*classes, *[""] * (len(headers) - len(classes))]
    head = element("tr", *_cells("th", headers, columns))
    body = (
        element("tr", element("th", row[0], scope="row"), *_cells("td", row[1:], columns[1:]))
        for row in rows
    )
    inside = element("table", element("thead", head), element("tbody", *body))
    return element("div", inside, cls="scroll")


def _cells(tag: str, cells: Sequence[Content], classes: Sequence[str]) -> Iterable[Markup]:
    return (element(tag, cell, cls=cls) for cell, cls in zip(cells, classes, strict=True))


def json_for_script(value: Mapping[str, Any]) -> str:
    """JSON that may stand inside `<script>`: nothing in it can end the element."""
    text = orjson.dumps(value).decode()
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text
