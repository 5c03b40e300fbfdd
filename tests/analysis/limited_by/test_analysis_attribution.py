"""What limited the run, and the figure that says so."""

from dataclasses import replace

import pytest
from attributing import REMOTE, SILENT, analysed, control, failing, limited, slow
from plan_maker import make_plan
from record_maker import WALL_NS, at, health, latency, stopped_run, window

from qosflood.analysis import analyse
from qosflood.base.units import MS, SECOND
from qosflood.journal.records import Connects, TcpSample
from qosflood.plan.plan import Storm


def test_a_healthy_run_was_limited_by_nothing():
    assert limited()[0] == "none"


def test_growth_of_one_second_is_no_sign_where_no_limit_asks_for_more():
    def paused(w):
        return slow(200.0)(w) if w.second == 8 else w

    assert limited(paused)[0] == "none"
    assert limited(paused, ["response.p99 < 250ms"])[0] == "none"
    assert limited(paused, ["response.p99 < 100ms"])[0] == "target"


def test_growth_within_its_limit_is_no_sign():
    assert limited(slow(200.0), ["response.p99 < 250ms"])[0] == "none"


def test_timeouts_beside_fast_answers_are_no_queue():
    by, why = limited(failing("timeout", 10))
    assert by == "target"
    assert why.endswith(
        "every report that was accepted had its answer within 5ms, none between that and the "
        "timeout of 10s"
    )

    def queued(w):
        return window(w.second, w.phase, response_ms=[9000.0] * 90, failed={"timeout": 10})

    assert "had its answer within" not in limited(queued)[1]


@pytest.mark.parametrize("outcome", ["rejected", "bad_response"])
@pytest.mark.parametrize("target", [None, REMOTE])
def test_what_the_target_itself_answered_is_laid_to_it_wherever_it_is(outcome, target):
    by, why = limited(failing(outcome, 20), target=target)
    assert by == "target"
    assert why == f"20% of the flood's reports failed: 200 {outcome}"


@pytest.mark.parametrize("outcome", SILENT)
def test_silence_is_the_targets_only_where_no_network_lies_between(outcome):
    assert limited(failing(outcome, 20))[0] == "target"
    by, why = limited(failing(outcome, 20), target=REMOTE)
    assert by == "inconclusive"
    assert "target or network" in why
    assert "--control URL" in why


def test_what_a_stop_cut_off_is_nobodys_fault():
    def cut(w):
        return window(
            w.second,
            w.phase,
            response_ms=[5.0] * 80,
            failed={"timeout": 20},
            errors={"run stopped, no answer yet": 20},
        )

    findings = analysed(cut)
    assert findings.limited_by == "none"
    assert findings.first_failure is None


def test_connects_that_failed_for_want_of_ports_are_the_generators():
    def portless(w):
        return window(
            w.second,
            w.phase,
            response_ms=[5.0] * 80,
            failed={"connect_error": 20},
            errors={"generator: no free local port": 20},
        )

    assert limited(portless) == (
        "generator",
        "20% of the flood's reports failed on this machine: no free local port",
    )


def test_refusals_are_told_with_their_status_and_how_fast_they_came():
    def refusing(w):
        return window(w.second, w.phase, failed={"rejected": 100}, statuses={"503": 100})

    by, why = limited(refusing)
    assert by == "target"
    assert why.endswith("1,000 rejected; most had status 503; half of the refusals came within 1ms")


def test_a_target_that_froze_is_named_and_so_is_the_moment():
    def frozen(w):
        if w.second in (8, 9, 10):
            return replace(window(w.second, w.phase), scheduled=100)
        if w.second == 11:
            waited = [5.0] * 100 + [float(ms) for ms in range(100, 3100, 10)]
            return replace(window(w.second, w.phase, response_ms=waited), scheduled=100)
        return w

    findings = analysed(frozen)
    assert findings.limited_by == "target"
    assert "no report was answered for 3 whole seconds" in findings.limited_why
    first = findings.first_failure
    assert (first.kind, first.t_s, first.who) == ("stalled", 8.0, "target")


def test_a_second_in_which_the_generator_was_late_is_no_answer_after_a_silence():
    def lost(w):
        late = health(loop_stall_ns=900 * MS) if w.second == 10 else w.health
        return window(w.second, w.phase, failed={"connection_lost": 100}, health=late)

    findings = analysed(lost)
    assert findings.first_failure.kind == "first_connection_lost"
    assert "stalled" not in {entry.kind for entry in findings.timeline}


def test_every_part_of_the_evidence_has_its_figures():
    tcp = [TcpSample(t=at(s), sent=1000 * s, resent=s if s > 6 else 6) for s in range(25)]
    findings = analysed(
        lambda w: replace(
            w, connects=Connects(count=2, failed=1, sum_ns=3 * MS, max_ns=2 * MS, slow=0)
        ),
        target=REMOTE,
        extra=[*control(), *tcp],
    )
    told = "\n".join(findings.limited_evidence)
    assert (
        "generator: ok, send lag p99 100us, longest loop stall 1ms (at most 10ms allowed)" in told
    )
    assert "connects: 20 made in the flood, 10 failed; mean 1.5ms, longest 2ms" in told
    assert "service time: p50 5ms, max 5ms in the flood; p50 5ms, max 5ms in the baseline" in told
    assert "target's CPU: 0.50 cores in the flood, 0.50 in the baseline" in told
    assert "9 of 9,000 segments resent in the flood (0.1%); 0% in the baseline" in told
    assert (
        "reference endpoint: 0 of 20 requests failed, 0 slow, median 2ms, longest 2ms in the flood"
        in told
    )


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
        ({"connection_lost": 2, "connect_error": 40}, "400 connect_error, 20 connection_lost"),
        ({"connection_lost": 40, "connect_error": 2}, "400 connection_lost, 20 connect_error"),
    ],
)
def test_what_failed_most_speaks_for_the_rest(failed, why):
    by, said = limited(lambda w: window(w.second, w.phase, response_ms=[5.0] * 58, failed=failed))
    assert by == "target"
    assert said.endswith(why)


def test_reports_that_could_not_be_sent_waited_for_the_target():
    by, why = limited(failing("unsent", 20))
    assert by == "target"
    assert "waited for answers to earlier reports" in why


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
    assert "service time p99 went from 5ms in the baseline to 200ms" in why


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
