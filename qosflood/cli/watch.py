"""`qosflood watch --target URL`: the monitor without a load."""

from typing import Any

import click

from qosflood.cli.help import SectionedCommand
from qosflood.cli.options import WATCH_OPTIONS
from qosflood.cli.profile_argument import profile_argument


@click.command(cls=SectionedCommand, params=list(WATCH_OPTIONS))
@profile_argument
@click.pass_context
def watch(ctx: click.Context, /, **values: Any) -> None:
    """Watch a target without load, and end with a verdict.

    Scrapes, memory and restarts are watched as in a run, with the same journal and report; no
    report is ever sent. For the hours before and after a flood, or while others send.

    \b
    qosflood watch --target http://127.0.0.1:3000 --duration 1h
    """
    from qosflood.cli.flooding import watch_only

    ctx.exit(watch_only(ctx, **values))
