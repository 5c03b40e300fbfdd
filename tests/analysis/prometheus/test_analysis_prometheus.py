"""What Prometheus's samples say of a run, and where they and ours do not agree."""

from dataclasses import replace

import pytest
from plan_maker import make_plan
from record_maker import WALL_NS, at, end, event, healthy_run, scrape

from qosflood.analysis import analyse
from qosflood.analysis.prometheus.up import UpHistory
from qosflood.analysis.verdict.verdict import judge_limit
from qosflood.base.units import MS, SECOND
from qosflood.journal.prometheus_records import (
    AlertSeen,
    PrometheusReading,
    PrometheusSamples,
    TargetSeen,
)
from qosflood.journal.record_lines import decode_record, encode_record
from qosflood.plan.limit_language import parse_limit
from qosflood.plan.watching import Prometheus

_LAST_S = 20
_LABELS = {"job": "qos", "instance": "qos:3000"}


def plan_beside(**changes):
    return make_plan(prometheus=Prometheus(url="http://prometheus:9090", job="qos"), **changes)


def reading(t_s, **changes):
    told = {
        "t": at(t_s),
        "version": "2.42.0",
        "started_s": 1000.0,
        "ahead_ns": 0,
        "clock_error_ns": MS,
        "targets": (target(),),
        "alerts": (),
    }
    return PrometheusReading(**(told | changes))


def target(name="target", **changes):
    fields = {
        "instance": name,
        "url": "http://qos:3000/metrics",
        "labels": _LABELS,
        "health": "up",
        "interval_ns": SECOND,
    }
    return TargetSeen(**(fields | changes))


def ms_at(t_s, ahead_ns=0):
    return round((WALL_NS + at(t_s) + ahead_ns) / MS)


def samples(values, *, metric="up", name="target", ahead_ns=0):
    return PrometheusSamples(
        t=at(_LAST_S),
        metric=metric,
        instance=name,
        labels=_LABELS,
        at_ms=tuple(ms_at(t_s, ahead_ns) for t_s in values),
        values=tuple(values.values()),
    )


def ups(failed=(), without=(), shift=0.2):
    return {
        second + shift: float(second not in failed)
        for second in range(_LAST_S)
        if second not in without
    }


def alert(name, seconds, **labels):
    known = {"alertname": name, **labels}
    return PrometheusSamples(
        t=at(_LAST_S),
        metric="ALERTS",
        instance=None,
        labels=known,
        at_ms=tuple(ms_at(t_s) for t_s in seconds),
        values=(1.0,) * len(seconds),
    )


def found(*records, plan=None, failing=(), **run):
    plan = plan or plan_beside()
    told = healthy_run(plan, extra=records, scrape_ok=lambda s: s not in failing, **run)
    told = [decode_record(encode_record(record)) for record in told]
    return analyse(plan, WALL_NS, told)


def judged(findings, expr="scrape.success >= 99%", plan=None):
    return judge_limit(plan or plan_beside(), findings, parse_limit(expr))


def test_a_run_without_a_prometheus_has_no_finding_of_it():
    findings = analyse(make_plan(), WALL_NS, healthy_run(make_plan()))
    assert findings.prometheus is None


def test_its_up_decides_whether_scrapes_succeeded_and_not_ours():
    findings = found(reading(0), reading(19), samples(ups(failed={8, 9})))
    limit = judged(findings)
    assert (limit.ok, limit.n) == (False, 10)
    assert limit.value == pytest.approx(0.8)


def test_a_failure_that_we_saw_alone_leaves_the_limit_to_it():
    findings = found(reading(0), reading(19), samples(ups()), failing={9})
    assert judged(findings).ok is True
    (line,) = findings.prometheus.disagreements
    assert "qosflood saw 1 failed scrape from +9.5s to +10.5s (timeout)" in line
    assert "Prometheus saw none" in line
    assert line in findings.warnings


def test_a_failure_that_it_saw_alone_is_told_with_its_error_and_what_we_saw():
    down = target(health="down", last_error="context deadline exceeded")
    records = (reading(0), reading(9.5, targets=(down,)), reading(19))
    findings = found(*records, samples(ups(failed={8, 9, 10})))
    assert findings.prometheus.disagreements == (
        "target: Prometheus saw 3 failed scrapes from +8.2s to +10.2s "
        "(context deadline exceeded), qosflood saw none: 3 of its own scrapes succeeded "
        "in that time",
    )


def test_a_failure_that_was_over_before_it_was_asked_says_that_nobody_knows_why():
    findings = found(reading(0), reading(19), samples(ups(failed={8})))
    unknown = "why is not known, it was over before Prometheus was asked"
    (line,) = findings.prometheus.disagreements
    (entry,) = [entry for entry in findings.timeline if entry.kind == "up_failing"]
    assert f"({unknown})" in line
    assert entry.what == f"Prometheus's scrapes failed for 1s: {unknown}"


def test_failures_of_the_same_time_are_agreed_on():
    findings = found(reading(0), samples(ups(failed={8, 9})), failing={8, 9, 10})
    assert findings.prometheus.agreed == 1
    assert findings.prometheus.disagreements == ()


def test_without_scrapes_of_ours_nothing_is_compared():
    plan = plan_beside(watch={"interval_ns": None})
    records = [r for r in healthy_run(plan) if type(r).__name__ != "ScrapeSample"]
    records[-1:] = [reading(0), samples(ups(failed={8, 9})), records[-1]]
    findings = analyse(plan, WALL_NS, records)
    assert judged(findings, plan=plan).ok is False
    assert findings.prometheus.agreed == 0


def test_what_it_has_no_samples_of_is_neither_good_nor_bad():
    findings = found(reading(0), reading(19), samples(ups(without={9, 10, 11})))
    limit = judged(findings)
    assert limit.ok is None
    assert limit.reason == "Prometheus has no samples of 3 of 10 scrapes in flood"
    (gap,) = findings.prometheus.gaps
    assert (gap.missing, gap.instances, gap.why) == (3, ("target",), "")
    assert any(
        "3 scrapes counted neither as good nor as failed" in line for line in findings.warnings
    )


def test_a_gap_does_not_hide_what_is_broken_anyhow():
    findings = found(reading(0), samples(ups(failed={7, 8}, without={10})))
    limit = judged(findings)
    assert limit.ok is False
    assert limit.value == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("readings", "why"),
    [
        ((reading(0), reading(19, started_s=(WALL_NS + at(10.5)) / SECOND)), "it was restarted"),
        (
            (reading(0), PrometheusReading(t=at(10), failure="connection refused"), reading(19)),
            "it did not answer: connection refused",
        ),
        (
            (reading(0), PrometheusReading(t=at(19), failure="the last reading took too long")),
            "it did not answer: the last reading took too long",
        ),
    ],
)
def test_a_gap_says_why_as_far_as_is_known(readings, why):
    findings = found(*readings, samples(ups(without={9, 10, 11})))
    assert [gap.why for gap in findings.prometheus.gaps] == [why]


def test_a_prometheus_that_never_answered_leaves_the_limit_open():
    findings = found(PrometheusReading(t=at(0), failure="connection refused"))
    limit = judged(findings)
    assert limit.ok is None
    assert limit.reason == "Prometheus has no up in flood: connection refused"
    assert "prometheus: 1 reading failed: connection refused" in findings.warnings


def test_a_prometheus_with_none_of_our_targets_leaves_the_limit_to_our_scrapes():
    findings = found(reading(0, targets=()), failing={8})
    assert judged(findings).value == pytest.approx(0.9)
    assert any("qosflood's own scrapes decide" in line for line in findings.warnings)


def test_its_clock_is_put_onto_ours():
    ahead = 3600 * SECOND
    records = (reading(0, ahead_ns=ahead), samples(ups(failed={8}), ahead_ns=ahead))
    findings = found(*records, failing={8})
    (span,) = findings.prometheus.instances[0].spans
    assert span.since == at(8.2)
    assert findings.prometheus.agreed == 1
    assert any("its clock was 1h ahead of this machine's" in line for line in findings.warnings)


def test_the_limit_is_judged_on_the_instance_that_fared_worst():
    both = (target("a"), target("b"))
    findings = found(
        reading(0, targets=both),
        samples(ups(), name="a"),
        samples(ups(failed={8, 9, 10}), name="b"),
    )
    assert judged(findings).value == pytest.approx(0.7)
    assert {one.name: one.figures.failed for one in findings.prometheus.instances} == {
        "a": 0,
        "b": 3,
    }


def test_every_scrape_of_its_own_is_kept_for_charts():
    findings = found(reading(0), reading(19), samples(ups(failed={8})))
    assert [point.t_s for point in findings.up_points if not point.ok] == pytest.approx([8.2])
    assert len(findings.up_points) == len(ups())
    assert findings.up_points == findings.prometheus.points


def test_an_alerts_labels_may_be_called_as_they_like():
    labels = {"t": "1", "who": "x", "kind": "y", "what": "z", "clock": "c", "instance": "a:1"}
    findings = found(reading(0), alert("Odd", (9,), **labels))
    (fired,) = [entry for entry in findings.timeline if entry.kind == "alert_fired"]
    assert fired.evidence == {"labels": labels}


def test_an_alert_that_began_in_the_run_is_told_apart_from_one_that_fired_before():
    before = AlertSeen(name="Heartbeat", labels={"alertname": "Heartbeat"}, since_s=1000.0)
    findings = found(
        reading(0, alerts=(before,)),
        alert("Heartbeat", range(20)),
        alert("HighLatency", (9, 10, 11), severity="page"),
        reading(19, alerts=(before,)),
        samples(ups()),
    )
    heartbeat, latency = findings.prometheus.alerts
    assert (heartbeat.name, heartbeat.before, heartbeat.until_s) == ("Heartbeat", True, None)
    assert (latency.name, latency.before, latency.labels) == (
        "HighLatency",
        False,
        {"severity": "page"},
    )
    assert (latency.since_s, latency.until_s) == (9.0, 11.0)
    fired = [entry for entry in findings.timeline if entry.kind == "alert_fired"]
    assert [entry.t_s for entry in fired] == [9.0]


def test_failures_of_its_scrapes_are_a_first_failure():
    findings = found(reading(0), samples(ups(failed={8})))
    assert findings.first_failure is not None
    assert findings.first_failure.kind == "up_failing"


def test_the_scrape_under_way_at_the_end_is_not_missing():
    history = UpHistory("a", SECOND, tuple((s * SECOND, True) for s in range(1, 9)))
    assert history.missing(0, 10 * SECOND) == []
    assert history.missing(0, 12 * SECOND) == [9 * SECOND, 10 * SECOND]


def test_a_target_that_was_never_scraped_misses_everything():
    history = UpHistory("a", SECOND, ())
    assert len(history.missing(0, 10 * SECOND)) == 8


def test_a_journal_written_before_prometheus_was_asked_stays_readable():
    plan = replace(make_plan(), prometheus=None)
    records = [*healthy_run(plan)[:-1], event(19.9, "noted"), scrape(19.95), end(20)]
    assert analyse(plan, WALL_NS, records).otel.verdict == "unmeasured"
