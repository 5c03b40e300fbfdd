"""`qosflood collector`: the embedded collector in the foreground."""

import os
from typing import TYPE_CHECKING, Any

import click

from qosflood.base.errors import StartError
from qosflood.base.units import SECOND
from qosflood.cli.lines import say
from qosflood.cli.params import DURATION

if TYPE_CHECKING:
    from qosflood.lab.collector.options import BridgeOption


def _bridges(
    _ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]
) -> "tuple[BridgeOption, ...]":
    try:
        return tuple(_bridge(value) for value in values)
    except StartError as error:
        raise click.BadParameter(str(error)) from None


def _bridge(value: str) -> "BridgeOption":
    from qosflood.lab.collector.options import BridgeOption

    url, _, weight = value.rpartition("=")
    if url and weight.isdecimal():
        return BridgeOption(url=url, weight=int(weight))
    return BridgeOption(url=value)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    default=0,
    show_default="a free one",
    help="Port to listen on.",
)
@click.option(
    "--session-ttl",
    "session_ttl_ns",
    type=DURATION,
    metavar="60s",
    help="Forget sessions that were silent for this long.  [default: never]",
)
@click.option(
    "--service-time",
    "service_time_ns",
    type=DURATION,
    metavar="2ms",
    help="Time spent on each report, one after the other: 2ms is a knee at 500/s.",
)
@click.option(
    "--token",
    metavar="env:VAR|file:PATH",
    help="Ask for this bearer token on every route.",
)
@click.option(
    "--bridge",
    "bridges",
    metavar="URL[=WEIGHT]",
    multiple=True,
    callback=_bridges,
    help="Create sessions over this media bridge (repeatable).  [default: an internal one]",
)
@click.option("--sip", metavar="URL", help="SIP controller to dial by.  [default: internal]")
@click.option(
    "--keepalive-timeout",
    "keepalive_timeout_ns",
    type=DURATION,
    metavar="75s",
    default=75 * SECOND,
    show_default="75s",
    help="Close connections that are idle for so long.",
)
def collector(**options: Any) -> None:
    """Run the embedded collector: the reference API, in memory.

    It runs until Ctrl-C, takes QoS reports on /api/v1/metrics/qos and shows their means on
    /metrics.
    """
    from qosflood.lab.collector.options import CollectorOptions
    from qosflood.lab.collector.server import run_in_foreground

    run_in_foreground(CollectorOptions(**options), _announce)


def _announce(url: str) -> None:
    say(
        f"collector on {url} (pid {os.getpid()}); "
        "POST /api/v1/metrics/qos, GET /metrics; Ctrl-C stops it",
        err=True,
    )
