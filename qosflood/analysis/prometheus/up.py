"""Prometheus's samples of one instance: when scrapes failed, and when it has no samples."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from qosflood.analysis.findings_prometheus import UpFigures, UpSpan
from qosflood.analysis.latency import exact_percentile
from qosflood.base.foreign_numbers import whole_number
from qosflood.base.text import printable
from qosflood.base.units import SECOND
from qosflood.journal.prometheus_records import PrometheusReading, PrometheusSamples
from qosflood.journal.records import ScrapeSample

_LATE = 1.5
"""A sample more than this many intervals after the one before shows that one is missing."""
_MOST_SCRAPES = 2_000_000
"""Of an interval in which more would fit into the run it is not said what is missing: a Prometheus
that reports one of nanoseconds does not scrape so."""


@dataclass(frozen=True, slots=True)
class UpHistory:
    """One instance's samples, by journal time: its `up`, the durations in ns, the errors that
    Prometheus reported."""

    name: str
    interval_ns: int | None
    up: tuple[tuple[int, bool], ...]
    durations: tuple[tuple[int, int], ...] = ()
    errors: tuple[tuple[int, str], ...] = field(default=())

    def figures(self, name: str, start: int, end: int, missing: Iterable[int]) -> UpFigures:
        """Its scrapes from `start` until before `end`; `missing` are the times of all
        that it lacks."""
        inside = [good for t, good in self.up if start <= t < end]
        durations = sorted(ns for t, ns in self.durations if start <= t < end)
        return UpFigures(
            name=name,
            count=len(inside),
            failed=inside.count(False),
            missing=sum(start <= t < end for t in missing),
            duration_p50_ns=exact_percentile(durations, 50.0),
            duration_p99_ns=exact_percentile(durations, 99.0),
            duration_max_ns=durations[-1] if durations else None,
        )

    def missing(self, start: int, end: int) -> list[int]:
        """When it should have been scraped and was not, from `start` to `end`.

        The scrape that is under way at the end has no sample yet.
        """
        every = self.interval_ns
        if not every or end <= start or end - start > _MOST_SCRAPES * every:
            return []
        known = [t for t, _ in self.up if start <= t < end]
        edges = [start, *known, max(end - every, start)]
        return [t for before, after in pairwise(edges) for t in _between(before, after, every)]

    def spans(self) -> Iterator[UpSpan]:
        """Its stretches of failed scrapes."""
        failing: list[int] = []
        for t, good in self.up:
            if not good:
                failing.append(t)
            elif failing:
                yield self._span(failing, t)
                failing = []
        if failing:
            yield self._span(failing, None)

    def _span(self, failing: Sequence[int], until: int | None) -> UpSpan:
        slack = self.interval_ns or 0
        end = until or failing[-1]
        errors = (text for t, text in self.errors if failing[0] <= t <= end + slack)
        return UpSpan(
            instance=self.name,
            since=failing[0],
            last=failing[-1],
            until=until,
            failed=len(failing),
            error=next(errors, ""),
        )


def _between(before: int, after: int, every: int) -> Iterator[int]:
    if after - before > _LATE * every:
        for number in range(1, round((after - before) / every)):
            yield before + number * every


def up_histories(
    readings: Sequence[PrometheusReading],
    samples: Iterable[PrometheusSamples],
    shift_ns: int,
) -> dict[str, UpHistory]:
    """Each instance's history, also of one without samples; `shift_ns` + Prometheus's time in ns is
    the journal's time."""
    intervals: dict[str, int | None] = {}
    errors: dict[str, list[tuple[int, str]]] = {}
    for reading in readings:
        for target in reading.targets or ():
            intervals[target.instance] = target.interval_ns
            if target.health == "down" and target.last_error:
                own = errors.setdefault(target.instance, [])
                own.append((reading.t, printable(target.last_error, 200)))
    up: dict[str, dict[int, bool]] = {name: {} for name in intervals}
    durations: dict[str, dict[int, int]] = {}
    for series in samples:
        if series.instance is None:
            continue
        values = [
            (at_ms * 1_000_000 + shift_ns, value)
            for at_ms, value in zip(series.at_ms, series.values, strict=True)
            if value is not None
        ]
        if series.metric == "up":
            up.setdefault(series.instance, {}).update((t, value > 0) for t, value in values)
        else:
            own_ns = durations.setdefault(series.instance, {})
            took = ((t, whole_number(value, SECOND)) for t, value in values)
            own_ns.update((t, took_ns) for t, took_ns in took if took_ns is not None)
    return {
        name: UpHistory(
            name=name,
            interval_ns=intervals.get(name) or _usual(sorted(found)),
            up=tuple(sorted(found.items())),
            durations=tuple(sorted(durations.get(name, {}).items())),
            errors=tuple(errors.get(name, ())),
        )
        for name, found in up.items()
    }


def _usual(times: Sequence[int]) -> int | None:
    """The median time between samples, where Prometheus does not report its interval."""
    return round(median(b - a for a, b in pairwise(times))) if len(times) > 1 else None


def near(samples: Iterable[ScrapeSample], since: int, until: int) -> list[ScrapeSample]:
    """qosflood's own scrapes of that time."""
    return [sample for sample in samples if since <= sample.t <= until]
