"""What a part shows while it waits for its moment."""

import io

from plan_maker import make_plan
from rich.console import Console

from qosflood.base.units import SECOND
from qosflood.live.terminal import PictureView, PlainView, RunView


def said(*left_s: float) -> list[str]:
    out = io.StringIO()
    view = PlainView(make_plan(), Console(file=out, width=80))
    for left in left_s:
        view.waiting(round(left * SECOND))
    return out.getvalue().splitlines()


def test_plain_lines_count_down_more_often_towards_the_end() -> None:
    seconds = range(7_200, 0, -1)
    lines = said(*seconds)
    assert lines[0] == "the load starts in 2h; Ctrl-C to exit"
    assert len(lines) == 30
    assert lines[12] == "the load starts in 9m; Ctrl-C to exit"
    assert lines[-1] == "the load starts in 10s; Ctrl-C to exit"


def test_what_is_left_is_rounded_up() -> None:
    assert said(8.2) == ["the load starts in 9s; Ctrl-C to exit"]


def test_the_picture_counts_down_in_its_place_and_a_quiet_view_says_nothing() -> None:
    out = io.StringIO()
    console = Console(file=out, width=80, force_terminal=True)
    view = PictureView(make_plan(), console)
    view.waiting(3 * SECOND)
    view.waiting(2 * SECOND)
    view.close()
    assert "the load starts in 3s" in out.getvalue()
    assert "the load starts in 2s" in out.getvalue()
    RunView(make_plan()).waiting(SECOND)
