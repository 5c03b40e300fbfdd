"""Whether Prometheus stores a sample under the labels it has on the page. Pure."""

import re

from qosflood.monitor.exposition.grammar import Dialect, Pairs, is_utf8

_METRIC = re.compile(rb"[a-zA-Z_:][a-zA-Z0-9_:]*")
_NAME = b"__name__"
_TARGET = frozenset((b"instance", b"job"))
"""Labels of the target itself: what the page says under these names moves to exported_..."""


def refusal(name: bytes, labels: Pairs, dialect: Dialect) -> str | None:
    """Why the whole scrape fails because of these labels, None if it does not.

    A label with an empty value is as good as absent, and so are all others of its name.
    """
    empty = {label for label, value in labels if not value}
    if not name or _NAME in empty:
        return "a metric name is missing"
    names = [_NAME, *(label for label, _ in labels if label not in empty)]
    for label in names:
        if dialect == "3" and not (label and is_utf8(label)):
            return f'the label name "{shown(label)}" is not valid'
    if not (is_utf8(name) if dialect == "3" else _METRIC.fullmatch(name)):
        return f'the metric name "{shown(name)}" is not valid'
    return _twice(names, dialect)


def _twice(names: list[bytes], dialect: Dialect) -> str | None:
    once: set[bytes] = set()
    for label in names:
        if label in once and not (dialect == "2" and label in _TARGET):
            return f'the label name "{shown(label)}" stands there twice'
        once.add(label)
    return None


def shown(text: bytes, most: int = 60) -> str:
    """Bytes of a page in one printable line, cut to about `most` characters."""
    cut = text[:most].decode(errors="backslashreplace")
    line = "".join(letter if letter.isprintable() else _escaped(letter) for letter in cut)
    return line if len(text) <= most else line + "..."


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode()
