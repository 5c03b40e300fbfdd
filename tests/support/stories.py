"""Whole runs for tests of what is shown: plan, findings and verdict, without a journal.

`failing_run()`, `good_run()`, `interrupted_run()` and `unmeasured_run()` each give a `Story`;
`hostile(story, text)` puts `text` into every string that a target can choose.
"""

from dataclasses import dataclass, replace
from typing import Any

from findings_maker import (
    EMPTY,
    LIMITS,
    WALL_NS,
    make_entry,
    make_findings,
    make_generator,
    make_outcomes,
    make_run_plan,
    make_totals,
)
from series_maker import Shape

from qosflood.analysis.findings import Findings, MemoryFinding, RecoveryFinding, ScrapeFigures
from qosflood.analysis.verdict.verdict import JudgedLimit, Verdict
from qosflood.base.errors import ExitCode
from qosflood.base.units import MS, SECOND
from qosflood.plan.plan import Plan
from qosflood.report.document.document import build_document
from qosflood.report.document.schema import Document

LOAD = "5,000 clients, 1,000 reports/s (10x of a peak of 100 reports/s, 500 clients)"


@dataclass(frozen=True)
class Story:
    """All that a report is made from."""

    plan: Plan
    findings: Findings
    verdict: Verdict
    failures: tuple[dict[str, Any], ...] = ()


def judge_all(plan: Plan, **oks: Any) -> tuple[JudgedLimit, ...]:
    """Every limit of the plan; `errors=(False, 0.03, "why")` by metric with `_` for `.`."""
    judged = []
    for limit in plan.limits:
        ok, value, reason = oks.get(limit.metric.replace(".", "_"), (True, limit.threshold, ""))
        n = 900_000 if ok is not None else 0
        judged.append(JudgedLimit(limit=limit, value=value, n=n, ok=ok, reason=reason))
    return tuple(judged)


def failing_run() -> Story:
    """15 minutes at 10x against a target that falls over at 420 s for two minutes."""
    plan = make_run_plan()
    first = make_entry(
        421.0, "target", "errors_started", "errors rose above 0.1%", errors=0.034, limit=0.001
    )
    timeline = (
        make_entry(-1.2, "operator", "preflight_passed", "preflight passed: 202 in 3.1ms"),
        make_entry(0, "operator", "phase_started", "baseline started"),
        make_entry(60, "operator", "phase_started", "ramp started"),
        make_entry(120, "operator", "phase_started", "flood started"),
        first,
        make_entry(
            435, "target", "scrape_failed", "scrape failed: no answer within 5s", after_s=5.0
        ),
        make_entry(540, "target", "errors_ended", "errors back under 0.1%", errors=0.0),
        make_entry(1020, "operator", "phase_started", "recovery started"),
    )
    findings = make_findings(
        plan,
        Shape(sick_from_s=421, sick_to_s=540),
        limited_by="target",
        limited_why="the target answered late and with 503 while the generator kept its schedule",
        first_failure=first,
        timeline=timeline,
        recovery_s=0.0,
    )
    limits = judge_all(
        plan,
        errors=(False, 0.0089, "8,012 of 900,113 reports were not accepted"),
        response_p99=(False, 412 * MS, "p99 was 412ms over 900,113 reports"),
        loss=(None, None, "no counter of accepted reports is exposed"),
    )
    verdict = Verdict(
        verdict="FAIL",
        exit_code=ExitCode.FAIL,
        headline=f"{LOAD} for 15m: FAIL - errors 0.89%, limit 0.1%; not judged: loss == none",
        reasons=(
            "errors < 0.1%: was 0.89% in flood (8,012 of 900,113 reports)",
            "response.p99 < 250ms: was 412ms in flood",
        ),
        not_judged=("loss: no counter of accepted reports is exposed",),
        limits=limits,
    )
    return Story(plan, findings, verdict, _failure_samples())


def _failure_samples() -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "type": "failure",
            "t": (421 + index) * SECOND,
            "shard": 0,
            "kind": "rejected 503" if index % 2 else "timeout",
            "outcome": "rejected" if index % 2 else "timeout",
            "phase": "flood",
            "client": 17 + index,
            "session": f"qosflood-k3v9-{index}",
            "local": "127.0.0.1:40112",
            "remote": "127.0.0.1:8080",
            "status": 503 if index % 2 else None,
            "error": None if index % 2 else "no answer by the deadline",
            "due_t": (421 + index) * SECOND,
            "sent_t": (421 + index) * SECOND + 80_000,
            "done_t": (421 + index) * SECOND + 412 * MS,
            "head": "HTTP/1.1 503 Service Unavailable\r\nServer: x\r\n" if index % 2 else None,
            "body": '{"error":"overloaded"}' if index % 2 else None,
        }
        for index in range(12)
    )


def good_run() -> Story:
    """A short flood that passes."""
    plan = make_run_plan(flood_s=20, edge_s=3, limits=LIMITS)
    limits = judge_all(plan, loss=(None, None, "no counter of accepted reports is exposed"))
    verdict = Verdict(
        verdict="PASS",
        exit_code=ExitCode.PASS,
        headline=f"{LOAD} for 20s: PASS - 5 of 6 limits held; not judged: loss == none",
        reasons=("every limit that could be judged holds",),
        not_judged=("loss: no counter of accepted reports is exposed",),
        limits=limits,
    )
    return Story(plan, make_findings(plan, Shape()), verdict)


def interrupted_run() -> Story:
    """Killed 200 s into the run."""
    plan = make_run_plan()
    findings = make_findings(plan, Shape(end_s=200), ended="killed", recovery_s=None)
    findings = replace(findings, totals=replace(findings.totals, in_flight=412, balanced=False))
    verdict = Verdict(
        verdict="INTERRUPTED",
        exit_code=ExitCode.INTERRUPTED,
        headline=f"{LOAD}: INTERRUPTED - killed 80s into flood",
        reasons=("the journal has no end record: the run was killed",),
        not_judged=(),
        limits=judge_all(plan, memory_leak=(None, None, "the flood was cut short")),
    )
    return Story(plan, findings, verdict)


def unmeasured_run() -> Story:
    """No memory source, no scrapes, no answers, no limits that could be judged."""
    plan = make_run_plan(limits=LIMITS, watch={"interval_ns": None})
    silent = ScrapeFigures(
        count=0,
        failed=0,
        gaps=0,
        success_ratio=None,
        duration_p50_ns=None,
        duration_p99_ns=None,
        duration_max_ns=None,
        bytes_max=None,
        series_max=None,
        gap_max_ns=None,
        reasons={},
    )
    full = make_findings(plan, Shape(end_s=10))
    phases = tuple(
        replace(
            phase,
            outcomes=make_outcomes(),
            statuses={},
            response=EMPTY,
            service=EMPTY,
            failed=EMPTY,
            send_lag=EMPTY,
            scrapes=silent,
            rss_start=None,
            rss_end=None,
            rss_max=None,
            scheduled=0,
            sent=0,
            offered=0.0,
            acked=0.0,
        )
        for phase in full.phases
    )
    findings = replace(
        full,
        phases=phases,
        totals=make_totals(phases),
        memory=MemoryFinding(verdict="unmeasured", source=None, reason="no source; add --pid"),
        generator=make_generator(
            cpu_cores=None, cpu_per_report_ns=None, send_lag_p99_ns=None, rss_max_bytes=None
        ),
        restarts=None,
        recovery_s=None,
        limited_by="inconclusive",
        limited_why="nothing was answered",
        instances=(),
        seconds=(),
        memory_points=(),
        scrape_points=(),
        curves=(),
        timeline=(),
        warnings=(),
    )
    verdict = Verdict(
        verdict="INVALID",
        exit_code=ExitCode.INVALID,
        headline=f"{LOAD}: INVALID - nothing was measured",
        reasons=("no window was recorded",),
        not_judged=tuple(f"{limit.metric}: no observations" for limit in plan.limits),
        limits=tuple(
            JudgedLimit(limit=limit, value=None, n=0, ok=None, reason="no observations")
            for limit in plan.limits
        ),
    )
    return Story(plan, findings, verdict)


def document_of(story: Story) -> Document:
    """The story as every renderer gets it."""
    return build_document(
        story.plan,
        story.findings,
        story.verdict,
        started_wall_ns=WALL_NS,
        host={"name": "h"},
        versions={"python": "3.11"},
    )


STORIES = (failing_run, good_run, interrupted_run, unmeasured_run)


def hostile(story: Story, text: str) -> Story:
    """The story with `text` in every string that a target can choose."""
    findings = story.findings
    scrapes = [replace(phase.scrapes, reasons={text: 3}) for phase in findings.phases]
    phases = tuple(
        replace(phase, scrapes=scrape, errors={text: 5}, statuses={text: 5})
        for phase, scrape in zip(findings.phases, scrapes, strict=True)
    )
    entry = make_entry(5, "target", text, text, **{"answer": text, text: text})
    return Story(
        plan=story.plan,
        findings=replace(
            findings,
            phases=phases,
            ended_detail=text,
            totals=replace(findings.totals, errors={text: 5}, statuses={text: 5}),
            memory=replace(findings.memory, reason=text, source=text),
            loss=replace(findings.loss, reason=text, examples=(text,)),
            generator=replace(findings.generator, problems=(text,)),
            limited_why=text,
            limited_evidence=(text,),
            recovery=RecoveryFinding(
                judged=True,
                seconds=1.0,
                errors_s=1.0,
                response_s=0.0,
                scrapes_s=None,
                reason=text,
            ),
            first_failure=entry,
            timeline=(entry,),
            warnings=(text,),
            instances=tuple(
                replace(i, name=text, scrape_url=text, memory_source=text)
                for i in findings.instances
            ),
            scrape_points=tuple(
                replace(point, ok=False, reason=text) for point in findings.scrape_points
            ),
            seconds=tuple(replace(second, errors={text: 1}) for second in findings.seconds),
        ),
        verdict=replace(
            story.verdict,
            headline=text,
            reasons=(text,),
            not_judged=(text,),
            limits=tuple(replace(j, ok=False, reason=text) for j in story.verdict.limits),
        ),
        failures=tuple(
            {key: text if isinstance(value, str) else value for key, value in failure.items()}
            for failure in _failure_samples()
        ),
    )
