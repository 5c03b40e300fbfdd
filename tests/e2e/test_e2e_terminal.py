"""What a run shows on a terminal, and how it leaves it."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flooding import MARK, SMALL, running
from processes import qosflood_command, read_report, wait_until
from terminal import COLUMNS, Terminal, on_terminal

pytestmark = pytest.mark.e2e

CTRL_C = "\x03"
COLOUR = re.compile(r"\x1b\[[0-9;]*(?:3[0-8]|4[0-8]|9[0-7])[;m]")
MOVE_UP = "\x1b[1A"
LABELS = ("▸baseline", "time  ", "reports  ", "response  ", "errors  ", "target  ", "scrape  ")
SHOW_CURSOR, HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"


@contextlib.contextmanager
def small_run(run_dir: Path, *args: str, env: dict[str, str] | None = None) -> Iterator[Terminal]:
    """A run on a terminal that stays in its baseline; nothing of it must outlive it."""
    command = qosflood_command(*SMALL, "--set", "phases.baseline=60s", "--out", str(run_dir), *args)
    with on_terminal(command, {MARK: str(run_dir), **(env or {})}) as terminal:
        yield terminal
    wait_until(lambda: not running(str(run_dir)), "no process of the run left", 5.0)


def row_of(screen: list[str], label: str) -> str:
    """The line of the live picture that begins with a label; empty if there is none."""
    return next((line for line in screen if line.startswith(label)), "")


def picture_stands(screen: list[str]) -> bool:
    return row_of(screen, "▸baseline") != "" and "p50 " in row_of(screen, "response  ")


def assert_left_clean(terminal: Terminal) -> None:
    assert terminal.output.rfind(SHOW_CURSOR) > terminal.output.rfind(HIDE_CURSOR)
    assert not any("━" in line for line in terminal.screen())


def test_ctrl_c_takes_the_live_picture_away_and_ends_with_the_verdict(tmp_path: Path) -> None:
    with small_run(tmp_path / "run") as terminal:
        screen = terminal.wait_for(picture_stands, "the live picture")
        for label in LABELS:
            assert 0 < len(row_of(screen, label)) <= COLUMNS
        assert "ramp" in row_of(screen, "▸baseline")
        assert "errors < 0.1%" in terminal.text()
        terminal.type(CTRL_C)
        assert terminal.finish() == 130
    assert_left_clean(terminal)
    assert COLOUR.search(terminal.output)
    assert "SIGINT: stopping the load; interrupt again to exit at once" in terminal.screen()
    assert "INTERRUPTED - interrupted" in terminal.text()
    assert read_report(tmp_path / "run")["totals"]["balanced"] is True


def test_ctrl_c_twice_leaves_a_clean_terminal_too(tmp_path: Path) -> None:
    with small_run(tmp_path / "run") as terminal:
        terminal.wait_for(picture_stands, "the live picture")
        terminal.type(CTRL_C + CTRL_C)
        assert terminal.finish() == 130
    assert_left_clean(terminal)


def test_a_terminal_gets_what_it_can_show(tmp_path: Path) -> None:
    """Side by side, to save time: without colour, without moves, and without either asked for."""
    cases: list[tuple[tuple[str, ...], dict[str, str], bool, bool]] = [
        ((), {"NO_COLOR": "1"}, True, False),
        ((), {"TERM": "dumb"}, False, False),
        (("--no-live",), {}, False, True),
    ]
    with contextlib.ExitStack() as stack:
        terminals = [
            stack.enter_context(small_run(tmp_path / str(number), *options, env=env))
            for number, (options, env, _, _) in enumerate(cases)
        ]
        for terminal in terminals:
            terminal.wait_for(lambda screen: "p50" in "\n".join(screen), "a look at the load")
            terminal.type(CTRL_C)
        assert [terminal.finish() for terminal in terminals] == [130, 130, 130]
    for terminal, (_, _, moves, colours) in zip(terminals, cases, strict=True):
        assert (MOVE_UP in terminal.output) is moves
        assert (COLOUR.search(terminal.output) is not None) is colours
        assert ("\x1b" in terminal.output) is (moves or colours)
        assert "INTERRUPTED - interrupted" in terminal.text()
