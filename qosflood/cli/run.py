"""`qosflood [run] [PROFILE]`: flood a collector, watch it, give a verdict."""

from typing import Any

import click

from qosflood.cli.help import SectionedCommand
from qosflood.cli.options import RUN_OPTIONS
from qosflood.cli.profile_argument import profile_argument


@click.command(
    cls=SectionedCommand,
    params=list(RUN_OPTIONS),
    short_help="Flood a QoS collector, watch it, end with a verdict.",
)
@profile_argument
@click.pass_context
def run(ctx: click.Context, /, **values: Any) -> None:
    """Flood a QoS collector, monitor it, and end with a verdict.

    PROFILE is a shipped name or a path; `qosflood profiles` lists them. Without --target an
    embedded collector is started and flooded.

    \b
    qosflood --rate 10x --duration 15m
    qosflood --rate 10x --duration 15m --target http://127.0.0.1:3000
    """
    from qosflood.cli.flooding import flood

    ctx.exit(flood(ctx, **values))
