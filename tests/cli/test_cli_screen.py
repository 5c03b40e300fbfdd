"""What a run shows: little by itself, everything on demand, and nothing on a terminal that has gone
away."""

import os
import sys
from dataclasses import replace

import pytest
from findings_maker import make_limit
from journal_maker import write_run
from plan_maker import make_plan
from resolving import plan_of
from stories import document_of, good_run

from qosflood.base.units import Rate
from qosflood.cli.screen import TerminalScreen
from qosflood.live.terminal import PlainView
from qosflood.plan.limit_language import parse_limit
from qosflood.report.build import build
from qosflood.report.document.document import to_json
from qosflood.run.preflight.resources import Needs

NEEDS = Needs(("ports: 5,009 of 28,232",), (), ())


@pytest.mark.parametrize("live", [False, True])
def test_a_terminal_that_goes_away_costs_its_picture_and_nothing_else(tmp_path, monkeypatch, live):
    plan = make_plan(limits=(make_limit("errors < 0.1%", "errors", 0.001),))
    document = to_json(build(write_run(tmp_path / "run", plan)).document)
    far, near = os.openpty()
    with os.fdopen(near, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setattr(sys, "stdout", terminal)
        monkeypatch.setenv("TERM", "xterm")
        screen = TerminalScreen(live=live, quiet=False, as_json=False)
        screen.view(plan)
        os.close(far)
        screen.close_view()
        screen.notice("a line that nobody reads")
        screen.summary(document, None)
        print("and nothing is left to fail at the end", file=terminal, flush=True)


def test_colour_that_was_asked_for_makes_no_terminal_of_a_log(tmp_path, monkeypatch):
    with (tmp_path / "log").open("w") as log:
        monkeypatch.setattr(sys, "stderr", log)
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("TERM", "xterm")
        screen = TerminalScreen(live=True, quiet=False, as_json=False)
        assert isinstance(screen.view(make_plan()), PlainView)
        screen.close_view()


def screen_of(**how: bool) -> TerminalScreen:
    return TerminalScreen(**{"live": False, "quiet": False, "as_json": False, **how})


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_plan_is_six_lines_and_all_of_it_on_demand(monkeypatch, capsys, width):
    monkeypatch.setenv("COLUMNS", str(width))
    plan = plan_of(rate=Rate(multiple=10.0))
    screen_of().plan(plan, NEEDS)
    few = capsys.readouterr().err.splitlines()
    screen_of(verbose=True).plan(plan, NEEDS)
    every = capsys.readouterr().err.splitlines()
    screen_of(quiet=True).plan(plan, NEEDS)
    assert capsys.readouterr().err == ""
    screen_of().dry_run(plan, NEEDS)
    assert capsys.readouterr().out.splitlines() == every
    assert len([line for line in few if line[0] != " "]) == 6
    assert len(few) == 6 or width < 80
    assert max(map(len, (*few, *every))) <= width
    assert every[-1].split("  ")[0] == "machine"


def test_what_cannot_be_judged_is_said_before_the_load(capsys):
    plan = plan_of(duration_ns=600 * 10**9)
    line = "memory.leak == none: not judged in a flood of 10m; it takes --duration 12m"
    for how in ({}, {"verbose": True}):
        screen_of(**how).plan(plan, NEEDS)
        assert " ".join(capsys.readouterr().err.split()).count(line) == 1
    screen_of(quiet=True).plan(plan, NEEDS)
    assert capsys.readouterr().err == ""
    screen_of().dry_run(plan, NEEDS)
    assert " ".join(capsys.readouterr().out.split()).count(line) == 1


def test_however_quiet_it_is_a_limit_that_would_make_the_run_invalid_is_named(capsys):
    named = parse_limit("memory.leak == none", "user")
    plan = replace(plan_of(duration_ns=600 * 10**9), limits=(named,))
    screen_of(quiet=True).plan(plan, NEEDS)
    assert "note: memory.leak == none: not judged in a flood of 10m" in capsys.readouterr().err


def test_without_a_terminal_a_line_has_eighty_columns(monkeypatch, capsys):
    monkeypatch.delenv("COLUMNS", raising=False)
    screen_of(verbose=True).plan(plan_of(), NEEDS)
    lines = capsys.readouterr().err.splitlines()
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize(
    ("how", "phases", "words"), [("quiet", 0, "held; not judged"), ("verbose", 1, "send lag p99")]
)
def test_how_much_of_the_end_is_shown_is_ones_own_choice(monkeypatch, capsys, how, phases, words):
    monkeypatch.setenv("COLUMNS", "200")
    document = to_json(document_of(good_run()))
    shown = []
    for options in ({how: True}, {}):
        screen_of(**options).summary(document, None)
        shown.append(capsys.readouterr().out)
    assert words in shown[0]
    assert words not in shown[1]
    assert shown[0].count("baseline") == phases


def test_what_is_noticed_is_one_line_of_a_log(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "40")
    screen_of().notice(f"warning: {'word ' * 30}\x1b[2J")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("warning: word word")
    assert "\x1b" not in line
