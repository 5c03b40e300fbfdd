from typing import Any

import pytest
from spending import Flood, spending

PHASE = {"planned": 10.0, "offered": 9.0, "acked": 8.0}
REPORT = {
    "phases": [
        {"name": "baseline", "rate": {}, "send_lag_ms": {}},
        {"name": "flood", "rate": PHASE, "send_lag_ms": {"p99": 0.2}},
    ]
}


def window(
    second: int, phase: str = "flood", shard: int = 0, acked: int = 100, **health: int
) -> dict[str, Any]:
    figures = {"cpu_ns": 1_000_000, "rss_bytes": 50, "connected": 5}
    return {
        "shard": shard,
        "second": second,
        "phase": phase,
        "outcomes": {"acked": acked},
        "health": {**figures, **health},
    }


def test_cpu_and_reports_are_those_of_the_floods_whole_seconds() -> None:
    edges = [window(second, cpu_ns=10**9, acked=1) for second in (1, 4)]
    told = spending([window(0, "baseline"), *edges, window(2), window(3)], REPORT)
    assert (told.cost.us_per_report, told.cost.per_second) == (10.0, 100.0)
    assert told.lead_cpu_s == 0.001
    assert (told.planned, told.offered, told.acked, told.lag_p99_ms) == (10, 9, 8, 0.2)


def test_a_late_answer_to_another_phase_counts_in_the_second_in_which_it_came() -> None:
    late = {**window(2, "baseline", acked=100), "health": None}
    told = spending([window(1), window(2), late, window(3)], REPORT)
    assert (told.cost.us_per_report, told.cost.per_second) == (5.0, 200.0)


def test_shards_add_up_with_the_most_of_each() -> None:
    windows = [
        window(second, shard=shard, rss_bytes=100 * shard + second, connected=second)
        for second in (1, 2, 3)
        for shard in (0, 1)
    ]
    told = spending(windows, REPORT)
    assert (told.cost.us_per_report, told.cost.per_second) == (10.0, 200.0)
    assert (told.rss_bytes, told.connected, told.connected_s) == (106, 6, 4)


@pytest.mark.parametrize(
    "windows", [[], [window(1), window(2)], [window(s, acked=0) for s in (1, 2, 3)]]
)
def test_a_flood_without_a_whole_second_or_answers_has_no_cost(windows: list[Any]) -> None:
    with pytest.raises((RuntimeError, ValueError)):
        spending(windows, REPORT)


@pytest.mark.parametrize(
    ("flood", "peak"),
    [(Flood(500, 20_000, 8), "500@25000us"), (Flood(200, 150_000, 8, base_s=1.0), "200@1000000us")],
)
def test_a_flood_begins_at_its_own_rate_unless_told_otherwise(flood: Flood, peak: str) -> None:
    arguments = flood.arguments("http://127.0.0.1:1")
    assert arguments[arguments.index("--peak") + 1] == peak
