"""The picture of a run on a terminal."""

import io
from dataclasses import replace

import pytest
from findings_maker import make_run_plan
from record_maker import scrape
from rich.cells import cell_len
from rich.console import Console, Group
from snapshots import SEEN, TROUBLED, UNKNOWN

from qosflood.analysis.current import Snapshot
from qosflood.base.units import HOUR, SECOND
from qosflood.live.picture import picture
from qosflood.live.so_far import LimitSoFar

PLAN = make_run_plan()
"""Baseline and ramp of 60 s, a flood of 15 min, recovery of 60 s, settle of 30 s."""
SIZES = [(60, 20), (80, 24), (200, 50)]
IN_FLOOD = 335 * SECOND


def limit(expr: str, value: str = "–", ok: bool | None = None, note: str = "") -> LimitSoFar:
    return LimitSoFar(expr=expr, value=value, over="3 reports", ok=ok, note=note, named_by="user")


LIMITS = (
    limit("errors < 0.1%", "0%", True),
    limit("offered >= 99%", "100%", True),
    limit("response.p99 < 250ms", "431ms", False),
    limit("scrape.gap < 15s", "5s", True),
    limit("restarts == 0", "0", True),
    limit("memory.leak == none", note="judged after the run"),
    limit("loss == none", note="judged after the run"),
    limit("recovery:response.p99_9 < 250ms", note="judged in the recovery"),
)
MANY = tuple(
    limit(f"recovery:response.p99_9 <= 1{index:03}.567ms", "9h59m59.999s", False)
    for index in range(30)
)


def drawn(
    seen: Snapshot, limits=LIMITS, size: tuple[int, int] = (80, 24), plan=PLAN, at_s: float = 335
) -> list[str]:
    out = io.StringIO()
    seen = replace(seen, elapsed_ns=round(at_s * SECOND))
    Console(file=out, width=size[0]).print(Group(*picture(plan, seen, limits, *size)))
    return out.getvalue().splitlines()


def words(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())


@pytest.mark.parametrize("seen", [SEEN, UNKNOWN, TROUBLED])
@pytest.mark.parametrize("limits", [(), LIMITS, MANY])
@pytest.mark.parametrize("size", SIZES)
def test_every_line_fits_the_terminal_and_all_of_them_do(seen, limits, size):
    width, height = size
    made = picture(PLAN, replace(seen, elapsed_ns=IN_FLOOD), limits, width, height)
    assert max(line.cell_len for line in made) <= width
    assert len(made) < height
    # The terminal's own wrapping would make more lines of them.
    assert drawn(seen, limits, size) == [line.plain.rstrip() for line in made]


@pytest.mark.parametrize("size", SIZES)
def test_every_limit_stands_in_one_line_with_its_state_and_value(size):
    shown = drawn(SEEN, size=size)
    for one in LIMITS:
        state = {True: "ok", False: "broken", None: "not yet"}[one.ok]
        (line,) = [line for line in shown if one.expr in line]
        before, after = line.split(one.expr)
        assert before.split("  ")[-1].strip() == "" or before.rstrip().endswith(state)
        assert state in before
        assert one.ok is None or after.split()[0] == one.value


@pytest.mark.parametrize("size", SIZES)
def test_no_piece_of_it_is_broken_in_two(size):
    text = "\n".join(drawn(replace(SEEN, retries=250), size=size))
    for piece in (
        "flood 3m35s of 15m",
        "run 5m35s of 18m30s",
        "7m25s left",
        "offered 1,000/s + 250/s retries",
        "answered 1,000/s",
        "planned 1,000/s",
        "p50 1.2ms  p99 4.5ms",
        "errors     none",
        "memory 120.3 MiB of 512.0 MiB",
        "ok 4ms  40 series",
    ):
        assert piece in text


@pytest.mark.parametrize("size", SIZES)
def test_the_strip_names_every_phase_and_marks_the_present_one(size):
    names, bars = drawn(SEEN, size=size)[:2]
    assert names.split() == ["baseline", "ramp", "▸flood", "recovery", "settle"]
    past, ramp, flood, *to_come = bars.split()
    assert set(past + ramp) == {"━"}
    assert set(flood) == {"━", "─"}
    assert set("".join(to_come)) == {"─"}
    # Each bar begins where the name's column does.
    for bar, name in ((0, " baseline"), (bars.index(flood), "▸flood")):
        assert names[bar:].startswith(name)
    assert 0.2 < flood.count("━") / len(flood) < 0.3


@pytest.mark.parametrize(
    ("at_s", "phase"),
    [(0, "baseline"), (59.9, "baseline"), (61, "ramp"), (1079, "recovery"), (1110, "settle")],
)
def test_the_present_phase_is_marked_from_the_first_second_to_the_last(at_s, phase):
    names, bars, time = drawn(replace(SEEN, phase=phase), at_s=at_s)[:3]
    assert f"▸{phase}" in names
    assert names.count("▸") == 1
    assert f"{phase} " in time
    assert ("━" in bars) == (at_s > 0)
    assert ("─" in bars) == (at_s < 1110)


def test_a_terminal_too_narrow_for_the_strip_is_told_the_phase_in_words():
    shown = drawn(SEEN, size=(30, 20))
    assert shown[0].startswith("time       flood 3m35s of 15m")
    assert max(map(cell_len, shown)) <= 30


def test_limits_that_are_broken_come_first_and_those_without_room_are_counted():
    shown = drawn(TROUBLED, size=(60, 20))
    start = next(index for index, line in enumerate(shown) if line.startswith("limits"))
    assert shown[start].split() == ["limits", "broken", "response.p99", "<", "250ms", "431ms"]
    assert "and 5 more: 2 ok, 3 not yet" in words(shown)


def test_a_terminal_without_room_for_a_single_limit_counts_them():
    assert "limits     1 broken, 4 ok, 3 not yet" in drawn(SEEN, size=(80, 10))
    assert len(drawn(TROUBLED, size=(80, 8))) < 8


def test_a_wide_terminal_shows_limits_in_two_columns():
    assert len(drawn(SEEN, size=(200, 50))) == 12


def test_a_value_that_has_no_room_beside_its_limit_stands_below_it():
    shown = drawn(SEEN, MANY[:1], (60, 24))
    first = next(index for index, line in enumerate(shown) if "recovery:" in line)
    assert shown[first].endswith("recovery:response.p99_9 <= 1000.567ms")
    assert shown[first + 1].split() == ["9h59m59.999s"]


def test_errors_are_shown_by_kind_the_commonest_first():
    text = words(drawn(TROUBLED, size=(200, 50)))
    assert "98,765,432 rejected 1,234 timeout 77 unsent 5 connect_error" in text
    assert "12 failed so far" in text
    assert "the generator is late: reports leave after they are due" in text


def test_of_several_instances_the_one_shown_is_named():
    fine = replace(SEEN, instances=3, rss_instance="qos-1")
    assert "memory 120.3 MiB of 512.0 MiB (qos-1, most of 3)" in words(drawn(fine))
    down = replace(fine, failing=2, scrape=scrape(1, ok=False, instance="qos-2"))
    assert "failed (qos-2, 2 of 3): timeout" in words(drawn(down))


@pytest.mark.parametrize("size", SIZES)
def test_control_characters_of_the_target_never_reach_the_terminal(size):
    assert not set("\x1b\x07\u202e") & set("\n".join(drawn(TROUBLED, size=size)))


def test_a_day_fits_as_well():
    day = make_run_plan(flood_s=24 * HOUR // SECOND, edge_s=3)
    shown = drawn(replace(SEEN, left_ns=13 * HOUR), plan=day, size=(60, 20), at_s=11 * 3600)
    assert shown[0].split() == ["baseline", "ramp", "▸flood", "recovery", "settle"]
    assert max(map(len, shown)) <= 60
