"""Which limit is a line in which chart of the page, and at which height. Pure.

A limit has a line where the chart shows what it speaks of, in the chart's unit, for as long as its
phase lasts: a response time, the memory, a scrape's duration. A share or a gap has none.
"""

from collections.abc import Iterator

from qosflood.analysis.generator.late import late_gate_ns
from qosflood.base.text import printable
from qosflood.base.units import MS, SECOND, format_duration
from qosflood.live.web.words import MIB, Json
from qosflood.plan.limit_language import RUN, metric_of
from qosflood.plan.plan import Limit, Plan

_SCRAPES = "scrape.p99"
_MEMORY = "memory.max"


def limit_lines(plan: Plan) -> list[Json]:
    """A line for each limit that a chart can show, those that abort the run too; what the target's
    memory may be, and from where on the generator counts as late."""
    lines = [line for limit in (*plan.limits, *plan.aborts) for line in _line(plan, limit)]
    whole = {"start_s": 0.0, "end_s": _end_s(plan)}
    most, gate_ns = plan.watch.memory_limit_bytes, late_gate_ns(plan)
    if most:
        lines.append({"chart": "memory", "level": most / MIB, "expr": "memory limit", **whole})
    late = f"late above {format_duration(gate_ns)}"
    return [*lines, {"chart": "generator", "level": gate_ns / MS, "expr": late, **whole}]


def _line(plan: Plan, limit: Limit) -> Iterator[Json]:
    found = _place(plan, limit)
    if found is None:
        return
    chart, level = found
    phase = None if limit.scope == RUN else plan.maybe_phase(limit.scope)
    yield {
        "chart": chart,
        "level": level,
        "expr": printable(limit.expr),
        "start_s": phase.start_ns / SECOND if phase else 0.0,
        "end_s": phase.end_ns / SECOND if phase else _end_s(plan),
    }


def _place(plan: Plan, limit: Limit) -> tuple[str, float] | None:
    """The chart and the height in it; None if no chart shows what the limit speaks of."""
    if isinstance(limit.threshold, str):
        return None
    if metric_of(limit).series == "response":
        return "latency", limit.threshold / MS
    if limit.metric == _SCRAPES:
        return "scrapes", limit.threshold / MS
    if limit.metric != _MEMORY:
        return None
    whole = plan.watch.memory_limit_bytes if limit.unit == "ratio" else 1
    return ("memory", limit.threshold * whole / MIB) if whole else None


def _end_s(plan: Plan) -> float:
    return max(phase.end_ns for phase in plan.phases) / SECOND
