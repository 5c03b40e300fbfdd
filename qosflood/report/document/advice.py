"""What to do next, from the verdict and its evidence. Pure.

Each line names the figure that it follows from and, where there is one, the option to type.
"""

import math
from collections.abc import Iterator, Sequence

from qosflood.analysis.findings import Findings, PhaseFigures
from qosflood.analysis.generator.generator import FORGIVEN
from qosflood.analysis.generator.late import WAITING_SHARE
from qosflood.analysis.verdict.verdict import BY_MERGE, JudgedLimit, Verdict
from qosflood.base.units import HOUR, MS, SECOND, format_duration
from qosflood.journal.records import INCOMPLETE
from qosflood.plan.plan import Plan
from qosflood.plan.profile.storms import herd_fix, herd_size
from qosflood.report.document.remedies import remedies_for_broken, remedies_for_unjudged
from qosflood.report.document.situations import (
    after_crash,
    by_causes,
    by_generator,
    failed_in_baseline,
    is_explained,
    less_load_may_help,
    stalls_of_target,
)

MOST = 6
_OF_TIME = ("memory.leak", "memory.time_to_limit")
_MIB = 1024 * 1024


def advise(plan: Plan, findings: Findings, verdict: Verdict) -> tuple[str, ...]:
    """At most `MOST` next steps, the most important first, none twice."""
    return tuple(dict.fromkeys(_steps(plan, findings, verdict)))[:MOST]


def _steps(plan: Plan, findings: Findings, verdict: Verdict) -> Iterator[str]:
    if verdict.verdict == "INTERRUPTED":
        yield (
            f"the run ended early ({findings.ended}): its figures cover only the time before "
            "that; run it again in full before you rely on them"
        )
    if plan.part is not None:
        yield (
            f"merge the {plan.part.of} parts into one run: qosflood merge DIR…, the folder of each "
            "part"
        )
    if findings.ended == INCOMPLETE:
        yield (
            f"give qosflood merge all {plan.merged} parts; run those again that are missing or died"
        )
    yield from after_crash(findings)
    if findings.ended != INCOMPLETE and findings.generator.problems and plan.floods:
        yield _relieve_generator(plan, findings)
    broken = [judged for judged in verdict.limits if judged.ok is False]
    if broken:
        yield from by_generator(findings)
        yield from failed_in_baseline(findings)
        yield from by_causes(findings)
        yield from stalls_of_target(findings)
    own = [judged for judged in broken if not is_explained(judged, findings)]
    yield from remedies_for_broken(own, plan, findings)
    if _too_much_load(broken, verdict) and less_load_may_help(plan, findings, broken):
        yield f"find a load that passes: run again with --rate {plan.load.multiple / 2:g}x"
    if verdict.verdict == "PASS":
        yield from _go_further(plan, findings) if plan.floods else _flood_it(plan)
    for judged in verdict.limits if _began(findings) else ():
        if judged.ok is None and judged.reason != BY_MERGE:
            yield from remedies_for_unjudged(judged, findings)
    if verdict.verdict == "PASS":
        yield from _limits_to_paste(plan, findings)


def _began(findings: Findings) -> bool:
    """Whether anything could be measured; before that nothing shows what cannot be."""
    return any(phase.seconds > 0 for phase in findings.phases)


def _too_much_load(broken: Sequence[JudgedLimit], verdict: Verdict) -> bool:
    """Whether less load may help; it does not help against a leak."""
    if verdict.verdict not in ("FAIL", "ABORTED"):
        return False
    return not broken or any(judged.limit.metric not in _OF_TIME for judged in broken)


def _relieve_generator(plan: Plan, findings: Findings) -> str:
    generator = findings.generator
    if not _lacks_power(findings):
        return f"measure again, for a part is missing here: {generator.problems[0]}"
    where = "a machine other than the target's" if plan.target.loopback else "an idle machine"
    return (
        f"run the generator on {where}, with more cores "
        f"(--shards is {plan.load.shards}), or at a lower --rate{_soften(plan)}"
    )


def _lacks_power(findings: Findings) -> bool:
    """Whether the generator did not keep up; one of which a part died may have kept up well."""
    generator = findings.generator
    behind = any(phase.picked_late for phase in findings.phases)
    waited = (generator.waited_share or 0.0) > WAITING_SHARE
    late = generator.late_windows > FORGIVEN or generator.absent_ns or behind or waited
    return generator.verdict == "late" or (generator.verdict == "starved" and bool(late))


def _soften(plan: Plan) -> str:
    """What else helps where all clients report at one moment."""
    size = herd_size(plan)
    if not size:
        return ""
    fix = herd_fix(plan) or "more report.jitter"
    return f"; each shard sends herds of {size:,} reports (synchronised clocks), so try {fix}"


def _flood_it(plan: Plan) -> Iterator[str]:
    yield f"measure the target under load: qosflood --rate 10x --target {plan.target.url}"


def _go_further(plan: Plan, findings: Findings) -> Iterator[str]:
    multiple = plan.load.multiple
    yield f"find the headroom: run again with --rate {multiple * 2:g}x"
    flood = _flood(findings)
    measured = findings.memory.verdict in ("steady", "grows_with_sessions")
    if measured and flood is not None and flood.seconds * SECOND < HOUR:
        length = format_duration(max(1, round(flood.seconds)) * SECOND)
        yield f"a flood of {length} cannot rule out a slow leak: run longer, e.g. --duration 8h"


def _limits_to_paste(plan: Plan, findings: Findings) -> Iterator[str]:
    """No latency or memory limit fits every target, so these lines use the figures of this run."""
    named = {limit.metric for limit in plan.limits}
    flood = _flood(findings)
    p99 = flood.response.p99_ns if flood else None
    if p99 and not any(metric.startswith("response") for metric in named):
        bound = format_duration(round_up(1.5 * p99 / MS) * MS)
        yield f"lock in today's latency: --limit 'response.p99 < {bound}'"
    most = findings.memory.max_bytes
    if (spike := next((one for one in findings.causes if one.kind == "spike"), None)) is not None:
        yield f"{spike.what}: find out what the target did then before you limit its memory"
    elif most and "memory.max" not in named:
        bound = f"{math.ceil(round_up(1.5 * most / _MIB))}MiB"
        yield f"lock in today's memory: --limit 'memory.max < {bound}'"


def round_up(value: float) -> float:
    """The next round figure: halves of its leading power of ten (0.73 -> 0.75, 181 -> 200)."""
    power = 10.0 ** math.floor(math.log10(value))
    return math.ceil(value / power * 2) / 2 * power


def _flood(findings: Findings) -> PhaseFigures | None:
    return next((phase for phase in findings.phases if phase.name == "flood"), None)
