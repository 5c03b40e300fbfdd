"""What is shown of a watch: nothing of reports."""

import io

from plan_maker import make_load, make_plan
from record_maker import load_started, memory, scrape
from rich.console import Console

from qosflood.base.units import MINUTE, SECOND
from qosflood.live.terminal import make_view
from qosflood.plan.plan import Phase
from qosflood.plan.watching import WATCH

PLAN = make_plan(
    load=make_load(clients=0, shards=0),
    phases=(
        Phase(
            name=WATCH,
            start_ns=0,
            duration_ns=MINUTE,
            clients_from=0,
            clients_to=0,
            cadence_from_ns=SECOND,
            cadence_to_ns=SECOND,
        ),
    ),
)


def shown(style, terminal):
    console = Console(file=io.StringIO(), width=80, force_terminal=terminal, color_system=None)
    view = make_view(PLAN, console, style)
    for record in (load_started(), memory(1), scrape(1.5)):
        view.feed(record)
    view.tick(5 * SECOND)
    view.close()
    return console.file.getvalue()


def test_a_plain_line_tells_memory_and_scrape_alone():
    line = shown("plain", terminal=False)
    assert line == "    3s watch  memory 80.0 MiB  scrape ok 20ms  57s left\n"


def test_the_picture_has_no_rows_of_a_load():
    picture = shown("live", terminal=True)
    assert "memory 80.0 MiB" in picture
    assert "offered" not in picture
    assert "p99" not in picture
