"""Numbers as Prometheus reads them: Go's ParseFloat, without the spellings of Go 1.13. Pure."""

import math
import re

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
