"""The picture and the plain lines."""

import io
from dataclasses import replace

import pytest
from plan_maker import make_plan
from record_maker import at, load_started, load_windows, scrape, window
from rich.console import Console
from snapshots import SEEN, TROUBLED, UNKNOWN

from qosflood.analysis.current import Snapshot
from qosflood.live.lines import plain_pieces
from qosflood.live.terminal import PictureView, PlainView, RunView, make_view, print_event
from qosflood.report.formats.wrapping import side_by_side


def plain_line(snapshot: Snapshot) -> str:
    return "  ".join(plain_pieces(snapshot))


def test_retries_stand_beside_the_first_attempts_where_there_are_any() -> None:
    storming = replace(SEEN, retries=250)
    assert "offered 1,000/s + 250/s retries  answered" in plain_line(storming)
    assert "retries" not in plain_line(SEEN)


def test_a_plain_line_says_it_all_in_one_line() -> None:
    assert plain_line(SEEN) == (
        "   35s flood     offered 1,000/s  answered 1,000/s  p50 1.2ms  p99 4.5ms  errors 0  "
        "memory 120.3 MiB  scrape ok 4ms  7m25s left"
    )


def test_of_several_instances_the_one_shown_is_named() -> None:
    fine = replace(SEEN, instances=3, rss_instance="qos-1")
    assert (
        "memory 120.3 MiB (qos-1, most of 3)  scrape ok 4ms (target, slowest of 3)"
        in plain_line(fine)
    )
    down = replace(fine, failing=2, scrape=scrape(1, ok=False, instance="qos-2"))
    assert "scrape failed (qos-2, 2 of 3): timeout" in plain_line(down)


def test_what_is_not_known_is_a_dash_and_never_a_zero() -> None:
    line = plain_line(UNKNOWN)
    assert "offered –  answered –  p50 –  p99 –" in line
    assert "memory –  scrape –" in line


def test_control_characters_of_the_target_never_reach_the_terminal() -> None:
    assert not set("\x1b\x07\u202e") & set(plain_line(TROUBLED))


def test_plain_lines_come_every_ten_seconds_and_never_before_the_first_figures() -> None:
    plan = make_plan()
    out = io.StringIO()
    view = PlainView(plan, Console(file=out, width=80))
    view.feed(load_started())
    view.tick(at(0.5))
    assert out.getvalue() == ""
    windows = {window.second: window for window in load_windows(plan)}
    for second in range(19):
        view.feed(windows[second])
        for part in range(4):
            view.tick(at(second + 1 + part / 4))
    starts = [line.split()[0] for line in out.getvalue().splitlines()]
    assert starts == ["1s", "10s"]


def test_a_plain_line_gives_the_mean_since_the_last_one_and_not_its_own_second() -> None:
    """Clients that report in step with the lines have no effect on them."""
    out = io.StringIO()
    view = PlainView(make_plan(), Console(file=out, width=200))
    view.feed(load_started())
    for second in range(40):
        reports = 92 if second % 5 else 132
        view.feed(window(second, "flood", response_ms=[5.0] * (reports - 1) + [300.0]))
        view.tick(at(second + 1))
    lines = out.getvalue().splitlines()
    means = (132, 96, 100, 100, 100)  # of 1 second, 9, and 10 each
    for line, mean in zip(lines, means, strict=True):
        assert f"offered {mean}/s  answered {mean}/s  p50 5ms" in line


class OfATerminal(io.StringIO):
    """What a terminal was sent."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("snapshot", [SEEN, UNKNOWN, TROUBLED])
def test_on_a_terminal_a_plain_line_is_broken_between_its_pieces(
    snapshot: Snapshot, width: int
) -> None:
    out = OfATerminal()
    print_event(Console(file=out, width=width), side_by_side(plain_pieces(snapshot)), indent=7)
    first, *further = out.getvalue().splitlines()
    assert first.startswith("   35s flood")
    assert " ".join(out.getvalue().split()) == " ".join(plain_line(snapshot).split())
    for piece in plain_pieces(snapshot):
        assert len(piece) > 40 or piece.strip() in out.getvalue()
    assert all(line.startswith(" " * 7) and len(line) <= width for line in further)


def test_a_plain_line_of_a_log_is_never_broken_in_two() -> None:
    plan = make_plan()
    out = io.StringIO()
    view = PlainView(plan, Console(file=out, width=40))
    view.feed(load_started())
    view.feed(load_windows(plan)[0])
    view.tick(at(1))
    assert len(out.getvalue().splitlines()) == 1


def test_the_picture_is_gone_when_the_view_closes() -> None:
    plan = make_plan()
    out = io.StringIO()
    console = Console(file=out, width=80, force_terminal=True, color_system=None)
    view = PictureView(plan, console)
    view.feed(load_started())
    view.feed(load_windows(plan)[0])
    view.tick(at(1))
    assert "baseline" in out.getvalue()
    view.close()
    assert "\x1b[?25h" in out.getvalue()


def test_the_style_follows_the_terminal() -> None:
    plan = make_plan()
    pipe = Console(file=io.StringIO())
    screen = Console(file=io.StringIO(), force_terminal=True)
    assert type(make_view(plan, pipe, "live")) is PlainView
    assert type(make_view(plan, screen, "plain")) is PlainView
    assert type(make_view(plan, screen, "quiet")) is RunView
    view = make_view(plan, screen, "live")
    view.close()
    assert type(view) is PictureView
