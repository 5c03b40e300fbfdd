"""From a broken or unjudged limit to a remedy: what to look at, which option to type. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from qosflood.analysis.findings import Findings, PhaseFigures
from qosflood.analysis.verdict.verdict import JudgedLimit
from qosflood.base.percentiles import PERCENTILES, share_above
from qosflood.base.units import format_bytes, format_duration
from qosflood.plan.plan import Plan

_FEW = 0.001
_MOST_OF = 0.5
_NEVER_SHARE = 0.2
"""Of the timeout: if no answer took so long, those that are missing are not just slow."""
_TOKEN = "give the token with --header 'Authorization=env:NAME'"
_STATUS_ADVICE = {
    "400": "check that the profile's report matches what the target expects",
    "401": _TOKEN,
    "403": _TOKEN,
    "404": "check report.path in the profile and the base path in --target",
    "405": "check report.method in the profile",
    "413": "reports are larger than the target accepts",
    "415": "check report.content_type in the profile",
    "429": "the target limits the rate: raise its limit, or measure below it with a lower --rate",
}
_OUTCOME_ADVICE = {
    "rejected": "look at the statuses in failures.jsonl",
    "bad_response": "look at the response heads in failures.jsonl",
    "timeout": "look for what delays answers: reports were not answered by their deadline",
    "connection_lost": "look in the target's log for crashes, and compare its keep-alive timeout "
    "with the cadence",
    "connect_error": "check that the target still listens, its backlog and its open-file limit",
}


_SEVERAL = (
    "if its processes are one server's workers, name it with --pid N; if they are replicas, give "
    "each an [[instance]]"
)


_CHEAPER = (
    "dashboards and alerts have no data then: make the page cheaper, or serve it separately from "
    "the reports"
)
_NO_PAGE = "Prometheus rejects such a page: fix it, or name the right one with --scrape URL"
_SEE_CHART = "the latency chart shows when it rose, the timeline what happened then"
_FAILS = "open the page with curl and read its answer, then the target's log of that time"
_SCRAPE_ADVICE = {
    "connection refused": "no process served the page: check that the target was running",
    "content type": _NO_PAGE,
    "line ": _NO_PAGE,
    "status 404": _NO_PAGE,
    "status 401": "give the page its token with --header 'Authorization=env:NAME'",
    "status 403": "give the page its token with --header 'Authorization=env:NAME'",
    "no answer": _CHEAPER,
    "timeout": _CHEAPER,
    "still ran": _CHEAPER,
    "gap": _CHEAPER,
}
"""By what the most common reason contains."""


@dataclass(frozen=True, slots=True)
class _Case:
    judged: JudgedLimit
    plan: Plan
    findings: Findings

    @property
    def phase(self) -> PhaseFigures | None:
        """The phase the limit is about; the flood for a limit on the whole run."""
        by_name = {phase.name: phase for phase in self.findings.phases}
        return by_name.get(self.judged.limit.scope) or by_name.get("flood")


def remedies_for_broken(
    limits: Sequence[JudgedLimit], plan: Plan, findings: Findings
) -> Iterator[str]:
    """What to do about the limits that were broken; those of one remedy together."""
    by_remedy: dict[str, list[str]] = {}
    for judged in limits:
        metric = judged.limit.metric
        remedy = _BROKEN.get(metric) or _BROKEN.get(metric.partition(".")[0])
        case = _Case(judged, plan, findings)
        advice = remedy(case) if remedy else judged.reason
        by_remedy.setdefault(advice, []).append(judged.limit.expr)
    for advice, exprs in by_remedy.items():
        yield f"{' and '.join(exprs)} broke: {advice}"


def remedies_for_unjudged(judged: JudgedLimit, findings: Findings) -> Iterator[str]:
    """What to do so that a limit can be judged next time, where its reason does not say so."""
    metric = judged.limit.metric
    several = any(entry.kind == "several_processes" for entry in findings.timeline)
    if several and metric.partition(".")[0] in ("memory", "restarts"):
        yield f"{judged.limit.expr}: {_SEVERAL}"
    elif metric.startswith("memory") and findings.memory.verdict == "unmeasured":
        yield "memory was not measured: add --pid N, or a metrics page that exposes it"
    elif metric.startswith("scrape") and not _scraped(findings, metric):
        yield "to judge scrapes: add --scrape URL"


def _scraped(findings: Findings, metric: str) -> bool:
    """Whether there were scrapes, of ours or for what Prometheus says of its own."""
    ours = any(phase.scrapes.count for phase in findings.phases)
    return ours or (findings.prometheus is not None and metric == "scrape.success")


def _errors(case: _Case) -> str:
    phase = case.phase
    failures = {k: n for k, n in phase.outcomes.items() if k != "acked" and n} if phase else {}
    if phase is None or not failures:
        return case.judged.reason
    worst = _commonest(failures)
    accepted = {str(status) for status in case.plan.report.expect}
    refused = {s: n for s, n in phase.statuses.items() if s not in accepted and n}
    if worst == "rejected" and refused:
        status = _commonest(refused)
        advice = _STATUS_ADVICE.get(status, "check the target's log for that time")
        return f"most failures were status {status}; {advice}"
    return f"most failures were {worst}; {_of_outcome(case, worst)}"


def _of_outcome(case: _Case, outcome: str) -> str:
    if outcome == "unsent":
        return _unsent(case)
    slowest, timeout_ns = (
        case.phase.service.max_ns if case.phase else None,
        case.plan.load.timeout_ns,
    )
    if outcome == "timeout" and slowest is not None and slowest < _NEVER_SHARE * timeout_ns:
        way = "" if case.plan.target.loopback else ", or what loses them on the way"
        return (
            f"every report that was accepted had its answer within {format_duration(slowest)}, so "
            "look for what takes the others and does not answer in time: one process or thread of "
            f"several, a proxy's dead backend{way}"
        )
    return _OUTCOME_ADVICE.get(outcome, "look at failures.jsonl")


def _unsent(case: _Case) -> str:
    """A client sends nothing before it has an answer; how slow those are, the answers say."""
    if case.plan.report.connection == "pooled":
        return _better_pool(case, case.phase.outcomes if case.phase else {})
    slow = case.phase.service.p99_ns if case.phase else None
    cadence_ns = case.plan.load.cadence_ns
    if slow is not None and slow >= cadence_ns and _on_time(case):
        return (
            "clients could not send on time while earlier reports were unanswered: 1% of the "
            f"answers took {format_duration(slow)} or longer, and a client reports every "
            f"{format_duration(cadence_ns)}"
        )
    return (
        "clients could not send on time, because they had no connection or no answers to their "
        "earlier reports: what else failed then shows which"
    )


def _on_time(case: _Case) -> bool:
    """Whether the generator was there all the time, so that what it measured is the target's."""
    generator = case.findings.generator
    return generator.verdict == "ok" and not generator.absent_ns


def _offered(case: _Case) -> str:
    generator = case.findings.generator
    if case.phase and case.phase.picked_late > _FEW * case.phase.scheduled:
        return "the generator did not keep up with its own schedule"
    outcomes = case.phase.outcomes if case.phase else {}
    if outcomes.get("connect_error", 0) > outcomes.get("unsent", 0):
        return f"reports got no connection: {_OUTCOME_ADVICE['connect_error']}"
    if not outcomes.get("unsent") and generator.verdict != "ok":
        return generator.problems[0] if generator.problems else case.judged.reason
    return _unsent(case)


def _better_pool(case: _Case, outcomes: dict[str, int]) -> str:
    """With a small pool few connections fail, and many reports wait for them."""
    if outcomes.get("connect_error"):
        return f"shared connections were down: {_OUTCOME_ADVICE['connect_error']}"
    pool = case.plan.report.pool
    return (
        f"reports waited for one of {pool} shared connections, which carry {pool} reports per "
        "service time: use more, --set report.connection=pooled:N"
    )


def _amplification(case: _Case) -> str:
    retried = case.phase.retried if case.phase else {}
    if not retried:
        return (
            "connections were lost while reports were in flight: compare the target's keep-alive "
            "timeout with the cadence"
        )
    return (
        f"most retried attempts ended in {_commonest(retried)}: fix that, or let clients back off "
        "for longer ([retries] in the profile)"
    )


def _latency(case: _Case) -> str:
    if case.phase is None or not case.judged.limit.metric.startswith("response"):
        return _SEE_CHART
    if _broken_by_errors(case, case.phase):
        return (
            "reports that were not accepted count as at least their timeout, so errors broke this "
            "limit"
        )
    response, service = case.phase.response.p99_ns, case.phase.service.p99_ns
    if response and service and response > 2 * service and _on_time(case):
        if away_ns := max((storm.back_within_ns for storm in case.plan.storms), default=0):
            return (
                "reports waited for clients that a storm kept away for up to "
                f"{format_duration(away_ns)}: set a shorter back_within, or a limit that allows it"
            )
        return (
            f"response p99 is {format_duration(response)} but service p99 only "
            f"{format_duration(service)}: reports waited to be sent, so look at queues and "
            "connections before the handler"
        )
    return _SEE_CHART


def _broken_by_errors(case: _Case, phase: PhaseFigures) -> bool:
    """Whether failed reports alone lie above the limit's threshold, as many as its figure allows
    and more."""
    above = case.plan.load.timeout_ns > float(case.judged.limit.threshold)
    return above and _failed_share(phase) > _allowed(case.judged.limit.metric)


def _failed_share(phase: PhaseFigures) -> float:
    return 1 - phase.outcomes["acked"] / phase.scheduled if phase.scheduled else 0.0


def _allowed(metric: str) -> float:
    """Which share of the reports may lie above the figure that a limit is on."""
    figure = metric.partition(".")[2]
    return share_above(figure) if figure in PERCENTILES else 0.0


def _scrapes(case: _Case) -> str:
    reasons = case.phase.scrapes.reasons if case.phase else {}
    if not reasons and case.judged.limit.metric == "scrape.gap":
        return (
            "no scrape failed, so the gap is the time between two of them: scrape more often "
            "(--scrape-interval), or allow a longer gap"
        )
    if not reasons:
        return "the metrics page took too long under load: make it cheaper to compute"
    worst = _commonest(reasons)
    if _page_stays_away(case.findings):
        return (
            f'most failed scrapes: "{worst}", and none succeeded after the flood: look at what '
            "serves the page, and in the target's log of the time when scrapes began to fail"
        )
    found = next((advice for part, advice in _SCRAPE_ADVICE.items() if part in worst), _FAILS)
    if not any(one.scrapes.failed < one.scrapes.count for one in case.findings.phases):
        found = _FAILS  # what it costs has never been seen
    waited_ns = _waited_like_scrapes(case)
    if found == _CHEAPER and waited_ns is not None:
        waited = format_duration(waited_ns)
        return (
            f'most failed scrapes: "{worst}", and reports waited up to {waited} in the flood as '
            "well: look for what held up the target, not only for what its page costs"
        )
    return f'most failed scrapes: "{worst}"; {found}'


def _waited_like_scrapes(case: _Case) -> int | None:
    """How long reports waited at most, where that is longer than scrapes do and the page itself is
    not shown to be what they waited for."""
    by_page = any(cause.kind == "page" for cause in case.findings.causes)
    slowest = case.phase.service.max_ns if case.phase else None
    if by_page or slowest is None or slowest < case.plan.watch.timeout_ns:
        return None
    return slowest


def _page_stays_away(findings: Findings) -> bool:
    """Whether the page answered neither in the flood nor after it, though it had before: it is not
    just slow under load."""
    scrapes = {phase.name: phase.scrapes for phase in findings.phases}
    away = {name for name, one in scrapes.items() if one.count and one.failed == one.count}
    there = {name for name, one in scrapes.items() if one.failed < one.count}
    return {"flood", "recovery"} <= away and bool(there & {"baseline", "ramp"})


def _memory_growth(case: _Case) -> str:
    slope = case.findings.memory.slope_mid
    grows = f"memory grows {format_bytes(slope)}/h at constant sessions; " if slope else ""
    return (
        f"{grows}take two heap snapshots at different times under this load, and confirm with "
        "--duration 1h"
    )


def _memory_max(case: _Case) -> str:
    spike = next((one for one in case.findings.causes if one.kind == "spike"), None)
    if spike is not None:
        return f"{spike.what}: look for what the target did then, not for what its sessions keep"
    if not _mostly_of_sessions(case.findings):
        return "compare the memory chart with sessions and phases"
    each = format_bytes(case.findings.memory.bytes_per_session or 0.0)
    return (
        f"each session keeps about {each}, most of what memory rose by: expire idle sessions, or "
        "provide memory for the peak's sessions"
    )


def _mostly_of_sessions(findings: Findings) -> bool:
    """Whether the rise from the baseline to the most is, for the greater part, what sessions are
    shown to keep: a spike is not, nor are connections."""
    memory = findings.memory
    phases = {phase.name: phase for phase in findings.phases}
    baseline, flood = phases.get("baseline"), phases.get("flood")
    known = memory.bytes_per_session is not None and memory.bytes_per_session_low is not None
    if memory.verdict != "grows_with_sessions" or not known or flood is None or baseline is None:
        return False
    if memory.max_bytes is None or baseline.rss_end is None:
        return False
    joined = (flood.sessions or 0) - (baseline.sessions or 0)
    of_sessions = joined * (memory.bytes_per_session_low or 0.0)
    return of_sessions > _MOST_OF * (memory.max_bytes - baseline.rss_end)


_AFTER = {
    "errors": "so look for what still refused or lost reports after the flood",
    "response p99": "so look for queues that drain slowly",
    "scrapes": "so look for what kept the metrics page busy after the flood",
}


def _loss(case: _Case) -> str:
    return f"reports were accepted and then lost; {case.findings.loss.reason}"


def _recovery(case: _Case) -> str:
    """By what was back last, or never was."""
    recovery = case.findings.recovery
    if recovery is None:
        return _SEE_CHART
    parts = {
        "errors": recovery.errors_s,
        "response p99": recovery.response_s,
        "scrapes": recovery.scrapes_s,
    }
    if recovery.seconds is None:
        never = recovery.reason.partition(";")[0]
        return f"{never}; the charts show how it went on; look in the target's log for the reason"
    last = max(parts, key=lambda name: parts[name] or 0.0)
    return f"{last} recovered last, {_AFTER[last]}"


def _always(text: str) -> Callable[[_Case], str]:
    return lambda _case: text


def _commonest(counts: dict[str, int]) -> str:
    return max(counts, key=lambda name: counts[name])


_BROKEN: dict[str, Callable[[_Case], str]] = {
    "errors": _errors,
    "offered": _offered,
    "amplification": _amplification,
    "response": _latency,
    "service": _latency,
    "scrape": _scrapes,
    "memory": _memory_growth,
    "memory.max": _memory_max,
    "loss": _loss,
    "restarts": _always("read the target's log before the restart; its time is in the timeline"),
    "recovery": _recovery,
}
