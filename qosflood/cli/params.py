"""Values of options that are no keys of a profile; errors name what was got and what was expected.

What is heavy to import is imported when such a value is read.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qosflood.base.errors import StartError, UnitError
from qosflood.base.text import closest
from qosflood.base.units import MS, US, parse_duration, parse_ratio
from qosflood.plan.options import parse_part, parse_peak

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from qosflood.base.endpoint import HeaderRef
    from qosflood.base.listen import Address
    from qosflood.base.units import Rate
    from qosflood.report.compare.values import MinEffect


class _Parsed(click.ParamType[Any]):
    """A value read by a function that raises StartError; one that is no string is taken as is.

    `name` is what help shows for it, `words` are what a shell may offer.
    """

    # Several values of one option are separated by `;` in its environment variable.
    envvar_list_splitter = ";"

    def __init__(self, name: str, read: Callable[[str], Any], words: Sequence[str] = ()) -> None:
        self.name = name
        self._read = read
        self._words = words

    def get_metavar(self, *_: Any, **__: Any) -> str | None:
        """The name as it is; click would print it in capitals."""
        return self.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """What the function makes of it; fails with the function's own line."""
        if not isinstance(value, str):
            return value
        try:
            return self._read(value)
        except StartError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(
        self, _ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem]":
        """The words that begin so."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(word) for word in self._words if word.startswith(incomplete)]


class Folder(click.Path):
    """A folder's path, which an empty word is not."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The Path; one that could be taken for an option is made absolute, because commands that
        are printed name it."""
        if value == "":
            self.fail('got "", expected the path of a folder', param, ctx)
        path = Path(str(super().convert(value, param, ctx)))
        return path.absolute() if str(path).startswith("-") else path


class _Existing(click.Path):
    """A path that is there; what was `expected` is said of one that is not."""

    def __init__(self, expected: str, **settings: Any) -> None:
        super().__init__(exists=True, path_type=Path, **settings)
        self._expected = expected

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path; fails with the nearest one beside it."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            path = Path(value)
            with suppress(OSError):
                # By name: paths below one long folder are all alike.
                name = closest(path.name, (one.name for one in path.parent.iterdir()))
                near = f"; did you mean {path.parent / name}?" if name else ""
                self.fail(f'got "{value}", expected {self._expected}{near}', param, ctx)
            self.fail(f'got "{value}", expected {self._expected}', param, ctx)


def one_of(*words: str) -> click.ParamType[Any]:
    """Text that a shell completes to one of the words; the profile's key refuses others."""
    return _Parsed("|".join(words), str, words)


def _text(text: str) -> str:
    if not text.strip():
        raise UnitError(f'got "{text}", expected a value; leave the option out for its default')
    return text


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18 or int(text) == 0:
        raise UnitError(f'got "{text}", expected a positive integer, e.g. 500')
    return int(text)


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


def _min_effect(text: str) -> "MinEffect":
    from qosflood.report.compare.values import MinEffect

    share, _, least = text.partition(",")
    try:
        ms = parse_duration(least) / MS if least else MinEffect().ms
        return MinEffect(share=parse_ratio(share), ms=ms)
    except UnitError:
        meant = f"{share}%" if share.isascii() and share.isdigit() else "5%"
        raise UnitError(
            f'got "{text}", expected a share, and for times a duration too, '
            f"e.g. {meant} or {meant},1ms"
        ) from None


def _width(text: str) -> float:
    width = parse_ratio(text)
    if not _LEAST_WIDTH <= width <= 1.0:
        raise UnitError(f'got "{text}", expected 1% to 100%, e.g. 7%')
    return width


def _steps(text: str) -> "tuple[Rate, ...]":
    from qosflood.base.units import parse_rate

    return tuple(parse_rate(step) for step in text.split(","))


def _address(text: str) -> "Address":
    from qosflood.base.listen import parse_address

    return parse_address(text)


def _port(text: str) -> "Address":
    from qosflood.base.listen import parse_port

    return parse_port(text)


def _push_header(text: str) -> "HeaderRef":
    from qosflood.base.endpoint import parse_header

    return parse_header(text)


def _push_url(text: str) -> str:
    from qosflood.live.metrics.otlp import parse_push_url

    return parse_push_url(text)


_LEAST_WIDTH = 0.01
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS = range(1970, 2262)
"""Whose moments are nanoseconds that fit into 64 bits."""
RUN = _Existing("the folder of a run, e.g. one below qosflood-runs", file_okay=False)
"""A run directory."""
RUN_OR_REPORT = _Existing("the folder of a run or its report.json")
"""What `compare` reads."""
TEXT = _Parsed("text", _text)
"""Plain text; what it means is checked later, with the profile at hand."""
DURATION = _Parsed("TIME", parse_duration)
"""`250ms`, `15m`, `1h30m`: nanoseconds; each option names an example of its own."""
WIDTH = _Parsed("SHARE", _width)
"""`7%`: a share above 0."""
STEPS = _Parsed("1x,2x,…", _steps)
"""`1x,2x,5x`: rates."""
PEAK = _Parsed("N[@INTERVAL]", parse_peak)
"""`500@5s`: keys of the profile with their values."""
COUNT = _Parsed("N", _count)
"""A positive integer."""
PART = _Parsed("K/N", parse_part)
"""`3/8`: a plan.options.PartOf."""
START_AT = _Parsed("UTC", _start_at)
"""`2026-11-23T14:00:00Z`: nanoseconds since the epoch."""
MIN_EFFECT = _Parsed("5%[,1ms]", _min_effect)
"""A share, and the least time with it: a compare.values.MinEffect."""
ADDRESS = _Parsed("[HOST:PORT]", _address)
"""`127.0.0.1:8080`: a listen.Address."""
PORT = _Parsed("[HOST:]PORT", _port)
"""`9464` or `0.0.0.0:9464`: a listen.Address."""
PUSH_URL = _Parsed("URL", _push_url)
"""The whole URL of an OTLP/HTTP endpoint."""
PUSH_HEADER = _Parsed("NAME=env:VAR|file:PATH", _push_header)
"""An endpoint.HeaderRef."""
