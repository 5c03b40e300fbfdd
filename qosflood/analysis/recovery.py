"""How long after the flood the target was as good as before it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings import LatencyFigures, PhaseFigures, RecoveryFinding, ScrapeFigures
from qosflood.analysis.findings_series import Second
from qosflood.analysis.scrapes.scrapes import counts
from qosflood.analysis.stretches import LIKELY_Z, Counted, good_from, share_bounds
from qosflood.analysis.tails import RecoveryTails
from qosflood.base.percentiles import share_above
from qosflood.base.units import MS, SECOND, counted, format_duration, format_ratio
from qosflood.journal.histograms import count_above
from qosflood.journal.records import Latency, ScrapeSample
from qosflood.plan.plan import Phase, Plan

ERROR_TOLERANCE = 0.01
_NO_STANDARD = 0.5
"""A baseline in which so many reports failed shows nothing that the target could come back to."""
_P99_FACTOR = 2
_P99_MARGIN_NS = 50 * MS


@dataclass(frozen=True, slots=True)
class Recovered:
    """What recovery is judged by: the phases beside each other, the seconds of the run, their slow
    reports, and the baseline's response times."""

    baseline: PhaseFigures | None
    recovery: PhaseFigures | None
    seconds: Sequence[Second]
    tails: RecoveryTails
    before: Latency | None


def recovery_finding(
    plan: Plan, clock: RunClock, seen: Recovered, scrapes: Sequence[ScrapeSample]
) -> RecoveryFinding:
    """Seconds after the flood's end until errors, p99 and scrapes were back near the baseline for
    good. Memory is reported but not judged: what a target keeps is no fault.
    """
    phase, baseline, recovered = plan.maybe_phase("recovery"), seen.baseline, seen.recovery
    if phase is None or recovered is None:
        return _unjudged("the plan has no recovery phase")
    if baseline is None or not baseline.scheduled:
        return _unjudged("there is no baseline to compare with")
    if (failed := _failed(baseline)) >= _NO_STANDARD * baseline.scheduled:
        share = format_ratio(failed / baseline.scheduled)
        return _unjudged(f"{share} of the baseline's reports failed, too many to compare with")
    worst_ns = _tail(baseline.response)
    if worst_ns is None or seen.before is None:
        return _unjudged("the baseline has no response times to compare with")
    if clock.stop_ns < phase.end_ns or not recovered.scheduled:
        return _unjudged("the recovery phase did not run to its end")
    inside = list(_judged(phase, seen.seconds))
    if not inside:
        return _unjudged("the generator was late throughout recovery")
    most_ns = max(_P99_FACTOR * worst_ns, worst_ns + _P99_MARGIN_NS)
    errors_s, most_errors = _errors_good_from(phase, inside, baseline)
    parts = {
        "errors": errors_s,
        "response p99": _response_good_from(phase, inside, seen, most_ns),
    }
    if scrapes and baseline.scrapes.success_ratio != 0:
        parts["scrapes"] = _scrapes_good_from(clock, phase, baseline.scrapes, scrapes)
    bound = (
        f"errors at most {format_ratio(most_errors)} (what the baseline's "
        f"{counted(baseline.scheduled, 'report')} allow, and {format_ratio(ERROR_TOLERANCE)}), "
        f"p99 at most {format_duration(most_ns)}"
    )
    return _judged_finding(phase, baseline, recovered, parts, bound)


def _judged_finding(
    phase: Phase,
    baseline: PhaseFigures,
    recovered: PhaseFigures,
    parts: dict[str, float | None],
    bound: str,
) -> RecoveryFinding:
    known = [value for value in parts.values() if value is not None]
    as_before = ", scrapes as in the baseline" if "scrapes" in parts else ""
    return RecoveryFinding(
        seconds=max(known) if len(known) == len(parts) else None,
        errors_s=parts["errors"],
        response_s=parts["response p99"],
        scrapes_s=parts.get("scrapes"),
        judged=True,
        reason=f"{_words(phase, parts)}; recovered means {bound}{as_before}",
        rss_before=baseline.rss_end,
        rss_after=recovered.rss_end,
    )


def _failed(phase: PhaseFigures) -> int:
    return phase.scheduled - phase.outcomes.get("acked", 0)


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


def _judged(phase: Phase, seconds: Sequence[Second]) -> Iterator[Second]:
    """The seconds of recovery that speak of the target: in which reports were due or ended, and
    the generator was not late, nor in the second before."""
    late = {second.t_s for second in seconds if second.late}
    for second in seconds:
        within = phase.start_ns <= second.t_s * SECOND < phase.end_ns
        on_time = not second.late and second.t_s - 1 not in late
        if within and on_time and (second.scheduled or second.acked or second.errors):
            yield second


def _tail(figures: LatencyFigures) -> int | None:
    return figures.max_ns if figures.p99_ns is None else figures.p99_ns


def _since(phase: Phase, good_s: float | None, first: Second) -> float | None:
    """From the flood's end on; at once if no second was bad."""
    if good_s is None:
        return None
    return 0.0 if good_s == first.t_s else good_s - phase.start_ns / SECOND


def _errors_good_from(
    phase: Phase, inside: Sequence[Second], baseline: PhaseFigures
) -> tuple[float | None, float]:
    """From when on no more reports failed than may, and which share may: what the baseline's own
    reports allow, and a little more."""
    most = share_bounds(_failed(baseline), baseline.scheduled, LIKELY_Z)[1] + ERROR_TOLERANCE
    ended = [_ended(second, sum(second.errors.values())) for second in inside]
    return _since(phase, good_from(ended, most), inside[0]), most


def _ended(second: Second, hits: int) -> Counted:
    """A second in which reports were due and none ended is wholly bad."""
    count = second.acked + sum(second.errors.values())
    if count:
        return Counted(second.t_s, min(hits, count), count)
    return Counted(second.t_s, second.scheduled, second.scheduled)


def _response_good_from(
    phase: Phase, inside: Sequence[Second], seen: Recovered, most_ns: float
) -> float | None:
    """From when on no more answers were slow than a p99 allows, or than were in the baseline. What
    failed is judged as an error alone, and a second without an answer has none that was slow."""
    before = seen.before
    slow = 0 if before is None else count_above(before, most_ns)
    share = share_bounds(slow, before.count, LIKELY_Z)[1] if before is not None and slow else 0.0
    counts = []
    for second in inside:
        failed = sum(second.errors.values())
        above = seen.tails.above(round(second.t_s), most_ns)
        counts.append(Counted(second.t_s, max(above - failed, 0), second.acked))
    return _since(phase, good_from(counts, max(share, share_above("p99"))), inside[0])


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
