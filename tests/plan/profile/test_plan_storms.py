"""Herds and storms: from the profile's words to the plan's values, and what is wrong with them."""

from dataclasses import replace

import pytest
from resolving import plan_of

from qosflood.base.errors import PlanError
from qosflood.base.units import SECOND
from qosflood.plan.describe import describe
from qosflood.plan.plan import Part, Storm
from qosflood.plan.profile.files import load_profile
from qosflood.plan.profile.storms import herd_warnings

STORM = {"at": "30s", "drop": 0.25, "back_within": "2s"}


def rows(document: dict) -> dict[str, str]:
    return {row.label: row.value for row in describe(plan_of(document))}


def test_clocks_are_spread_and_there_is_no_storm_by_default():
    plan = plan_of()
    assert (plan.load.clocks, plan.storms) == ("spread", ())
    assert not {"clocks", "storm", "warning"} & set(rows({}))


def test_a_storm_counts_from_the_floods_start_and_the_plan_from_the_loads():
    plan = plan_of({"storms": [{"at": "40s"}, STORM]})
    start = plan.phase("flood").start_ns
    assert plan.storms == (
        Storm(at_ns=start + 30 * SECOND, drop=0.25, back_within_ns=2 * SECOND),
        Storm(at_ns=start + 40 * SECOND, drop=0.5, back_within_ns=0),
    )


def test_the_plan_says_what_will_happen():
    said = rows({"storms": [STORM], "report": {"clocks": "synchronised", "jitter": 0.02}})
    assert said["storm"] == (
        "30s into the flood 25% of the connections are dropped, back within 2s"
    )
    assert said["clocks"] == "synchronised: all clients report within 100ms"
    assert rows({"storms": [{"at": "30s"}]})["storm"].endswith("50% of the connections are "
        "dropped, back at once")  # fmt: skip


@pytest.mark.parametrize(
    ("document", "line"),
    [
        (
            {"storms": [{"at": "16m"}]},
            "storms[0].at: got 16m, expected it to be over in the flood of 15m",
        ),
        (
            {"storms": [{"at": "899s", "back_within": "2s"}]},
            "storms[0].at: got 14m59s and all clients back 2s later, expected it to be over in",
        ),
        (
            {"storms": [STORM, {"at": "1s", "back_within": "10s"}]},
            "storms[1].back_within: got 10s, expected less than report.timeout (10s)",
        ),
        (
            {"storms": [STORM], "report": {"connection": "per-report"}},
            'storms: got storms with report.connection "per-report", expected "keep-alive"',
        ),
    ],
)
def test_a_storm_that_means_nothing_is_one_clear_line(document, line):
    with pytest.raises(PlanError) as caught:
        plan_of(document)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("jitter", "shards", "warned"),
    [(0.0, 1, True), (0.01, 1, True), (0.02, 1, False), (0.0, 4, True), (0.0, 9, False)],
)
def test_a_herd_that_a_shard_cannot_send_on_time_is_told_beforehand(jitter, shards, warned):
    document = {
        "report": {"clocks": "synchronised", "jitter": jitter},
        "load": {"shards": shards},
    }
    lines = herd_warnings(plan_of(document, cores=16))
    assert bool(lines) == warned
    if warned:
        assert "60,000/s" in lines[0]
        assert "report.jitter=" in lines[0]
        assert "--shards 9" in lines[0] or jitter


def test_what_a_warning_advises_helps():
    document = {"report": {"clocks": "synchronised"}, "peak": {"clients": 5000}}
    assert "report.jitter=0.25" in herd_warnings(plan_of(document))[0]
    document["report"]["jitter"] = 0.25
    assert herd_warnings(plan_of(document)) == ()


def test_a_part_sends_no_more_than_its_own_share_of_a_herd():
    whole = plan_of({"report": {"clocks": "synchronised"}})
    part = Part(index=1, of=9, start_at_ns=0, scrapes=True, memory=True)
    assert herd_warnings(whole)
    assert herd_warnings(replace(whole, part=part)) == ()


def test_a_spread_load_of_any_size_is_no_herd():
    assert herd_warnings(plan_of({"peak": {"clients": 50_000}})) == ()


@pytest.mark.parametrize("name", ["synchronised", "reconnect-storm"])
def test_the_shipped_profiles_ask_for_nothing_a_shard_cannot_do(name):
    plan = plan_of(load_profile(name))
    assert herd_warnings(plan) == ()
    assert bool(plan.storms) == (name == "reconnect-storm")
