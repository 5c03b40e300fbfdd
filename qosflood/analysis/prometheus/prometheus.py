"""What the user's Prometheus (`--prometheus`) saw of the run: its `up`, its gaps, its alerts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median
from typing import Any

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings import TimelineEntry
from qosflood.analysis.findings_prometheus import (
    AlertFinding,
    DataGap,
    PrometheusFinding,
    UpFigures,
    UpInstance,
    UpPoint,
)
from qosflood.analysis.prometheus.agreement import Sides, compare
from qosflood.analysis.prometheus.up import UpHistory, up_histories
from qosflood.base.text import printable
from qosflood.base.units import MS, SECOND, counted, format_duration
from qosflood.journal.prometheus_records import (
    AlertSeen,
    PrometheusReading,
    PrometheusSamples,
    TargetSeen,
)
from qosflood.journal.records import ScrapeSample, Who
from qosflood.plan.plan import Plan

WHOLE_RUN = "run"
_ALERTS = "ALERTS"
_CLOCK_NS = 2 * SECOND
_RESTARTED_S = 1.0
_SHOWN = 8


def prometheus_finding(
    plan: Plan,
    clock: RunClock,
    readings: Sequence[PrometheusReading],
    samples: Sequence[PrometheusSamples],
    scrapes: Sequence[ScrapeSample],
) -> PrometheusFinding | None:
    """The finding over the run; None if no Prometheus was queried from this machine."""
    if plan.prometheus is None or not plan.watches:
        return None
    answered = [reading for reading in readings if reading.failure is None]
    ahead_ns, error_ns = _clocks(answered)
    shift_ns = -(ahead_ns or 0) - clock.wall_ns
    histories = up_histories(readings, samples, shift_ns)
    start, end = clock.t0, clock.t0 + clock.stop_ns
    missing = {name: history.missing(start, end) for name, history in histories.items()}
    compared = [
        compare(_sides(plan, clock, history, scrapes, error_ns or 0))
        for history in histories.values()
    ]
    return PrometheusFinding(
        t0=clock.t0,
        url=plan.prometheus.url,
        version=next((r.version for r in reversed(answered) if r.version), None),
        decides=_decides(readings, histories),
        failure=next((r.failure for r in reversed(readings) if r.failure), ""),
        ahead_ns=ahead_ns,
        clock_error_ns=error_ns,
        restarts=len(_starts(answered)),
        unanswered=len(readings) - len(answered),
        phases=tuple(
            _pooled(phase.name, histories, missing, *clock.span(phase)) for phase in plan.phases
        ),
        instances=tuple(_instances(plan, clock, readings, histories, missing)),
        gaps=tuple(_gaps(readings, histories, missing, shift_ns)),
        alerts=tuple(_alerts(clock, answered, samples, shift_ns)),
        agreed=sum(each.agreed for each in compared),
        disagreements=tuple(line for each in compared for line in each.disagreements),
        points=tuple(sorted(_points(clock, histories), key=lambda point: point.t_s)),
    )


def _points(clock: RunClock, histories: dict[str, UpHistory]) -> Iterator[UpPoint]:
    for name, history in histories.items():
        took_ns = dict(history.durations)
        for t, good in history.up:
            yield UpPoint(t_s=clock.t_s(t), instance=name, ok=good, duration_ns=took_ns.get(t))


def _clocks(answered: Sequence[PrometheusReading]) -> tuple[int | None, int | None]:
    """How far ahead its clock was, by the readings in the middle, and how sure that is."""
    ahead = [r.ahead_ns for r in answered if r.ahead_ns is not None]
    errors = [r.clock_error_ns for r in answered if r.clock_error_ns is not None]
    return (
        round(median(ahead)) if ahead else None,
        round(median(errors)) if errors else None,
    )


def _decides(readings: Sequence[PrometheusReading], histories: dict[str, UpHistory]) -> bool:
    """Whether its `up` decides: also if it never answered, because then success is unknown; not if
    none of its targets is an instance of this run."""
    return bool(histories) or not any(reading.targets is not None for reading in readings)


def _sides(
    plan: Plan,
    clock: RunClock,
    history: UpHistory,
    scrapes: Sequence[ScrapeSample],
    error_ns: int,
) -> Sides:
    ours = [sample for sample in scrapes if sample.instance == history.name]
    interval_ns = plan.scrape_interval_ns or 0
    slack_ns = max(interval_ns, history.interval_ns or 0) + plan.watch.timeout_ns + error_ns
    begun = tuple((t, good) for t, good in history.up if ours and t >= ours[0].t - interval_ns)
    return Sides(clock, replace(history, up=begun), ours, interval_ns, slack_ns)


def _pooled(
    name: str,
    histories: dict[str, UpHistory],
    missing: dict[str, list[int]],
    start: int,
    end: int,
) -> UpFigures:
    """All instances' figures of a stretch; the durations are those of the slowest."""
    each = [
        history.figures(name, start, end, missing[history.name]) for history in histories.values()
    ]
    return UpFigures(
        name=name,
        count=sum(figures.count for figures in each),
        failed=sum(figures.failed for figures in each),
        missing=sum(figures.missing for figures in each),
        duration_p50_ns=_slowest(figures.duration_p50_ns for figures in each),
        duration_p99_ns=_slowest(figures.duration_p99_ns for figures in each),
        duration_max_ns=_slowest(figures.duration_max_ns for figures in each),
    )


def _slowest(durations: Iterable[int | None]) -> int | None:
    return max((ns for ns in durations if ns is not None), default=None)


def _instances(
    plan: Plan,
    clock: RunClock,
    readings: Sequence[PrometheusReading],
    histories: dict[str, UpHistory],
    missing: dict[str, list[int]],
) -> Iterator[UpInstance]:
    targets: dict[str, TargetSeen] = {
        target.instance: target for reading in readings for target in reading.targets or ()
    }
    for name, history in histories.items():
        target = targets.get(name)
        yield UpInstance(
            name=name,
            url=target.url if target else "",
            labels=target.labels if target else {},
            interval_ns=history.interval_ns,
            figures=history.figures(WHOLE_RUN, clock.t0, clock.t0 + clock.stop_ns, missing[name]),
            phases=tuple(
                history.figures(phase.name, *clock.span(phase), missing[name])
                for phase in plan.phases
            ),
            spans=tuple(history.spans()),
        )


# Gaps.


def _gaps(
    readings: Sequence[PrometheusReading],
    histories: dict[str, UpHistory],
    missing: dict[str, list[int]],
    shift_ns: int,
) -> Iterator[DataGap]:
    """Missing scrapes in a row, of all instances that miss them together."""
    every = max((history.interval_ns or 0 for history in histories.values()), default=0)
    ticks = sorted((t, name) for name, times in missing.items() for t in times)
    row: list[tuple[int, str]] = []
    for tick in ticks:
        if row and tick[0] - row[-1][0] > 1.5 * every:
            yield _gap(readings, histories, row, every, shift_ns)
            row = []
        row.append(tick)
    if row:
        yield _gap(readings, histories, row, every, shift_ns)


def _gap(
    readings: Sequence[PrometheusReading],
    histories: dict[str, UpHistory],
    row: Sequence[tuple[int, str]],
    every: int,
    shift_ns: int,
) -> DataGap:
    since, until = row[0][0], row[-1][0] + every
    names = tuple(dict.fromkeys(name for _, name in row))
    return DataGap(
        since=since,
        until=until,
        missing=len(row),
        instances=names,
        why=_why(
            readings, since - every, until + every, shift_ns, some=len(names) < len(histories)
        ),
    )


def _why(
    readings: Sequence[PrometheusReading], since: int, until: int, shift_ns: int, *, some: bool
) -> str:
    started = [
        round(s * SECOND) + shift_ns for s in _starts([r for r in readings if not r.failure])
    ]
    if any(since <= t <= until for t in started):
        return "it was restarted"
    failure = next((r.failure for r in readings if r.failure and since <= r.t <= until), None)
    # The last reading also fetches late samples: without it, they are unknown.
    failure = failure or (readings[-1].failure if readings else None)
    if failure is not None:
        return f"it did not answer: {printable(failure, 100)}"
    return "it did not scrape them" if some else ""


def _starts(answered: Sequence[PrometheusReading]) -> list[float]:
    """When it was restarted during the run."""
    starts = [r.started_s for r in answered if r.started_s is not None]
    return [after for before, after in pairwise(starts) if abs(after - before) > _RESTARTED_S]


# Alerts.


def _alerts(
    clock: RunClock,
    answered: Sequence[PrometheusReading],
    samples: Iterable[PrometheusSamples],
    shift_ns: int,
) -> list[AlertFinding]:
    """Each alert that fired, in the order of time; those of before the run come first."""
    seen: dict[str, AlertSeen] = {}
    fired: dict[str, list[int]] = {}
    for reading in answered:
        for alert in reading.alerts or ():
            seen[_key(alert.labels)] = alert
            fired.setdefault(_key(alert.labels), []).append(reading.t)
    for series in samples:
        if series.metric == _ALERTS:
            times = [at_ms * MS + shift_ns for at_ms in series.at_ms]
            key = _key(series.labels)
            fired.setdefault(key, []).extend(times)
            seen.setdefault(
                key, AlertSeen(name=series.labels.get("alertname", ""), labels=series.labels)
            )
    firing = [reading.alerts for reading in answered if reading.alerts is not None]
    before = {_key(alert.labels) for alert in (firing[0] if firing else ())}
    now = {_key(alert.labels) for alert in (firing[-1] if firing else ())}
    found = [
        _alert(clock, seen[key], sorted(times), key in before, key in now, shift_ns)
        for key, times in fired.items()
    ]
    return sorted(found, key=lambda alert: (not alert.before, alert.since_s or 0.0, alert.name))


def _alert(
    clock: RunClock,
    alert: AlertSeen,
    times: Sequence[int],
    before: bool,
    still: bool,
    shift_ns: int,
) -> AlertFinding:
    since: float | None = clock.t_s(times[0])
    if before:
        active = alert.since_s
        since = None if active is None else clock.t_s(round(active * SECOND) + shift_ns)
    return AlertFinding(
        name=printable(alert.name, 100),
        labels={
            printable(name, 60): printable(text, 100)
            for name, text in alert.labels.items()
            if name != "alertname"
        },
        since_s=since,
        until_s=None if still else clock.t_s(times[-1]),
        before=before,
        summary=printable(alert.summary, 200),
    )


def _key(labels: dict[str, str]) -> str:
    return repr(sorted(labels.items()))


# Timeline and warnings.


def prometheus_entries(
    finding: PrometheusFinding | None, clock: RunClock
) -> Iterator[TimelineEntry]:
    """Failures that it saw, stretches without samples, alerts that began."""
    if finding is None:
        return
    for instance in finding.instances:
        for span in instance.spans:
            lasted = "" if span.until is None else f" for {_length(span.until - span.since)}"
            what = f"Prometheus's scrapes failed{lasted}: {span.why}"
            evidence = {"instance": span.instance, "failed": span.failed}
            yield _entry(clock, span.since, "target", "up_failing", what, **evidence)
    for gap in finding.gaps:
        why = f": {gap.why}" if gap.why else ""
        what = f"Prometheus has no samples for {_length(gap.until - gap.since)}{why}"
        yield _entry(clock, gap.since, "operator", "prometheus_gap", what, missing=gap.missing)
    for alert in finding.alerts:
        if not alert.before and alert.since_s is not None:
            t = clock.t0 + round(alert.since_s * SECOND)
            what = f"the alert {alert.name} fired"
            yield _entry(clock, t, "target", "alert_fired", what, labels=alert.labels)


def _entry(
    clock: RunClock, t: int, who: Who, kind: str, what: str, **evidence: Any
) -> TimelineEntry:
    return TimelineEntry(
        t_s=clock.t_s(t), wall_ns=clock.wall(t), who=who, kind=kind, what=what, evidence=evidence
    )


def prometheus_warnings(finding: PrometheusFinding | None) -> Iterator[str]:
    """Where it disagrees with qosflood, and what it could not report."""
    if finding is None:
        return
    if not finding.decides:
        yield (
            "prometheus: none of its targets is an instance of this run, so qosflood's own scrapes "
            "decide"
        )
    yield from _first(finding.disagreements)
    yield from _first([_gap_words(gap) for gap in finding.gaps])
    if not finding.gaps and finding.unanswered:
        yield f"prometheus: {counted(finding.unanswered, 'reading')} failed: {finding.failure}"
    ahead, error = finding.ahead_ns, finding.clock_error_ns or 0
    if ahead is not None and abs(ahead) > _CLOCK_NS + error:
        side = "ahead of" if ahead > 0 else "behind"
        yield (
            f"prometheus: its clock was {format_duration(abs(ahead))} {side} this machine's; its "
            "times are corrected by that"
        )


def _first(lines: Sequence[str]) -> list[str]:
    more = len(lines) - _SHOWN
    return [*lines[:_SHOWN], *([f"prometheus: {more} more like these"] if more > 0 else [])]


def _gap_words(gap: DataGap) -> str:
    names = ", ".join(gap.instances[:_SHOWN])
    why = f" ({gap.why})" if gap.why else ""
    return (
        f"prometheus: it has no samples of {names} for {_length(gap.until - gap.since)}{why}: "
        f"{counted(gap.missing, 'scrape')} counted neither as good nor as failed"
    )


def _length(ns: int) -> str:
    return format_duration(round(ns / (SECOND // 10)) * (SECOND // 10))
