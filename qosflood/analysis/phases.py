"""Windows to the figures of each phase."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from qosflood.analysis.by_clock import ByClock
from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings import ConnectFigures, PhaseFigures, Totals
from qosflood.analysis.findings_series import PercentileCurve
from qosflood.analysis.latency import MergedSeries, figures_of, percentile_curve
from qosflood.analysis.scrapes.scrapes import figures_by_instance, scrape_figures
from qosflood.base.units import SECOND
from qosflood.journal.records import (
    OUTCOMES,
    Connects,
    Latency,
    MemorySample,
    Rollup,
    ScrapeSample,
    Window,
)
from qosflood.plan.plan import Phase, Plan


class ConnectTally:
    """The connects of one phase."""

    def __init__(self) -> None:
        self.count = self.failed = self.sum_ns = self.max_ns = self.slow = 0

    def add(self, connects: Connects | None) -> None:
        """Take in those of one second."""
        if connects is None:
            return
        self.count += connects.count
        self.failed += connects.failed
        self.sum_ns += connects.sum_ns
        self.max_ns = max(self.max_ns, connects.max_ns)
        self.slow += connects.slow

    def figures(self) -> ConnectFigures | None:
        """All of them; None if there were none."""
        if not self.count and not self.failed:
            return None
        return ConnectFigures(
            count=self.count,
            failed=self.failed,
            mean_ns=self.sum_ns / self.count if self.count else None,
            max_ns=self.max_ns if self.count else None,
            slow=self.slow,
        )


class PhaseTally:
    """Counts and histograms of one phase, gathered window by window."""

    def __init__(self) -> None:
        self.scheduled = self.sent = self.resent = self.picked_late = 0
        self.retries = self.acked_after_retry = 0
        self.retried: Counter[str] = Counter()
        self.windows = self.late_windows = self.waiting_windows = 0
        self.outcomes = Counter(dict.fromkeys(OUTCOMES, 0))
        self.statuses: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.connects = ConnectTally()
        self._response, self._service = MergedSeries(), MergedSeries()
        self._failed, self._send_lag = MergedSeries(), MergedSeries()

    def add(self, window: Window, late: bool | None, waiting: bool = False) -> None:
        """Take in a window; `late` says whether the generator was, None if that was not asked, and
        `waiting` whether it waited for a core."""
        self.scheduled += window.scheduled
        self.sent += window.offered
        self.resent += window.resent
        self.retries += window.retries
        if window.retried:
            self.retried.update(window.retried)
        self.acked_after_retry += window.acked_after_retry
        self.picked_late += window.picked_late
        self.windows += late is not None
        self.late_windows += bool(late)
        self.waiting_windows += waiting
        self.outcomes.update(window.outcomes)
        self.statuses.update(window.statuses)
        if window.errors:  # mostly there are none, and a day has 86,400 windows
            self.errors.update(window.errors)
        self.connects.add(window.connects)
        self._response.add(window.response)
        self._service.add(window.service)
        self._failed.add(window.failed)
        self._send_lag.add(window.send_lag)

    def roll(self, rollup: Rollup) -> None:
        """Take in a roll-up in place of the windows before it."""
        self._response.roll(rollup.response)
        self._service.roll(rollup.service)
        self._failed.roll(rollup.failed)
        self._send_lag.roll(rollup.send_lag)

    def latencies(self) -> dict[str, Latency | None]:
        """Each series as one histogram."""
        return {
            "response": self._response.close(),
            "service": self._service.close(),
            "failed": self._failed.close(),
            "send_lag": self._send_lag.close(),
        }


def phase_figures(
    plan: Plan,
    phase: Phase,
    tally: PhaseTally,
    latencies: dict[str, Latency | None],
    clock: RunClock,
    scrapes: Sequence[ScrapeSample],
    memory: Sequence[MemorySample],
    sessions: int | None,
) -> PhaseFigures:
    """The figures of one phase; rates are over the part of it that was run."""
    start, end = clock.span(phase)
    seconds = (end - start) / SECOND
    rss = _rss_of_highest([sample for sample in memory if start <= sample.t < end])
    acked = tally.outcomes["acked"]
    return PhaseFigures(
        name=phase.name,
        start_s=phase.start_ns / SECOND,
        seconds=seconds,
        clients=plan.here(phase.clients_to),
        sessions=sessions if seconds > 0 else None,
        planned=phase.planned * SECOND / phase.duration_ns,
        offered=_rate(tally.sent, seconds),
        acked=_rate(acked, seconds),
        scheduled=tally.scheduled,
        sent=tally.sent,
        outcomes=dict(tally.outcomes),
        statuses=dict(tally.statuses),
        errors=dict(tally.errors),
        resent=tally.resent,
        retries=tally.retries,
        retried=dict(tally.retried),
        acked_after_retry=tally.acked_after_retry,
        amplification=amplification(tally.sent, tally.resent + tally.retries),
        connects=tally.connects.figures(),
        picked_late=tally.picked_late,
        late_windows=tally.late_windows,
        waiting_windows=tally.waiting_windows,
        windows=tally.windows,
        response=figures_of(latencies["response"]),
        service=figures_of(latencies["service"]),
        failed=figures_of(latencies["failed"]),
        send_lag=figures_of(latencies["send_lag"]),
        scrapes=scrape_figures(scrapes, start, end, plan.watch.timeout_ns),
        by_instance=figures_by_instance(scrapes, start, end, plan.watch.timeout_ns),
        rss_start=rss[0] if rss else None,
        rss_end=rss[-1] if rss else None,
        rss_max=max(rss, default=None),
    )


def by_clock_figures(
    figures: PhaseFigures, phase: Phase, clock: RunClock, answers: ByClock
) -> dict[str, Any]:
    """What was answered while the phase lasted, and what it left to be answered."""
    if figures.seconds <= 0:
        return {}
    start_ns, end_ns = (t - clock.t0 for t in clock.span(phase))
    rate = answers.rate(start_ns, end_ns)
    unended = figures.scheduled - sum(figures.outcomes.values())
    return {
        "answered": figures.acked if rate is None else rate,
        "waiting": answers.ended_later(phase.name, end_ns) + max(unended, 0),
        "answered_later": answers.acked_later(phase.name, end_ns),
    }


def curves(
    latencies: dict[str, dict[str, Latency | None]], phases: Iterable[str]
) -> tuple[PercentileCurve, ...]:
    """The percentile curves of all phases, by their latencies."""
    return tuple(curve for name in phases for curve in _curves(name, latencies[name]))


def _curves(phase: str, latencies: dict[str, Latency | None]) -> Iterator[PercentileCurve]:
    """The percentile curves of a phase, of each series that has values."""
    found = (
        percentile_curve(latencies["response"], phase, "response"),
        percentile_curve(latencies["service"], phase, "service"),
        percentile_curve(latencies["failed"], phase, "failed"),
    )
    return (curve for curve in found if curve is not None)


def amplification(first: int, more: int) -> float | None:
    """Requests sent for each first attempt; None if nothing was sent."""
    return (first + more) / first if first else None


def _rss_of_highest(samples: Sequence[MemorySample]) -> list[int]:
    """The memory of the instance that had most, in the order of time."""
    highest = max(samples, key=lambda sample: sample.rss_bytes, default=None)
    return [s.rss_bytes for s in samples if highest and s.instance == highest.instance]


def _rate(count: int, seconds: float) -> float | None:
    return count / seconds if seconds > 0 else None


def totals(tallies: Iterable[PhaseTally]) -> Totals:
    """All phases in one account."""
    scheduled = sent = resent = retries = after_retry = 0
    retried: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    for tally in tallies:
        scheduled += tally.scheduled
        sent += tally.sent
        resent += tally.resent
        retries += tally.retries
        retried.update(tally.retried)
        after_retry += tally.acked_after_retry
        outcomes.update(tally.outcomes)
        statuses.update(tally.statuses)
        errors.update(tally.errors)
    in_flight = scheduled - outcomes.total()
    return Totals(
        scheduled=scheduled,
        outcomes=dict(outcomes),
        statuses=dict(statuses),
        errors=dict(errors),
        resent=resent,
        in_flight=in_flight,
        balanced=in_flight == 0,
        sent=sent,
        retries=retries,
        retried=dict(retried),
        acked_after_retry=after_retry,
        amplification=amplification(sent, resent + retries),
    )
