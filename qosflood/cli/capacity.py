"""`qosflood capacity [PROFILE]`: how many clients a target carries, and what gives first."""

from typing import Any

import click

from qosflood.cli.help import SectionedCommand
from qosflood.cli.profile_argument import profile_argument
from qosflood.cli.search_options import CAPACITY_OPTIONS


@click.command(cls=SectionedCommand, params=list(CAPACITY_OPTIONS))
@profile_argument
@click.pass_context
def capacity(ctx: click.Context, /, **values: Any) -> None:
    """Find how many clients a target carries, and what gives first.

    Short trials over warm connections: the load doubles until a limit breaks, then each trial
    uses the load that tells most. Without --target, an embedded collector is tested.

    \b
    qosflood capacity --target http://127.0.0.1:3000 --limit 'response.p99 < 250ms'
    qosflood capacity --target http://127.0.0.1:3000 --need 40000
    """
    from qosflood.cli.searching import search

    ctx.exit(search(ctx, **values))
