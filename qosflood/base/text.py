"""Text that came from outside, made fit to be shown: no control characters, one line, bounded.

A target chooses its status lines, bodies and metric names; none of them may move a terminal's
cursor, hide text by direction marks, or flood a page.
"""

import unicodedata
from collections.abc import Iterable

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


def harmless(text: str) -> str:
    """`text` with as many characters, none of which a terminal obeys or hides; line breaks stay.
    Whatever is about to be printed passes through here, however it was cleaned before."""
    if text.isprintable():
        return text
    return "".join(char if char == "\n" else _shown(char) for char in text)


def is_utf8(text: str) -> bool:
    """Whether text from the command line or the environment was UTF-8: bytes that were not stand
    in it as surrogates, which no JSON may hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def as_utf8(text: str) -> str:
    """`text` with such bytes spelled out, so that JSON may hold it: a path need not be UTF-8."""
    return text.encode(errors="backslashreplace").decode()


def clip(text: str, limit: int) -> str:
    """`text`, cut to `limit` characters with an ellipsis as the last."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _shown(char: str) -> str:
    if char in "\r\n\t":
        return " "
    return "\ufffd" if unicodedata.category(char) in _HIDDEN else char


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean WORD?`, or nothing when no known word is like it."""
    close = closest(word, known)
    return f"; did you mean {close}?" if close else ""


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like it; None if none is."""
    # Only now: a shard, which reads templates without a mistake, would pay 0.2 MB for it.
    import difflib

    known = list(known)
    lowered = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    return lowered[close[0]] if close else None
