"""What a Collector's counters say over a run."""

from plan_maker import make_plan
from record_maker import at

from qosflood.analysis.prometheus.otel import UNCHECKED, otel_finding
from qosflood.journal.prometheus_records import OtelSample

PAGE = "http://127.0.0.1:8888/metrics"
PLAN = make_plan(otel=(PAGE,))


def sample(t_s, points=None, up=None, **changes):
    fields = {"t": at(t_s), "url": PAGE, "ok": True, "points": points or {}, "up": up or {}}
    return OtelSample(**(fields | changes))


def test_without_a_page_it_is_said_that_nothing_was_checked():
    finding = otel_finding(make_plan(), [])
    assert (finding.verdict, finding.reason) == ("unmeasured", UNCHECKED)


def test_points_are_what_the_counters_grew_by():
    finding = otel_finding(
        PLAN,
        [
            sample(0, {"accepted prometheus": 100, "sent otlp": 90}),
            sample(5, {"accepted prometheus": 300, "sent otlp": 290}),
        ],
    )
    assert finding.verdict == "ok"
    assert finding.points == {"accepted": {"prometheus": 200}, "sent": {"otlp": 200}}
    assert finding.reason == "accepted 200 points; sent 200 points"


def test_points_that_were_refused_or_not_sent_are_lost():
    finding = otel_finding(
        PLAN,
        [
            sample(0, {"accepted prometheus": 100, "send_failed otlp": 1}),
            sample(5, {"accepted prometheus": 300, "send_failed otlp": 8, "refused prometheus": 2}),
        ],
    )
    assert finding.verdict == "lost"
    assert finding.reason == "accepted 200 points; refused 2 points; failed to send 7 points"


def test_a_collector_that_was_restarted_counts_on():
    counts = (100, 150, 20, 50)
    finding = otel_finding(PLAN, [sample(t, {"sent a": n}) for t, n in enumerate(counts)])
    assert finding.points == {"sent": {"a": 50 + 20 + 30}}


def test_two_pages_are_two_collectors():
    other = "http://127.0.0.1:8889/metrics"
    told = [sample(t, {"sent a": t * 10.0}, url=url) for t in range(3) for url in (PAGE, other)]
    assert otel_finding(PLAN, told).points == {"sent": {"a": 40}}


def test_its_up_is_told_where_it_was_0():
    told = [sample(t, up={"qos:3000": float(t != 1)}) for t in range(3)]
    finding = otel_finding(PLAN, told)
    assert "up of qos:3000 was 0 in 1 of 3 readings" in finding.reason


def test_pages_that_tell_nothing_measure_nothing():
    told = [sample(t, ok=False, reason="connection refused") for t in range(3)]
    finding = otel_finding(PLAN, told)
    assert (finding.verdict, finding.failed) == ("unmeasured", 3)
    assert (
        finding.reason
        == "no counter of points and no up could be read from its pages: connection refused"
    )
