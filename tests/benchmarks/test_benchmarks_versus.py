from pathlib import Path

import pytest
import versus
from bench import Bench, Shown, ratios
from pinned import Cores
from rows_connections import per_client_kib
from rows_cpu import OWN, in_turn, shown_saturation, shown_shards
from running import Cost
from spending import Spending
from tables import Aim, aims_table

SPENT = Spending(Cost(10.0, 1000.0), 1.0, 50 << 20, 10, 1, 1000.0, 1000.0, 1000.0, 0.2)


@pytest.mark.parametrize(
    ("aim", "holds"),
    [
        (Aim("a", 35.0, 35.0, " us"), True),
        (Aim("a", 35.1, 35.0, " us"), False),
        (Aim("a", 1.995, 0.005, exactly=2.0), True),
        (Aim("a", 2.006, 0.005, exactly=2.0), False),
        (Aim("a", 39_999, 0, exactly=40_000), False),
    ],
)
def test_an_aim_is_a_bound_or_a_value_with_a_tolerance(aim: Aim, holds: bool) -> None:
    assert aim.holds is holds
    assert aims_table([aim]).splitlines()[-1].endswith("| holds |" if holds else "| **missed** |")


def test_ratios_are_made_within_a_round_so_that_a_slow_round_slows_both() -> None:
    assert ratios([6.0, 12.0], [5.0, 10.0]) == pytest.approx([1.2, 1.2])


def test_each_tool_stands_beside_wrk_in_the_same_rounds() -> None:
    runs = {
        OWN: [Cost(6.0, 1.0), Cost(12.0, 1.0), Cost(6.5, 1.0)],
        "wrk": [Cost(5.0, 1.0), Cost(10.0, 1.0), Cost(5.0, 1.0)],
    }
    shown = shown_saturation(runs, {OWN: "unique", "wrk": "unique"})
    assert [aim.value for aim in shown.aims] == pytest.approx([1.2, 1.2])
    assert [aim.holds for aim in shown.aims] == [True, False]


def test_without_wrk_nothing_is_held_against_it() -> None:
    shown = shown_saturation({OWN: [Cost(6.0, 1.0)]}, {OWN: "unique"})
    assert shown.aims == []
    assert "| 6.00 | 6.00 | 1 | – |" in shown.table


def test_a_tool_that_fails_is_left_out_and_the_others_go_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def failing() -> Cost:
        raise RuntimeError("no answer")

    runs = in_turn({"a": lambda: Cost(1.0, 1.0), "b": failing}, rounds=2)
    assert runs == {"a": [Cost(1.0, 1.0)] * 2}
    assert "b is left out: no answer" in capsys.readouterr().err


def test_two_shards_are_to_send_twice_at_the_same_cost() -> None:
    two = Spending(Cost(10.5, 2000.0), 1.0, 100 << 20, 20, 1, 2000.0, 2000.0, 2000.0, 0.2)
    shown = shown_shards({1: [SPENT], 2: [two]})
    assert [(aim.value, aim.holds) for aim in shown.aims] == [(2.0, True), (1.05, True)]


def test_memory_of_a_client_is_what_more_clients_add() -> None:
    full = Spending(SPENT.cost, 1.0, 60 << 20, 10_010, 1, 1.0, 1.0, 1.0, 0.2)
    assert per_client_kib(SPENT, full, 10_240) == 1.0


def test_a_row_that_cannot_be_measured_says_why_and_the_next_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def failing(_: Bench) -> Shown:
        raise RuntimeError("nginx did not start")

    aim = Aim("a", 1.0, 2.0)
    rows = {"bad": ("Bad", failing), "good": ("Good", lambda _: Shown("a table", [aim]))}
    monkeypatch.setattr(versus, "ROWS", rows)
    aims, failures = versus.run_rows(Bench(Cores(0, 1), tmp_path, 1, 4), ["bad", "good"])
    assert aims == [aim]
    assert failures == ["bad was not measured; its section says why"]
    out = capsys.readouterr().out
    assert "bad was not measured: RuntimeError: nginx did not start" in out
    assert "a table" in out
