"""Series over time: seconds of the load, memory and scrapes."""

from collections.abc import Iterable

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings_series import ControlPoint, MemoryPoint, ScrapePoint, Second
from qosflood.analysis.latency import figures_of, given
from qosflood.analysis.p99_series import P99Series
from qosflood.base.percentiles import PERCENTILES
from qosflood.base.units import SECOND
from qosflood.journal.histograms import merge
from qosflood.journal.records import (
    OUTCOMES,
    ControlSample,
    Latency,
    MemorySample,
    ScrapeSample,
    Window,
)
from qosflood.plan.plan import Plan

MOST_MERGED = 4_000
"""Seconds up to which histograms of several shards are merged: about 0.5 ms each."""
_STRAGGLING = 30


class _Draft:
    __slots__ = (
        "acked",
        "connected",
        "errors",
        "lag",
        "lag_count",
        "late",
        "offered",
        "parts",
        "phase",
        "reconnects",
        "response_max",
        "response_p50",
        "response_p99",
        "scheduled",
        "service_max",
        "stood_still",
    )

    def __init__(self, phase: str) -> None:
        self.phase = phase
        self.scheduled = self.offered = self.acked = self.connected = self.reconnects = 0
        self.errors: dict[str, int] = {}
        self.parts: list[Latency] = []
        self.response_p50: int | None = None
        self.response_p99: int | None = None
        self.response_max: int | None = None
        self.service_max: int | None = None
        self.lag = self.lag_count = 0
        self.late = False
        self.stood_still = 0

    def add(self, window: Window, late: bool) -> None:
        self.scheduled += window.scheduled
        self.offered += window.offered
        self.acked += window.outcomes.get("acked", 0)
        self.reconnects += window.reconnects
        self.late |= late
        for name in OUTCOMES[1:]:
            if count := window.outcomes.get(name, 0):
                self.errors[name] = self.errors.get(name, 0) + count
        if window.health is not None:
            self.phase = window.phase
            self.connected += window.health.connected
            self.stood_still = max(self.stood_still, window.health.loop_stall_ns)
        if window.response is not None:
            self.parts.append(window.response)
        if window.service is not None:
            self.service_max = max(self.service_max or 0, window.service.max_ns)
        if window.send_lag is not None:
            self.lag = max(self.lag, window.send_lag.percentiles["p99"])
            self.lag_count += window.send_lag.count

    def close(self, exact: bool) -> None:
        """Read the percentiles and let go of the histograms."""
        if not self.parts:
            return
        if len(self.parts) == 1 or exact:
            figures = figures_of(merge(self.parts) if len(self.parts) > 1 else self.parts[0])
            self.response_p50, self.response_p99 = figures.p50_ns, figures.p99_ns
            self.response_max = figures.max_ns
        else:
            # No percentile follows from those of the parts; the highest of them bounds it.
            count = sum(part.count for part in self.parts)
            highest = max(part.percentiles["p99"] for part in self.parts)
            self.response_p99 = given(highest, PERCENTILES["p99"], count)
            self.response_max = max(part.max_ns for part in self.parts)
        self.parts = []

    def second(self, number: int) -> Second:
        lag_given = given(self.lag, PERCENTILES["p99"], self.lag_count) if self.lag_count else None
        return Second(
            t_s=float(number),
            phase=self.phase,
            scheduled=self.scheduled,
            offered=self.offered,
            acked=self.acked,
            errors=self.errors,
            response_p50_ns=self.response_p50,
            response_p99_ns=self.response_p99,
            response_max_ns=self.response_max,
            send_lag_p99_ns=lag_given,
            connected=self.connected,
            late=self.late,
            reconnects=self.reconnects,
            service_max_ns=self.service_max,
            stood_still_ns=self.stood_still,
        )


class SecondSeries:
    """Windows to one Second for each second in which they were emitted.

    With several shards in a run of more than `MOST_MERGED` seconds, p99 and maximum are upper
    bounds (the highest of the shards) and p50 is None.
    """

    def __init__(self, plan: Plan) -> None:
        self._exact = max(phase.end_ns for phase in plan.phases) <= MOST_MERGED * SECOND
        self.p99 = P99Series(exact=self._exact)
        self._open: dict[int, _Draft] = {}
        self._closed: dict[int, _Draft] = {}
        self._newest = 0

    def add(self, window: Window, late: bool) -> None:
        """Take in a window; `late` says whether the generator was."""
        number = window.second
        draft = self._closed.get(number) or self._open.setdefault(number, _Draft(window.phase))
        draft.add(window, late)
        if number > self._newest:
            self._newest = number
            self._close_before(number - _STRAGGLING)

    def seconds(self) -> tuple[Second, ...]:
        """All seconds in order; one without any window is left out."""
        self._close_before(self._newest + 1)
        return tuple(self._closed[number].second(number) for number in sorted(self._closed))

    def _close_before(self, number: int) -> None:
        for old in sorted(known for known in self._open if known < number):
            draft = self._open.pop(old)
            self.p99.add(old, draft.phase, draft.parts)
            draft.close(self._exact)
            self._closed[old] = draft


def memory_points(samples: Iterable[MemorySample], clock: RunClock) -> tuple[MemoryPoint, ...]:
    """Memory over time; CPU in cores since the sample before of the same process."""
    last: dict[str, MemorySample] = {}
    points = []
    for sample in samples:
        before = last.get(sample.instance)
        points.append(
            MemoryPoint(
                t_s=clock.t_s(sample.t),
                rss_bytes=sample.rss_bytes,
                cpu_cores=cores_between(before, sample) if before else None,
                instance=sample.instance,
            )
        )
        last[sample.instance] = sample
    return tuple(points)


def cores_between(before: MemorySample, after: MemorySample) -> float | None:
    """CPU in cores between two samples; None unless both are of one process."""
    same = (before.instance, before.pid, before.start_s) == (
        after.instance,
        after.pid,
        after.start_s,
    )
    if not same or before.cpu_ns is None or after.cpu_ns is None or after.t <= before.t:
        return None
    return max(after.cpu_ns - before.cpu_ns, 0) / (after.t - before.t)


def scrape_points(samples: Iterable[ScrapeSample], clock: RunClock) -> tuple[ScrapePoint, ...]:
    """Scrapes over time, those that the monitor itself missed included with their reason."""
    return tuple(
        ScrapePoint(
            t_s=clock.t_s(sample.t),
            ok=sample.ok,
            reason=sample.reason,
            duration_ns=sample.duration_ns,
            bytes=sample.bytes,
            series=sample.series,
            instance=sample.instance,
        )
        for sample in samples
    )


def control_points(samples: Iterable[ControlSample], clock: RunClock) -> tuple[ControlPoint, ...]:
    """Requests to the control over time, without those that the monitor itself delayed."""
    return tuple(
        ControlPoint(
            t_s=clock.t_s(sample.t),
            ok=sample.ok,
            reason=sample.reason,
            duration_ns=sample.duration_ns,
        )
        for sample in samples
        if not sample.own_fault
    )
