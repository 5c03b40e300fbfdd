"""The closing summary fits its terminal, says the answer first, and holds no more than text."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from stories import STORIES, Story, document_of, failing_run, good_run, hostile

from qosflood.report.formats.terminal import print_summary

NASTY = "\x1b[2J\x1b]0;title\x07\u202e[bold]x[/bold] <b>\r\n"
PAGE = Path("runs/x/report.html")


def summary(story: Story, width: int, *, colour: bool = False) -> list[str]:
    out = io.StringIO()
    console = Console(
        file=out, width=width, force_terminal=colour, highlight=False, legacy_windows=False
    )
    print_summary(console, document_of(story), PAGE)
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 120, 200])
@pytest.mark.parametrize("make", STORIES)
def test_no_line_is_wider_than_the_terminal_or_ends_in_blanks(
    make: Callable[[], Story], width: int
) -> None:
    lines = summary(make(), width)
    assert max(map(len, lines)) <= width
    assert [line for line in lines if line != line.rstrip()] == []
    assert lines[0] == ""
    assert lines[1].split(": ")[0] in document_of(make()).headline
    assert lines[-1].split() == ["report", str(PAGE)]


def test_a_wide_terminal_shows_figures_that_a_narrow_one_has_no_room_for() -> None:
    narrow, wide = ("\n".join(summary(good_run(), width)) for width in (80, 200))
    for name in ("send lag p99", "planned /s"):
        assert name not in narrow
        assert name in wide


@pytest.mark.parametrize("make", STORIES)
def test_without_colour_there_is_no_escape_and_with_it_the_same_text(
    make: Callable[[], Story],
) -> None:
    story = hostile(make(), NASTY)
    plain = "\n".join(summary(story, 100))
    assert not set(plain) & {"\x1b", "\x07", "\r", "\u202e"}
    assert "\x1b[1;3" in "\n".join(summary(story, 100, colour=True))


def test_what_was_looked_at_is_told_only_where_something_is_amiss() -> None:
    evidence = "connects: 10 made in the flood, 0 failed"
    for make, told in ((good_run, False), (failing_run, True)):
        story = make()
        story = replace(story, findings=replace(story.findings, limited_evidence=(evidence,)))
        assert (evidence in "\n".join(summary(story, 200))) is told
