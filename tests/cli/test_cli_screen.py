"""What a run shows, on a terminal that goes away in the middle of it."""

import os
import sys

import pytest
from findings_maker import make_limit
from journal_maker import write_run
from plan_maker import make_plan

from qosflood.cli.screen import TerminalScreen
from qosflood.live.terminal import PlainView
from qosflood.report.build import build
from qosflood.report.document.document import to_json


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
