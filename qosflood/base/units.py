"""Units at the edge: text in, nanoseconds, bytes and ratios inside, text out.

Inside qosflood time is an integer of nanoseconds (a moment: since 1970, UTC), memory an integer of
bytes, a share a float from 0 to 1. Only this module turns those into text and back.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from qosflood.base.errors import UnitError

US = 1_000
MS = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 3600 * SECOND
DAY = 24 * HOUR

_DURATION_UNITS = {
    "ns": 1,
    "us": US,
    "µs": US,
    "ms": MS,
    "s": SECOND,
    "m": MINUTE,
    "min": MINUTE,
    "h": HOUR,
    "d": DAY,
}
_DURATION_PART = re.compile(r"(\d{1,15}(?:\.\d+)?)(ns|us|µs|ms|min|s|m|h|d)")
_BYTE_UNITS = {
    "B": 1,
    "KB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "KIB": 1024,
    "MIB": 1024**2,
    "GIB": 1024**3,
    "K": 1024,
    "M": 1024**2,
    "G": 1024**3,
}
_BYTES = re.compile(r"(\d{1,15}(?:\.\d+)?)\s*([A-Za-z]+)")
_NUMBER = re.compile(r"\d{1,15}(?:\.\d+)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_US = 253_402_300_799_999_999
"""The last microsecond of the year 9999, the last that a calendar has: a moment beyond it is one
that somebody else's clock made up."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate as it was asked for: a multiple of 1x, or reports per second; one is None."""

    multiple: float | None = None
    per_second: float | None = None


def _examples(text: str, units: tuple[str, ...], usual: tuple[str, ...]) -> tuple[str, ...]:
    """The number in `text` with each of the units that it lacks; the usual examples for others."""
    number = text.strip()
    bare = _NUMBER.fullmatch(number) is not None and float(number) > 0
    return tuple(f"{number}{unit}" for unit in units) if bare else usual


def parse_duration(
    text: str,
    *,
    expected: str = "a duration with a unit",
    least: str = "0s or more",
    usual: tuple[str, ...] = ("m", "s"),
) -> int:
    """Nanoseconds of `250ms`, `15m` or `1h30m`; raises UnitError, which says what was `expected`,
    of a negative duration what is the `least`, and reads a bare number in the `usual` units."""
    compact = text.strip().replace(" ", "")
    ns = _sum_of_parts(compact)
    if ns is None:
        positive = compact.removeprefix("-")
        if _sum_of_parts(positive):
            raise UnitError(f'got "{text}", expected {least}, e.g. {positive}')
        *most, last = _examples(text, usual, ("250ms", "15m", "1h30m"))
        examples = f"{', '.join(most)} or {last}" if most else last
        raise UnitError(f'got "{text}", expected {expected}, e.g. {examples}')
    return ns


def _sum_of_parts(compact: str) -> int | None:
    """Nanoseconds; None where the text is not all durations with their units."""
    parts = _DURATION_PART.findall(compact)
    if not parts or "".join(number + unit for number, unit in parts) != compact:
        return None
    return round(sum(float(number) * _DURATION_UNITS[unit] for number, unit in parts))


def parse_bytes(text: str) -> int:
    """Bytes of `512MiB` or `1.5GB`; raises UnitError."""
    match = _BYTES.fullmatch(text.strip())
    factor = _BYTE_UNITS.get(match[2].upper()) if match else None
    if match is None or factor is None:
        one, other = _examples(text, ("MiB", "MB"), ("512MiB", "2GB"))
        raise UnitError(f'got "{text}", expected a size with a unit, e.g. {one} or {other}')
    return round(float(match[1]) * factor)


def parse_ratio(text: str) -> float:
    """A share from `99.9%` or `0.999`; raises UnitError."""
    compact = text.strip()
    number = compact.removesuffix("%")
    if not _NUMBER.fullmatch(number):
        raise UnitError(f'got "{text}", expected a share, e.g. 99.9% or 0.999')
    # Decimal: 99.9 / 100 as floats is above 0.999, which 999 of 1,000 would then miss.
    value = float(Decimal(number) / (100 if compact.endswith("%") else 1))
    if value > 1.0:
        bare = number == compact and value <= 100
        meant = f"{number}% or {Decimal(number) / 100}" if bare else "99.9% or 0.999"
        raise UnitError(f'got "{text}", expected a share of at most 100%, e.g. {meant}')
    return value


def parse_rate(text: str) -> Rate:
    """`10x` is a multiple of the profile's 1x, `5000/s` is absolute; raises UnitError."""
    compact = text.strip().lower().replace(" ", "")
    for suffix, field, kind in (("x", "multiple", "multiple"), ("/s", "per_second", "rate")):
        number = compact.removesuffix(suffix)
        if not compact.endswith(suffix) or not _NUMBER.fullmatch(number.removeprefix("-")):
            continue
        if float(number) > 0:
            return Rate(**{field: float(number)})
        usual = (number.lstrip("-0.") and number.removeprefix("-")) or "10"
        raise UnitError(f'got "{text}", expected a {kind} above 0, e.g. {usual}{suffix}')
    one, other = _examples(text, ("x", "/s"), ("10x", "5000/s"))
    raise UnitError(f'got "{text}", expected a multiple such as {one} or a rate such as {other}')


def parse_per_second(text: str) -> float:
    """Reports per second of `5000/s`; raises UnitError."""
    compact = text.strip().lower().replace(" ", "")
    if compact.endswith("/s"):
        return parse_rate(text).per_second or 0.0
    (example,) = _examples(text, ("/s",), ("50000/s",))
    raise UnitError(f'got "{text}", expected reports per second, e.g. {example}')


def format_duration(ns: float, more: int = 0) -> str:
    """A duration for people: `950us`, `12.3ms`, `8.5s`, `15m`, `1h30m`; with `more` digits than
    usual where what it is compared with lies close."""
    if ns < 0:
        return "-" + format_duration(-ns, more)
    if ns == 0:
        return "0s"
    for unit, size in (("us", US), ("ms", MS)):
        text = _short(_scaled(ns, size, more), more)
        if float(text) < 1000:
            return f"{text}{unit}"
    text = _short(_scaled(ns, SECOND, more), more)
    if float(text) < 120 and float(text) % 60:
        return f"{text}s"
    return _clock_parts(_decimals(_scaled(ns, SECOND, more), more))


def format_moment(t_s: float) -> str:
    """`+7m1s` since the load's start, to a tenth of a second in its first two minutes."""
    rounded = round(t_s, 1) if abs(t_s) < 120 else round(t_s)
    sign = "-" if rounded < 0 else "+"
    if abs(rounded) < 1:
        return f"{sign}{abs(rounded)}s" if rounded else "0s"
    return sign + format_duration(abs(rounded) * SECOND)


def _clock_parts(seconds: str) -> str:
    whole, _, fraction = seconds.partition(".")
    days, rest = divmod(int(whole), 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    last = f"{rest}.{fraction}s" if fraction else f"{rest}s" if rest else ""
    parts = ((days, "d"), (hours, "h"), (minutes, "m"))
    return "".join(f"{count}{unit}" for count, unit in parts if count) + last or "0s"


def format_bytes(count: float, more: int = 0) -> str:
    """A size for people: `512 B`, `41.2 MiB`; with `more` digits than usual."""
    sign, size = ("-", -count) if count < 0 else ("", count)
    for power, unit in enumerate(BYTE_UNITS):
        scaled = _scaled(size, 1024**power, more)
        text = _decimals(scaled, more + bool(power))
        text += ".0" if power and "." not in text else ""
        if float(text) < 1024 or unit == BYTE_UNITS[-1]:
            break
    return f"{sign}{text} {unit}"


BYTE_UNITS = ("B", "KiB", "MiB", "GiB")


def format_ratio(value: float, more: int = 0) -> str:
    """A share for people, with `more` digits than usual; a share that is not whole is never rounded
    to 0% or 100%."""
    text = _decimals(Decimal(str(value)) * 100 if more else value * 100, 2 + more)
    if text == "100" and value < 1.0:
        return f"99.{'9' * (2 + more)}%"
    if text == "0" and value > 0.0:
        return f"<0.{'0' * (1 + more)}1%"
    return f"{text}%"


_TENTH = 0.1
"""Below it one decimal says nothing."""


def format_count(value: float, more: int = 0) -> str:
    """A count or rate for people: `1,000`, `12.5`, `0.01`; with `more` digits than usual."""
    if float(value).is_integer():
        return f"{value:,.0f}"
    if abs(value) < _TENTH:
        return f"{value:.{1 + more - math.floor(math.log10(abs(value)))}f}".rstrip("0")
    text = f"{value:,.{more if abs(value) >= 100 else 1 + more}f}"
    return text.rstrip("0").rstrip(".") if more else text


Form = Callable[[float, int], str]
"""A value for people, with so many more digits than usual: `format_duration` and its like."""
_MOST_DIGITS = 20


def text_beside(form: Form, value: float, other: float) -> str:
    """`value` in as many digits as it takes to see on which side of `other` it lies."""
    texts = ((form(value, more), form(other, more)) for more in range(_MOST_DIGITS))
    shown = (text for text, others in texts if value == other or text != others)
    return next(shown, form(value, _MOST_DIGITS))


def text_in_full(form: Form, value: float) -> str:
    """`value` in as many digits as it has, so that another beside it compares with all of it."""
    full = form(value, _MOST_DIGITS)
    texts = (form(value, more) for more in range(_MOST_DIGITS))
    return next((text for text in texts if text == full), full)


def counted(value: float, noun: str) -> str:
    """A count with its noun: `1 client`, `1,000 clients`."""
    return f"{format_count(value)} {noun}{'' if value == 1 else 's'}"


def _short(value: float | Decimal, more: int) -> str:
    return _decimals(value, (0 if value >= 100 else 1) + more)


def _scaled(value: float, unit: int, more: int) -> float | Decimal:
    """`value / unit`; exactly, where more digits are asked for than a float may have."""
    return Decimal(str(value)) / unit if more else value / unit


def _decimals(value: float | Decimal, most: int) -> str:
    text = f"{value:.{most}f}"
    return text.rstrip("0").rstrip(".") if most else text


def format_utc(ns: int) -> str:
    """`2026-11-23T14:00:00Z`, with milliseconds where there are any."""
    return _iso(ns, "seconds" if ns % SECOND == 0 else "milliseconds")


def format_utc_ms(ns: int) -> str:
    """`2026-11-23T14:00:00.000Z`, always with milliseconds, as documents hold it."""
    return _iso(ns, "milliseconds")


def format_utc_words(ns: int) -> str:
    """`2026-11-23 14:00:00 UTC`, to the second, for people."""
    return f"{_moment(ns):%Y-%m-%d %H:%M:%S} UTC"


def _iso(ns: int, to: str) -> str:
    return _moment(ns).isoformat(timespec=to).replace("+00:00", "Z")


def _moment(ns: int) -> datetime:
    return _EPOCH + timedelta(microseconds=min(max(ns // US, 0), _LAST_US))
