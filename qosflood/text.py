"""Text that came from outside, made fit to be shown: no control characters, one line, bounded.

A target chooses its status lines, bodies and metric names; none of them may move a terminal's
cursor, hide text by direction marks, or flood a page.
"""

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def printable(text: object, limit: int = 500) -> str:
    """`text` on one line without control, format or unassigned characters, cut to `limit`."""
    raw = str(text)[: limit * 4]
    line = " ".join("".join(_shown(char) for char in raw).split(" "))
    return clip(line.strip(), limit)


def printable_block(text: object, limit: int = 4000) -> str:
    """Like `printable`, with line breaks and tabs kept."""
    raw = str(text)[: limit * 4].replace("\r\n", "\n")
    return clip("".join(char if char in "\n\t" else _shown(char) for char in raw), limit)


def clip(text: str, limit: int) -> str:
    """`text`, cut to `limit` characters with an ellipsis as the last."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _shown(char: str) -> str:
    if char in "\r\n\t":
        return " "
    return "\ufffd" if unicodedata.category(char) in _HIDDEN else char
