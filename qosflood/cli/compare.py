"""`qosflood compare`: runs against the runs before a change, from report.json alone."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from qosflood.cli.latest import latest_runs
from qosflood.cli.params import MIN_EFFECT, RUN_OR_REPORT

if TYPE_CHECKING:
    from qosflood.report.compare.values import MinEffect


@click.command(context_settings={"allow_extra_args": True})
@click.option(
    "--base",
    "bases",
    multiple=True,
    type=RUN_OR_REPORT,
    metavar="RUN",
    help="A run before the change: its directory or report.json. Three or more show the "
    "noise between runs.",
)
@click.option(
    "--new",
    "news",
    multiple=True,
    type=RUN_OR_REPORT,
    metavar="RUN",
    help="A run after the change.",
)
@click.option(
    "--min-effect",
    type=MIN_EFFECT,
    default="5%,1ms",
    show_default=True,
    help="The smallest change that matters; for times, both must be exceeded.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR|FILE",
    help="Write compare.html, compare.md and compare.json into DIR, or one FILE ending in .html, "
    ".md or .json.",
)
@click.option("--json", "as_json", is_flag=True, help="The comparison as JSON on standard output.")
@click.option(
    "--allow-invalid",
    is_flag=True,
    help="Also compare runs that were cut short, or invalid through their generator or monitor.",
)
@click.pass_context
def compare(
    ctx: click.Context,
    bases: tuple[Path, ...],
    news: tuple[Path, ...],
    min_effect: "MinEffect",
    out: Path | None,
    as_json: bool,
    allow_invalid: bool,
) -> None:
    """Show which figures regressed, improved or stayed the same.

    Without any RUN the latest two are compared, the older as the base. Exits with 0 for same or
    improved, 1 for regressed, 2 if a RUN cannot be read, 3 if the runs are not comparable or
    nothing could be judged.
    """
    from qosflood.cli.comparing import compare_and_show
    from qosflood.report.build import REPORT_JSON

    if ctx.args:
        raise click.UsageError(_without_side(ctx.args))
    if not bases and not news:
        older, newer = latest_runs(REPORT_JSON, 2)
        bases, news = (older,), (newer,)
    for side, runs in (("--base", bases), ("--new", news)):
        if not runs:
            raise click.UsageError(f"{side}: got none, expected a RUN, or neither side")
    ctx.exit(compare_and_show(bases, news, min_effect, out, as_json, allow_invalid))


def _without_side(words: list[str]) -> str:
    base, new = (words[0], words[1]) if len(words) == 2 else ("BEFORE", words[0])
    return (
        f'got "{words[0]}" without its side, expected --base RUN and --new RUN, '
        f"e.g. qosflood compare --base {base} --new {new}"
    )
