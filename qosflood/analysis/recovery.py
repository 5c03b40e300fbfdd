"""How long after the flood the target was as good as before it."""

from collections.abc import Callable, Sequence

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings import LatencyFigures, PhaseFigures, RecoveryFinding, ScrapeFigures
from qosflood.analysis.findings_series import Second
from qosflood.analysis.scrapes.scrapes import counts
from qosflood.base.units import MS, SECOND, format_duration, format_ratio
from qosflood.journal.records import ScrapeSample
from qosflood.plan.plan import Phase, Plan

ERROR_TOLERANCE = 0.01
_P99_FACTOR = 2
_P99_MARGIN_NS = 50 * MS


def recovery_finding(
    plan: Plan,
    clock: RunClock,
    baseline: PhaseFigures | None,
    recovered: PhaseFigures | None,
    seconds: Sequence[Second],
    scrapes: Sequence[ScrapeSample],
) -> RecoveryFinding:
    """Seconds after the flood's end until errors, p99 and scrapes were back near the baseline for
    good. Memory is reported but not judged: what a target keeps is no fault.
    """
    phase = plan.maybe_phase("recovery")
    if phase is None or recovered is None:
        return _unjudged("the plan has no recovery phase")
    if baseline is None or not baseline.scheduled:
        return _unjudged("there is no baseline to compare with")
    worst_ns = _tail(baseline.response)
    if worst_ns is None:
        return _unjudged("the baseline has no response times to compare with")
    if clock.stop_ns < phase.end_ns or not recovered.scheduled:
        return _unjudged("the recovery phase did not run to its end")
    inside = [s for s in seconds if _within(phase, s) and not s.late and _has_reports(s)]
    if not inside:
        return _unjudged("the generator was late throughout recovery")
    most_ns = max(_P99_FACTOR * worst_ns, worst_ns + _P99_MARGIN_NS)
    most_errors = 1 - baseline.outcomes.get("acked", 0) / baseline.scheduled + ERROR_TOLERANCE
    errors_s = _good_from(phase, inside, lambda second: _few_errors(second, most_errors))
    response_s = _good_from(phase, inside, lambda second: _fast(second, most_ns))
    scrapes_s = _scrapes_good_from(clock, phase, baseline.scrapes, scrapes)
    parts = {"errors": errors_s, "response p99": response_s}
    if scrapes:
        parts["scrapes"] = scrapes_s
    known = [value for value in parts.values() if value is not None]
    recovered_all = len(known) == len(parts)
    bound = (
        f"errors within {format_ratio(ERROR_TOLERANCE)} of the baseline's, "
        f"p99 at most {format_duration(most_ns)}"
    )
    return RecoveryFinding(
        seconds=max(known) if recovered_all else None,
        errors_s=errors_s,
        response_s=response_s,
        scrapes_s=scrapes_s if scrapes else None,
        judged=True,
        reason=f"{_words(phase, parts)}; recovered means {bound}, scrapes as in the baseline",
        rss_before=baseline.rss_end,
        rss_after=recovered.rss_end,
    )


def _unjudged(reason: str) -> RecoveryFinding:
    return RecoveryFinding(
        judged=False, seconds=None, errors_s=None, response_s=None, scrapes_s=None, reason=reason
    )


def _words(phase: Phase, parts: dict[str, float | None]) -> str:
    never = [name for name, value in parts.items() if value is None]
    if never:
        return f"not recovered after {format_duration(phase.duration_ns)}: {', '.join(never)}"
    last_s = max(value for value in parts.values() if value is not None)
    if not last_s:
        return "as good as in the baseline from the end of the flood"
    last = ", ".join(name for name, value in parts.items() if value == last_s)
    return f"recovered {format_duration(last_s * SECOND)} after the flood; last: {last}"


def _within(phase: Phase, second: Second) -> bool:
    return phase.start_ns <= second.t_s * SECOND < phase.end_ns


def _tail(figures: LatencyFigures) -> int | None:
    return figures.max_ns if figures.p99_ns is None else figures.p99_ns


def _has_reports(second: Second) -> bool:
    """Whether a second can be judged: reports were due or ended in it."""
    return bool(second.scheduled or second.acked or second.errors)


def _good_from(
    phase: Phase, inside: Sequence[Second], good: Callable[[Second], bool]
) -> float | None:
    """From when on every second was good, since the flood's end; None if the last was not."""
    bad = [second.t_s for second in inside if not good(second)]
    if not bad:
        return 0.0
    if bad[-1] == inside[-1].t_s:
        return None
    return bad[-1] + 1 - phase.start_ns / SECOND


def _few_errors(second: Second, most: float) -> bool:
    failed = sum(second.errors.values())
    ended = second.acked + failed
    return bool(ended) and failed <= most * ended


def _fast(second: Second, most_ns: int) -> bool:
    p99 = second.response_max_ns if second.response_p99_ns is None else second.response_p99_ns
    return p99 is None or p99 <= most_ns


def _scrapes_good_from(
    clock: RunClock, phase: Phase, baseline: ScrapeFigures, scrapes: Sequence[ScrapeSample]
) -> float | None:
    """From when on scrapes of every instance failed no more often than in the baseline, since the
    flood's end; None if never. A scrape that failed at the flood's end must succeed again first."""
    allowed = 0.0 if baseline.success_ratio is None else 1 - baseline.success_ratio
    end = clock.t0 + phase.end_ns
    worst = 0.0
    for name in dict.fromkeys(sample.instance for sample in scrapes):
        mine = [s for s in scrapes if s.instance == name and s.t < end and counts(s)]
        good_from = _instance_good_from(mine, clock.t0 + phase.start_ns, allowed)
        if good_from is None:
            return None
        worst = max(worst, good_from / SECOND)
    return worst


def _instance_good_from(scrapes: Sequence[ScrapeSample], since: int, allowed: float) -> int | None:
    """Nanoseconds from `since` to the first scrape from which on at most `allowed` of them fail,
    that one and the last excepted: both must be good."""
    inside = [sample for sample in scrapes if sample.t >= since]
    before = [sample for sample in scrapes if sample.t < since]
    if not inside:
        return 0 if not before or before[-1].ok else None
    if not inside[-1].ok:
        return None
    failing = bool(before) and not before[-1].ok
    for index, sample in enumerate(inside):
        rest = inside[index:]
        failed = sum(not one.ok for one in rest)
        if sample.ok and failed <= allowed * len(rest):
            return sample.t - since if index or failing else 0
    return None
