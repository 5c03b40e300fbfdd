"""How long after the flood the target was as good as before it."""

from collections.abc import Iterable, Sequence

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings import LatencyFigures, PhaseFigures, Second
from qosflood.analysis.scrape import failing_spans
from qosflood.plan import Plan
from qosflood.records import ScrapeSample
from qosflood.units import MS, SECOND

ERROR_TOLERANCE = 0.01
_P99_FACTOR = 2
_P99_MARGIN_NS = 50 * MS


def recovery_seconds(
    plan: Plan,
    clock: RunClock,
    baseline: PhaseFigures | None,
    seconds: Iterable[Second],
    scrapes: Sequence[ScrapeSample],
) -> float | None:
    """Seconds after the flood's end until errors, p99 and scrapes were back near the baseline for
    good. None if they never were, if recovery was not run, or without a baseline.
    """
    recovery = plan.maybe_phase("recovery")
    if baseline is None or recovery is None:
        return None
    flood_end, stop = recovery.start_ns, recovery.end_ns
    worst_ns = _tail(baseline.response)
    if worst_ns is None or not baseline.scheduled or clock.stop_ns < stop:
        return None
    most_ns = max(_P99_FACTOR * worst_ns, worst_ns + _P99_MARGIN_NS)
    most_errors = 1 - baseline.outcomes.get("acked", 0) / baseline.scheduled + ERROR_TOLERANCE
    inside = [s for s in seconds if flood_end <= s.t_s * SECOND < stop and not s.late and _says(s)]
    bad = [s.t_s for s in inside if not _good(s, most_errors, most_ns)]
    if not inside or (bad and bad[-1] == inside[-1].t_s):
        return None
    good_ns = (bad[-1] + 1) * SECOND if bad else flood_end
    scraped_ns = _scrapes_good_from(clock, scrapes, flood_end, stop)
    return None if scraped_ns is None else (max(good_ns, scraped_ns) - flood_end) / SECOND


def _tail(figures: LatencyFigures) -> int | None:
    return figures.max_ns if figures.p99_ns is None else figures.p99_ns


def _says(second: Second) -> bool:
    """Whether a second tells anything: reports were due or ended in it."""
    return bool(second.scheduled or second.acked or second.errors)


def _good(second: Second, most_errors: float, most_ns: int) -> bool:
    failed = sum(second.errors.values())
    ended = second.acked + failed
    if not ended:
        return False
    p99 = second.response_max_ns if second.response_p99_ns is None else second.response_p99_ns
    return failed <= most_errors * ended and (p99 is None or p99 <= most_ns)


def _scrapes_good_from(
    clock: RunClock, scrapes: Sequence[ScrapeSample], flood_end: int, stop: int
) -> int | None:
    """From when on scrapes succeeded, since the load's start; None if never."""
    good_from = flood_end
    for span in failing_spans([s for s in scrapes if s.t - clock.t0 < stop]):
        if span.until is None:
            return None
        good_from = max(good_from, span.until - clock.t0)
    return good_from
