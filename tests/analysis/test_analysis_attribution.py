"""What limited the run, and the figure that says so."""

from dataclasses import replace

import pytest
from plan_maker import make_plan
from record_maker import WALL_NS, health, healthy_run, latency, stopped_run, window

from qosflood.analysis import analyse
from qosflood.limits import parse_limit
from qosflood.plan import Storm
from qosflood.units import MS, SECOND

REMOTE = {"loopback": False}


def limited(change=lambda same: same, limits=(), target=None, **planned):
    planned |= {"target": target} if target else {}
    plan = make_plan(limits=tuple(parse_limit(text) for text in limits), **planned)

    def in_flood(same):
        return change(same) if same.phase == "flood" else same

    findings = analyse(plan, WALL_NS, healthy_run(plan, change=in_flood))
    return findings.limited_by, findings.limited_why


def failing(outcome, count):
    return lambda w: window(
        w.second, w.phase, response_ms=[5.0] * (100 - count), failed={outcome: count}
    )


def slow(ms):
    return lambda w: window(w.second, w.phase, response_ms=[ms] * 100)


def test_a_healthy_run_was_limited_by_nothing():
    assert limited()[0] == "none"


def test_a_late_generator_limits_whatever_the_target_did():
    def stalled(w):
        return window(
            w.second, w.phase, failed={"timeout": 90}, health=health(loop_stall_ns=900 * MS)
        )

    by, why = limited(stalled)
    assert by == "generator"
    assert "10 of 10 in flood" in why


@pytest.mark.parametrize("outcome", ["rejected", "timeout", "bad_response", "connection_lost"])
@pytest.mark.parametrize("target", [None, REMOTE])
def test_reports_that_failed_at_the_target_are_laid_to_it(outcome, target):
    by, why = limited(failing(outcome, 20), target=target)
    assert by == "target"
    assert why == f"20% of the flood's reports failed at the target: 200 {outcome}"


def test_errors_within_their_limit_are_no_sign():
    assert limited(failing("rejected", 1), ["errors < 5%"])[0] == "none"
    assert limited(failing("rejected", 1))[0] == "target"


def test_failed_connects_to_a_remote_target_may_be_the_networks():
    assert limited(failing("connect_error", 20))[0] == "target"
    by, why = limited(failing("connect_error", 20), target=REMOTE)
    assert by == "inconclusive"
    assert "target or network" in why


@pytest.mark.parametrize(
    ("failed", "why"),
    [
        ({"connection_lost": 2, "connect_error": 40}, "400 connects of the flood failed"),
        ({"connection_lost": 40, "connect_error": 2}, "400 connection_lost"),
    ],
)
def test_what_failed_most_speaks_for_the_rest(failed, why):
    by, said = limited(lambda w: window(w.second, w.phase, response_ms=[5.0] * 58, failed=failed))
    assert by == "target"
    assert said.endswith(why)


def test_reports_that_could_not_be_sent_waited_for_the_target():
    by, why = limited(failing("unsent", 20))
    assert by == "target"
    assert "waited behind earlier reports" in why


def test_reports_of_a_pool_waited_for_a_shared_connection():
    by, why = limited(failing("unsent", 20), report={"connection": "pooled", "pool": 2})
    assert by == "target"
    assert "waited for one of 2 shared connections" in why


@pytest.mark.parametrize(("back_within_ns", "found"), [(0, "target"), (SECOND, "inconclusive")])
def test_waiting_for_clients_that_a_storm_keeps_away_is_not_laid_to_the_target(
    back_within_ns, found
):
    storm = Storm(at_ns=7 * SECOND, drop=0.5, back_within_ns=back_within_ns)

    def waiting(same):
        waited = [5.0] * 50 + [900.0] * 50
        return replace(same, response=latency(waited))

    by, why = limited(waiting, ["response.p90 < 250ms"], storms=(storm,))
    assert by == found
    assert ("storm" in why) == (by == "inconclusive")


def test_service_time_that_grew_fivefold_names_the_target():
    by, why = limited(slow(200.0))
    assert by == "target"
    assert "service time p99 went from 5ms at 1x to 200ms" in why


def test_growth_of_a_few_milliseconds_is_no_sign():
    assert limited(slow(40.0))[0] == "none"


def test_a_broken_latency_limit_names_the_target_only_where_no_network_lies_between():
    assert limited(slow(40.0), ["response.p50 < 30ms"])[0] == "target"
    assert limited(slow(40.0), ["response.p50 < 30ms"], REMOTE)[0] == "inconclusive"
    assert limited(slow(20.0), ["response.p50 < 30ms"], REMOTE)[0] == "none"


def test_a_flood_that_was_not_reached_shows_nothing():
    plan = make_plan()
    findings = analyse(plan, WALL_NS, stopped_run(plan, 4, "interrupted"))
    assert findings.limited_by == "inconclusive"
