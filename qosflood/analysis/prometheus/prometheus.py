"""What the Prometheus beside us saw of the run: its `up`, where it has none, what it alerted on."""

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
from qosflood.analysis.prometheus.up import Story, stories
from qosflood.base.text import printable
from qosflood.base.units import MS, SECOND, format_count, format_duration
from qosflood.journal.prometheus_records import (
    AlertSeen,
    PrometheusReading,
    PrometheusSamples,
    TargetSeen,
)
from qosflood.journal.records import ScrapeSample, Who
from qosflood.plan.plan import Plan

WHOLE = "run"
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
    """The finding over the run; None where no Prometheus was to be asked from here."""
    if plan.prometheus is None or not plan.watches:
        return None
    answered = [reading for reading in readings if reading.failure is None]
    ahead_ns, error_ns = _clocks(answered)
    shift_ns = -(ahead_ns or 0) - clock.wall_ns
    told = stories(readings, samples, shift_ns)
    start, end = clock.t0, clock.t0 + clock.stop_ns
    missing = {name: story.missing(start, end) for name, story in told.items()}
    compared = [
        compare(_sides(plan, clock, story, scrapes, error_ns or 0)) for story in told.values()
    ]
    return PrometheusFinding(
        t0=clock.t0,
        url=plan.prometheus.url,
        version=next((r.version for r in reversed(answered) if r.version), None),
        decides=_decides(readings, told),
        failure=next((r.failure for r in reversed(readings) if r.failure), ""),
        ahead_ns=ahead_ns,
        clock_error_ns=error_ns,
        restarts=len(_starts(answered)),
        unanswered=len(readings) - len(answered),
        phases=tuple(
            _pooled(phase.name, told, missing, *clock.span(phase)) for phase in plan.phases
        ),
        instances=tuple(_instances(plan, clock, readings, told, missing)),
        gaps=tuple(_gaps(readings, told, missing, shift_ns)),
        alerts=tuple(_alerts(clock, answered, samples, shift_ns)),
        agreed=sum(each.agreed for each in compared),
        disagreements=tuple(line for each in compared for line in each.disagreements),
        points=tuple(sorted(_points(clock, told), key=lambda point: point.t_s)),
    )


def _points(clock: RunClock, told: dict[str, Story]) -> Iterator[UpPoint]:
    for name, story in told.items():
        took_ns = dict(story.durations)
        for t, good in story.up:
            yield UpPoint(t_s=clock.t_s(t), instance=name, ok=good, duration_ns=took_ns.get(t))


def _clocks(answered: Sequence[PrometheusReading]) -> tuple[int | None, int | None]:
    """How far ahead its clock was, by the readings in the middle, and how sure that is."""
    ahead = [r.ahead_ns for r in answered if r.ahead_ns is not None]
    errors = [r.clock_error_ns for r in answered if r.clock_error_ns is not None]
    return (
        round(median(ahead)) if ahead else None,
        round(median(errors)) if errors else None,
    )


def _decides(readings: Sequence[PrometheusReading], told: dict[str, Story]) -> bool:
    """Whether its `up` decides: it does, too, where it could never be asked, for then nobody knows;
    not where none of its targets is one of ours."""
    return bool(told) or not any(reading.targets is not None for reading in readings)


def _sides(
    plan: Plan, clock: RunClock, story: Story, scrapes: Sequence[ScrapeSample], error_ns: int
) -> Sides:
    ours = [sample for sample in scrapes if sample.instance == story.name]
    interval_ns = plan.scrape_interval_ns or 0
    slack_ns = max(interval_ns, story.interval_ns or 0) + plan.watch.timeout_ns + error_ns
    begun = tuple((t, good) for t, good in story.up if ours and t >= ours[0].t - interval_ns)
    return Sides(clock, replace(story, up=begun), ours, interval_ns, slack_ns)


def _pooled(
    name: str, told: dict[str, Story], missing: dict[str, list[int]], start: int, end: int
) -> UpFigures:
    """All instances' figures of a stretch; the durations are those of the slowest."""
    each = [story.figures(name, start, end, missing[story.name]) for story in told.values()]
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
    told: dict[str, Story],
    missing: dict[str, list[int]],
) -> Iterator[UpInstance]:
    targets: dict[str, TargetSeen] = {
        target.instance: target for reading in readings for target in reading.targets or ()
    }
    for name, story in told.items():
        target = targets.get(name)
        yield UpInstance(
            name=name,
            url=target.url if target else "",
            labels=target.labels if target else {},
            interval_ns=story.interval_ns,
            figures=story.figures(WHOLE, clock.t0, clock.t0 + clock.stop_ns, missing[name]),
            phases=tuple(
                story.figures(phase.name, *clock.span(phase), missing[name])
                for phase in plan.phases
            ),
            spans=tuple(story.spans()),
        )


# Gaps.


def _gaps(
    readings: Sequence[PrometheusReading],
    told: dict[str, Story],
    missing: dict[str, list[int]],
    shift_ns: int,
) -> Iterator[DataGap]:
    """Missing scrapes in a row, of all instances that miss them together."""
    every = max((story.interval_ns or 0 for story in told.values()), default=0)
    ticks = sorted((t, name) for name, times in missing.items() for t in times)
    row: list[tuple[int, str]] = []
    for tick in ticks:
        if row and tick[0] - row[-1][0] > 1.5 * every:
            yield _gap(readings, told, row, every, shift_ns)
            row = []
        row.append(tick)
    if row:
        yield _gap(readings, told, row, every, shift_ns)


def _gap(
    readings: Sequence[PrometheusReading],
    told: dict[str, Story],
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
        why=_why(readings, since - every, until + every, shift_ns, some=len(names) < len(told)),
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
    # The last reading asks for all that came late: without it, that is not known.
    failure = failure or (readings[-1].failure if readings else None)
    if failure is not None:
        return f"it did not answer: {printable(failure, 100)}"
    return "it did not scrape them" if some else ""


def _starts(answered: Sequence[PrometheusReading]) -> list[float]:
    """When it was started anew while the run went on."""
    told = [r.started_s for r in answered if r.started_s is not None]
    return [after for before, after in pairwise(told) if abs(after - before) > _RESTARTED_S]


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
    told = [reading.alerts for reading in answered if reading.alerts is not None]
    before = {_key(alert.labels) for alert in (told[0] if told else ())}
    now = {_key(alert.labels) for alert in (told[-1] if told else ())}
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


# What is told of it elsewhere.


def prometheus_entries(
    finding: PrometheusFinding | None, clock: RunClock
) -> Iterator[TimelineEntry]:
    """Failures that it saw, stretches of which it knows nothing, alerts that began."""
    if finding is None:
        return
    for instance in finding.instances:
        for span in instance.spans:
            lasted = "" if span.until is None else f" for {_length(span.until - span.since)}"
            what = f"Prometheus's scrapes failed{lasted}: {span.why}"
            told = {"instance": span.instance, "failed": span.failed}
            yield _entry(clock, span.since, "target", "up_failing", what, **told)
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
    """Where it and we do not agree, and what it does not know."""
    if finding is None:
        return
    if not finding.decides:
        yield "prometheus: none of its targets is one of ours, so our own scrapes decide"
    yield from _first(finding.disagreements)
    yield from _first([_gap_words(gap) for gap in finding.gaps])
    if not finding.gaps and finding.unanswered:
        times = "once" if finding.unanswered == 1 else f"{format_count(finding.unanswered)} times"
        yield f"prometheus: it did not answer {times}: {finding.failure}"
    ahead, error = finding.ahead_ns, finding.clock_error_ns or 0
    if ahead is not None and abs(ahead) > _CLOCK_NS + error:
        side = "ahead of" if ahead > 0 else "behind"
        yield (
            f"prometheus: its clock was {format_duration(abs(ahead))} {side} ours; its times were "
            "put onto ours"
        )


def _first(lines: Sequence[str]) -> list[str]:
    more = len(lines) - _SHOWN
    return [*lines[:_SHOWN], *([f"prometheus: {more} more of the kind"] if more > 0 else [])]


def _gap_words(gap: DataGap) -> str:
    names = ", ".join(gap.instances[:_SHOWN])
    why = f" ({gap.why})" if gap.why else ""
    return (
        f"prometheus: it has no samples of {names} for {_length(gap.until - gap.since)}{why}: "
        f"{format_count(gap.missing)} of its scrapes neither good nor bad"
    )


def _length(ns: int) -> str:
    return format_duration(round(ns / (SECOND // 10)) * (SECOND // 10))
