"""The run command's options: their types, and which of them were said and where."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import click
from click.core import ParameterSource

from qosflood.errors import StartError, UnitError
from qosflood.resolve import Options, parse_peak
from qosflood.units import parse_duration, parse_rate


class Unit(click.ParamType[Any]):
    """A value that one of the unit parsers reads; its error becomes the option's error."""

    envvar_list_splitter = ";"

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The parsed value; fails with the parser's one line."""
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except (StartError, UnitError) as error:
            self.fail(str(error), param, ctx)


def interval_or_off(text: str) -> int | Literal["off"]:
    """`5s`, or `off`; raises UnitError."""
    return "off" if text.strip().lower() == "off" else parse_duration(text)


def count_or_auto(text: str) -> int | Literal["auto"]:
    """A positive number, or `auto`; raises UnitError."""
    if text.strip().lower() == "auto":
        return "auto"
    if text.strip().isdecimal() and int(text) >= 1:
        return int(text)
    raise UnitError(f'got "{text}", expected a positive integer or auto')


def reports_per_second(text: str) -> float:
    """`60000/s`; raises UnitError."""
    rate = parse_rate(text)
    if rate.per_second is None:
        raise UnitError(f'got "{text}", expected a rate such as 60000/s')
    return rate.per_second


TEXT = Unit("text", str)
"""Plain text whose several values are separated by `;` in the environment."""

_RENAMED = {
    "duration": "duration_ns",
    "timeout": "timeout_ns",
    "header": "headers",
    "allow_target": "allow",
    "limit": "limits",
    "max_duration": "max_duration_ns",
}
"""Options whose field in Options is called something else."""

_LOAD: tuple[Any, ...] = (
    click.option(
        "--rate",
        type=Unit("10x|5000/s", parse_rate),
        help="How much: a multiple of 1x or reports per second.",
    ),
    click.option(
        "--duration", type=Unit("15m", parse_duration), help="How long the flood itself lasts."
    ),
    click.option(
        "--clients",
        type=click.IntRange(1),
        help="How many clients flood; keeps the cadence unless --rate is given too.",
    ),
    click.option(
        "--peak", type=Unit("N[@INTERVAL]", parse_peak), help="What 1x means here, e.g. 500@5s."
    ),
    click.option(
        "--timeout",
        type=Unit("10s", parse_duration),
        help="A report is lost if not accepted so long after it was due.",
    ),
    click.option(
        "--seed", type=click.IntRange(0), help="Makes the schedule and the reports repeatable."
    ),
    click.option(
        "--shards", type=Unit("N|auto", count_or_auto), help="Processes that share the load."
    ),
)
_TARGET: tuple[Any, ...] = (
    click.option(
        "--target",
        metavar="URL",
        help="The collector: scheme, host, port, optional base path.  [default: an embedded one]",
    ),
    click.option(
        "--header",
        type=TEXT,
        multiple=True,
        metavar="NAME=env:VAR|file:PATH",
        help="Send this header with every report and scrape (repeatable).",
    ),
    click.option("--cacert", metavar="FILE", help="Trust the certificates in this PEM file."),
    click.option(
        "--insecure", is_flag=True, default=None, help="Do not check the target's certificate."
    ),
    click.option(
        "--allow-target",
        type=TEXT,
        multiple=True,
        metavar="HOST[:PORT]",
        help="Consent to flooding a host that is not this one (repeatable).",
    ),
    click.option(
        "--max-rate",
        type=Unit("60000/s", reports_per_second),
        help="Lift the ceiling of reports per second off loopback.",
    ),
    click.option(
        "--max-duration",
        type=Unit("48h", parse_duration),
        help="Lift the ceiling of the duration off loopback.",
    ),
)
_WATCH: tuple[Any, ...] = (
    click.option(
        "--scrape", metavar="URL", help="Scrape this page instead of the target's /metrics."
    ),
    click.option(
        "--scrape-interval",
        type=Unit("5s|off", interval_or_off),
        help="How often to scrape, or off.",
    ),
    click.option("--pid", type=click.IntRange(1), help="The process whose memory is the target's."),
)
_LIMITS: tuple[Any, ...] = (
    click.option(
        "--limit",
        type=TEXT,
        multiple=True,
        metavar="'EXPR'",
        help="A limit that must hold, e.g. 'response.p99 < 250ms' (repeatable).",
    ),
    click.option(
        "--set",
        "sets",
        type=TEXT,
        multiple=True,
        metavar="KEY.PATH=VALUE",
        help="Set any key of the profile (repeatable).",
    ),
)


def plan_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add every option that makes a plan, in the order they are explained."""
    for option in reversed((*_LOAD, *_TARGET, *_WATCH, *_LIMITS)):
        command = option(command)
    return command


def target_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what the target is and how it is watched."""
    for option in reversed((*_TARGET[:5], *_WATCH)):
        command = option(command)
    return command


def options_from(ctx: click.Context, values: Mapping[str, Any]) -> Options:
    """Options from the command's values, with where each came from."""
    fields = set(Options.__dataclass_fields__)
    chosen: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for name, value in values.items():
        target = _RENAMED.get(name, name)
        if target not in fields or value is None or value == ():
            continue
        chosen[target] = value
        source = ctx.get_parameter_source(name)
        if source is ParameterSource.ENVIRONMENT:
            prefix = ctx.auto_envvar_prefix
            sources[target.removesuffix("_ns")] = f"environment {prefix}_{name.upper()}"
        else:
            sources[target.removesuffix("_ns")] = f"option --{name.replace('_', '-')}"
    return Options(**chosen, sources=sources)
