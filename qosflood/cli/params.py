"""Values with units as click options; errors name what was got and what was expected."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from qosflood.base.endpoint import parse_header
from qosflood.base.errors import StartError, UnitError
from qosflood.base.listen import parse_address, parse_port
from qosflood.base.units import MS, US, parse_duration, parse_rate, parse_ratio
from qosflood.live.metrics.otlp import parse_push_url
from qosflood.plan.options import parse_part, parse_peak
from qosflood.report.compare.values import MinEffect


class _Parsed(click.ParamType[Any]):
    """A value read by a function that raises StartError; one that is no string is taken as is.

    `name` is what help shows for it.
    """

    # Several values of one option are separated by `;` in its environment variable.
    envvar_list_splitter = ";"

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        self.name = name
        self._read = read

    def get_metavar(self, *_: Any, **__: Any) -> str | None:
        """The name as it is; click would shout it."""
        return self.name

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


def _start_at(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment.year not in _YEARS:
        raise UnitError(
            f'got "{text}", expected a moment in UTC or with its offset, '
            "e.g. 2026-11-23T14:00:00Z or 2026-11-23T15:00:00+01:00"
        )
    return (moment - _EPOCH) // timedelta(microseconds=1) * US


def _min_effect(text: str) -> MinEffect:
    share, _, least = text.partition(",")
    try:
        ms = parse_duration(least) / MS if least else MinEffect().ms
        return MinEffect(share=parse_ratio(share), ms=ms)
    except UnitError:
        raise UnitError(
            f'got "{text}", expected a share, and for times a duration too, e.g. 5% or 5%,1ms'
        ) from None


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS = range(1970, 2262)
"""Whose moments are nanoseconds that fit into 64 bits."""
TEXT = _Parsed("text", str)
"""Plain text; what it means is checked later, with the profile at hand."""
DURATION = _Parsed("TIME", parse_duration)
"""`250ms`, `15m`, `1h30m`: nanoseconds; each option names an example of its own."""
RATE = _Parsed("10x|5000/s", parse_rate)
"""A multiple or reports per second: a units.Rate."""
PER_SECOND = _Parsed("60000/s", _per_second)
"""Reports per second."""
PEAK = _Parsed("N[@INTERVAL]", parse_peak)
"""`500@5s`: a resolve.Peak."""
COUNT = _Parsed("N", _count)
"""A positive integer."""
SEED = _Parsed("N", _seed)
"""An integer from 0."""
SHARDS = _Parsed("N|auto", _shards)
"""A positive integer, or `auto`."""
PART = _Parsed("K/N", parse_part)
"""`3/8`: a resolve.PartOf."""
START_AT = _Parsed("UTC", _start_at)
"""`2026-11-23T14:00:00Z`: nanoseconds since the epoch."""
MIN_EFFECT = _Parsed("5%[,1ms]", _min_effect)
"""A share, and the least time beside it: a compare.values.MinEffect."""
INTERVAL = _Parsed("5s|off", _interval)
"""Nanoseconds; or `off`."""
ADDRESS = _Parsed("[HOST:PORT]", parse_address)
"""`127.0.0.1:8080`: a listening.Address."""
PORT = _Parsed("[HOST:]PORT", parse_port)
"""`9464` or `0.0.0.0:9464`: a listening.Address."""
PUSH_URL = _Parsed("URL", parse_push_url)
"""The whole URL of an OTLP/HTTP endpoint."""
PUSH_HEADER = _Parsed("NAME=env:VAR|file:PATH", parse_header)
"""A header_ref.HeaderRef."""
