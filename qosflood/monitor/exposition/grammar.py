"""The two text formats of a metrics page, record by record, as Prometheus's lexers cut them. Pure.

A record is a sample, a comment or a line of metadata, with its line break; where a quoted string
holds line breaks it spans several lines. The grammar is that of prometheus/prometheus,
model/textparse: promlex.l and openmetricslex.l with their parsers, in the dialects of 2.42 ("2")
and of 3.x ("3"). Its lexers never go back, hence the possessive quantifiers; they step over NUL
bytes in label values, help texts and comments, and nowhere else.
"""

import math
import re
from dataclasses import dataclass
from typing import Literal

Dialect = Literal["2", "3"]
Pairs = tuple[tuple[bytes, bytes], ...]

METRIC = rb"[a-zA-Z_:][a-zA-Z0-9_:]*+"
LABEL = rb"[a-zA-Z_][a-zA-Z0-9_]*+"
QUOTED = rb'"(?:[^"\\\0]++|\\[^\n\0])*+"'
QUOTED_LINE = rb'"(?:[^"\\\n\0]++|\\[^\n\0])*+"'
ANY_VALUE = rb'"(?:[^"\\]++|\\\0*+[^\n\0])*+"\0*+'
LINE_VALUE = rb'"(?:[^"\\\n]++|\\\0*+[^\n\0])*+"\0*+'
_OPEN = re.compile(rb'"(?:[^"\\]++|\\\0*+[^\n\0])*+\\?\0*+\Z')
_ESCAPE = re.compile(rb'\\([\\"n])')


class RefusedError(Exception):
    """The record is none: `what` was expected at offset `at`."""

    def __init__(self, at: int, what: str) -> None:
        super().__init__(what)
        self.at = at
        self.what = what


class UnfinishedError(Exception):
    """What is there ends inside a quoted string: the record needs more of the page."""


class EndOfPage(Exception):  # noqa: N818
    """Prometheus reads no further; `at` is the offset of the NUL byte or the end mark."""

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


@dataclass(frozen=True, slots=True)
class Series:
    """A sample as it stands on the page, names and values unescaped; `timestamp_ms` if given."""

    name: bytes
    labels: Pairs
    value: float
    timestamp_ms: int | None = None


Record = Series | bytes | None
"""A sample, the name of the metric of a TYPE line, or nothing that counts."""


def unescape(text: bytes) -> bytes:
    r"""Label text with \\, \" and \n replaced, all other backslashes kept, as Prometheus does."""
    if b"\\" not in text:
        return text
    return _ESCAPE.sub(lambda found: b"\n" if found[1] == b"n" else found[1], text)


def is_utf8(text: bytes) -> bool:
    """Whether it is valid UTF-8, by Go's rules (which are Python's)."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def furthest(stages: "tuple[Stage, ...]", page: bytes, at: int) -> RefusedError | UnfinishedError:
    """Why no record begins at `at`: what the stage that came furthest expected next."""
    end, what = at, stages[0].expected
    for stage in stages:
        found = stage.prefix.match(page, at)
        if found is not None and found.end() >= end:
            end, what = found.end(), stage.expected
    if _OPEN.match(page, end):
        return UnfinishedError()
    return RefusedError(end, f"expected {what}")


@dataclass(frozen=True, slots=True)
class Stage:
    """How far into a record the lexer came, and what it wants there."""

    prefix: re.Pattern[bytes]
    expected: str


def stages(*steps: tuple[bytes, str]) -> tuple[Stage, ...]:
    """Stages from the pieces that follow one another and what is expected after each."""
    made, prefix = [], b""
    for piece, expected in steps:
        prefix += piece
        made.append(Stage(re.compile(prefix), expected))
    return tuple(made)


def read_items(
    found: "re.Match[bytes]", group: int, item: "re.Pattern[bytes]", name: bytes | None
) -> tuple[bytes, Pairs]:
    """Name and labels of a sample whose text between braces is that group.

    A quoted string without a value is the name, which must not stand there already. Raises
    RefusedError.
    """
    pairs = []
    for part in item.finditer(found.string, found.start(group), found.end(group)):
        label, value = part[1], part[2]
        if value is None:
            if name is not None:
                raise RefusedError(part.start(), "expected no second metric name")
            name = unescape(label[1:-1])
            continue
        if not is_utf8(value):
            raise RefusedError(part.start(2), "expected valid UTF-8")
        if label[:1] == b'"':
            label = unescape(label[1:-1])
        pairs.append((label, unescape(value[1:-1])))
    if name is None:
        raise RefusedError(found.start(), "expected a metric name")
    return name, tuple(pairs)


_FLOAT = re.compile(
    rb"[+-]?(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+"
    rb"|[+-]?(?i:inf(?:inity)?)|(?i:nan)"
)


MOST_MS = (1 << 63) - 1
"""A timestamp is an int64 of milliseconds."""


def go_float(text: bytes) -> float | None:
    """The number, or None where Go sees none: hexadecimal, underscores, +NaN, out of range."""
    if _FLOAT.fullmatch(text) is None:
        return None
    value = float(text)
    if math.isinf(value) and text[-1:].isdigit():
        return None
    return value


def go_int64(digits: bytes) -> int | None:
    """A number of plain digits, or None beyond int64."""
    if len(digits) > 19 and digits.lstrip(b"0")[19:]:
        return None
    value = int(digits[-19:])
    return value if value <= MOST_MS else None
