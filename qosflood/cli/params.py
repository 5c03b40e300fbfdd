"""Values with units as click options; errors name what was got and what was expected."""

from collections.abc import Callable
from typing import Any

import click

from qosflood.errors import StartError, UnitError
from qosflood.resolve import parse_peak
from qosflood.units import parse_bytes, parse_duration, parse_rate


class DurationType(click.ParamType[int]):
    """`250ms`, `15m`, `1h30m`: an integer of nanoseconds."""

    name = "duration"

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Nanoseconds; a default that is an integer is taken as it is."""
        if isinstance(value, int):
            return value
        try:
            return parse_duration(value)
        except UnitError as error:
            self.fail(str(error), param, ctx)


DURATION = DurationType()


class _Parsed(click.ParamType[Any]):
    """A value read by a function that raises StartError; one that is no string is taken as is."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        self.name = name
        self._read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """What the function makes of it; fails with the function's own line."""
        if not isinstance(value, str):
            return value
        try:
            return self._read(value)
        except StartError as error:
            self.fail(str(error), param, ctx)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18 or int(text) == 0:
        raise UnitError(f'got "{text}", expected a positive integer, e.g. 500')
    return int(text)


def _seed(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise UnitError(f'got "{text}", expected an integer of up to 18 digits, e.g. 42')
    return int(text)


def _shards(text: str) -> int | str:
    if text == "auto":
        return text
    try:
        return _count(text)
    except UnitError:
        raise UnitError(f'got "{text}", expected a positive integer or auto') from None


def _interval(text: str) -> int | str:
    if text == "off":
        return text
    try:
        return parse_duration(text)
    except UnitError:
        raise UnitError(f'got "{text}", expected a duration or off, e.g. 5s') from None


def _per_second(text: str) -> float:
    rate = parse_rate(text).per_second
    if rate is None:
        raise UnitError(f'got "{text}", expected reports per second, e.g. 50000/s')
    return rate


RATE = _Parsed("rate", parse_rate)
"""`10x` or `5000/s`: a units.Rate."""
PER_SECOND = _Parsed("rate", _per_second)
"""`50000/s`: reports per second."""
PEAK = _Parsed("clients[@interval]", parse_peak)
"""`500@5s`: a resolve.Peak."""
BYTES = _Parsed("size", parse_bytes)
"""`512MiB`: bytes."""
COUNT = _Parsed("integer", _count)
"""A positive integer."""
SEED = _Parsed("integer", _seed)
"""An integer from 0."""
SHARDS = _Parsed("integer|auto", _shards)
"""A positive integer, or `auto`."""
INTERVAL = _Parsed("duration|off", _interval)
"""`5s`: nanoseconds; or `off`."""
