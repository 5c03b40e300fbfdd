"""What to do about what happened to the target as a whole, before any limit is looked at. Pure."""

from collections.abc import Iterator, Sequence

from qosflood.analysis.findings import Findings, PhaseFigures
from qosflood.analysis.findings_of_target import Crash
from qosflood.analysis.verdict.verdict import JudgedLimit
from qosflood.base.units import SECOND, format_duration, format_ratio
from qosflood.journal.records import CUT_OFF, NOT_SENT, OUR_REASONS
from qosflood.plan.plan import Plan

_BEFORE_S = 2.0
"""Failures that began so long before the process ended began by themselves."""
_AS_BAD = 0.5
"""If the baseline fails with this share of the flood's failures, the flood is not what does it."""
_WORTH_SAYING = 0.01
_REFUSED = ("400", "401", "403", "404", "405", "411", "413", "415", "422")
"""Refusals that are about what a report says; less of the same is refused too."""
_FOLLOW_A_CRASH = ("errors", "offered", "response", "service", "scrape", "restarts", "recovery")
_BY_LATENESS = ("errors", "offered", "response", "service")
_OF_CAUSES = {
    "files": "raise the target's limit of open files (ulimit -n, LimitNOFILE in its unit), or let "
    "it close connections sooner",
    "backlog": "raise the target's listen backlog and net.core.somaxconn, or look for what keeps "
    "it from accepting connections",
    "instance": "look at that instance first: its process, its log, and whether the load balancer "
    "still sends it reports",
    "page": "make the page cheaper, or serve it from another thread or process than the reports",
}


def after_crash(findings: Findings) -> Iterator[str]:
    """What to read first where the target's process ended."""
    crash = findings.crash
    if crash is None:
        return
    if "memory ran out" in crash.what:
        look = "find out what filled its memory; give it more, or limit what it keeps"
    else:
        look = "find out why: look at its exit status, and at its log and the kernel's of that time"
    yield f"{crash.what}: {look}{_failed_before(findings, crash)}"


def _failed_before(findings: Findings, crash: Crash) -> str:
    """Trouble that was there before; what the two have to do with each other is not known."""
    first = findings.first_failure
    if first is None or crash.t_s - first.t_s < _BEFORE_S:
        return ""
    ago = format_duration(round(crash.t_s - first.t_s, 1) * SECOND)
    return f"; {ago} before it ended, {first.what}"


def is_explained(judged: JudgedLimit, findings: Findings) -> bool:
    """Whether a limit broke with the target's process, or by what the generator explains, so that
    it has no remedy of its own."""
    crash, first = findings.crash, findings.first_failure
    metric = judged.limit.metric.partition(".")[0]
    if crash is None or metric not in _FOLLOW_A_CRASH:
        return findings.limited_by == "generator" and metric in _BY_LATENESS
    return judged.limit.metric == "restarts" or first is None or crash.t_s - first.t_s < _BEFORE_S


def by_generator(findings: Findings) -> Iterator[str]:
    """What to do where the generator explains what broke, though the run is not INVALID for it."""
    if findings.limited_by == "generator" and not findings.generator.problems:
        yield f"measure again, on an idle machine if this one is busy: {findings.limited_why}"


def by_causes(findings: Findings) -> Iterator[str]:
    """What to change where a cause shows; it is the attribution that lays trouble to it."""
    for cause in findings.causes:
        if cause.kind in _OF_CAUSES and cause.what in findings.limited_why:
            yield f"{cause.what}: {_OF_CAUSES[cause.kind]}"


def stalls_of_target(findings: Findings) -> Iterator[str]:
    """Where to look for a standstill that nothing else explains."""
    stalled = [e for e in findings.timeline if e.kind == "stalled" and e.who == "target"]
    if not stalled or findings.crash is not None:
        return
    times = "" if len(stalled) == 1 else f", the first of {len(stalled)} stalls"
    when = f"{format_duration(round(stalled[0].t_s) * SECOND)} into the load{times}"
    if findings.limited_by == "inconclusive":
        yield (
            f"find out whether the target or the path delayed answers {when}: compare the target's "
            "log of that second with a reference endpoint (--control URL)"
        )
        return
    yield (
        f"look for what stalled the target {when}: a long garbage collection, a blocking call, a "
        "throttled container; check the target's log for that second"
    )


def failed_in_baseline(findings: Findings) -> Iterator[str]:
    """That it fails without the flood as well."""
    if (share := _failing_in_baseline(findings)) is not None:
        helpless = "; less load does not fix that" if _is_refused(findings) else ""
        yield (
            f"{format_ratio(share)} of the reports failed in the baseline already: find out why "
            f"before you flood{helpless}"
        )


def _failing_in_baseline(findings: Findings) -> float | None:
    baseline, flood = _share(findings, "baseline"), _share(findings, "flood")
    if baseline is None or flood is None or baseline < _WORTH_SAYING:
        return None
    return baseline if baseline >= _AS_BAD * flood else None


def _share(findings: Findings, name: str) -> float | None:
    """Which share of a phase's reports failed."""
    phase = _phase(findings, name)
    if phase is None or not phase.scheduled:
        return None
    failed = sum(count for outcome, count in phase.outcomes.items() if outcome != "acked")
    return max(failed - _not_the_targets(phase), 0) / phase.scheduled


def _not_the_targets(phase: PhaseFigures) -> int:
    """Failures that a stop brought about, or this machine."""
    stopped = phase.errors.get(CUT_OFF, 0) + phase.errors.get(NOT_SENT, 0)
    return stopped + sum(n for why, n in phase.errors.items() if why.startswith(OUR_REASONS))


def less_load_may_help(plan: Plan, findings: Findings, broken: Sequence[JudgedLimit]) -> bool:
    """Whether a lower rate is worth a try: not against a crash, against what the generator
    explains or what fails in the baseline as well, or against refusals of what a report says."""
    if not plan.floods or findings.crash is not None or findings.limited_by == "generator":
        return False
    if _failing_in_baseline(findings) is not None:
        return False
    if broken and all(one.limit.metric.startswith("scrape") for one in broken):
        return not _page_failing_in_baseline(findings)
    return not (broken and _is_refused(findings))


def _page_failing_in_baseline(findings: Findings) -> bool:
    """Whether scrapes failed before the flood about as often as in it."""
    baseline, flood = _phase(findings, "baseline"), _phase(findings, "flood")
    if baseline is None or flood is None or not baseline.scrapes.count or not flood.scrapes.count:
        return False
    before = baseline.scrapes.failed / baseline.scrapes.count
    return before > 0 and before >= _AS_BAD * flood.scrapes.failed / flood.scrapes.count


def _is_refused(findings: Findings) -> bool:
    flood = _phase(findings, "flood")
    return flood is not None and _mostly_refused(flood)


def _phase(findings: Findings, name: str) -> PhaseFigures | None:
    return next((phase for phase in findings.phases if phase.name == name), None)


def _mostly_refused(flood: PhaseFigures) -> bool:
    failed = sum(count for outcome, count in flood.outcomes.items() if outcome != "acked")
    refused = sum(flood.statuses.get(status, 0) for status in _REFUSED)
    return bool(failed) and 2 * refused > failed
