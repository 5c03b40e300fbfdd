"""A Plan in at most six rows, a search in some more, and one for each thing that it cannot judge:
what a run shows before it starts. `describe` has the rest."""

from collections.abc import Iterator

from qosflood.base.units import counted, format_duration
from qosflood.plan.describe import describe
from qosflood.plan.describe_row import Row
from qosflood.plan.describe_search import search_rows
from qosflood.plan.judgeable import unjudgeable
from qosflood.plan.load_words import against_peak, load_line
from qosflood.plan.plan import Limit, Plan
from qosflood.plan.watching import WATCHED


def summarise(plan: Plan) -> list[Row]:
    """Load, phases, target, what is watched, limits, and which of them cannot be judged; without
    sources."""
    rows = {row.label: row.value for row in reversed(describe(plan))}
    found = {
        **(_of_flood(plan, rows) if plan.floods else {"watch": rows["watch"]}),
        "target": _target(plan, rows["target"]),
        "watched": _watched(plan),
        "limits": "; ".join(_limits(plan)),
    }
    notes = [Row("note", line, "") for line in unjudgeable(plan)]
    return [*(Row(label, value, "") for label, value in found.items()), *notes]


def _of_flood(plan: Plan, rows: dict[str, str]) -> dict[str, str]:
    if plan.capacity is not None:
        return dict(search_rows(plan))
    return {
        "load": _load(plan, rows),
        "rate": against_peak(plan.load),
        "phases": _phases(plan),
    }


def _load(plan: Plan, rows: dict[str, str]) -> str:
    if plan.part is None:
        return load_line(plan.load)
    clients, rest = rows["part"].partition("; ")[0], rows["start"]
    return f"part {clients}, starts {rest}"


def _phases(plan: Plan) -> str:
    each = (f"{phase.name} {format_duration(phase.duration_ns)}" for phase in plan.phases)
    storms = f", {counted(len(plan.storms), 'storm')}" if plan.storms else ""
    return f"{format_duration(plan.phases[-1].end_ns)}: {', '.join(each)}{storms}"


def _target(plan: Plan, where: str) -> str:
    if not plan.floods:
        return where
    unchecked = ", certificate not verified" if plan.target.insecure else ""
    return f"{where}, {plan.report.method} {plan.report.location}{unchecked}"


def _watched(plan: Plan) -> str:
    if plan.part is not None and not plan.part.memory:
        return WATCHED
    scrape_ns, several = plan.scrape_interval_ns, len(plan.instances)
    parts = [
        "no scrapes" if scrape_ns is None else f"scrapes every {format_duration(scrape_ns)}",
        f"memory every {format_duration(plan.watch.memory_interval_ns)}",
        f"{several} instances" if several > 1 else "",
        "Prometheus" if plan.prometheus is not None else "",
        "OpenTelemetry" if plan.otel else "",
        "a reference endpoint" if plan.control is not None else "",
    ]
    return ", ".join(filter(None, parts))


def _limits(plan: Plan) -> Iterator[str]:
    """Your own limits in full, and the number of shipped ones."""
    own = [limit for limit in plan.limits if limit.named_by == "user"]
    shipped = len(plan.limits) - len(own)
    said = [_expr(limit) for limit in own]
    yield ", ".join([*said, *([counted(shipped, "shipped limit")] * bool(shipped))]) or "none"
    if plan.aborts:
        yield f"aborts at {', '.join(map(_expr, plan.aborts))}"


def _expr(limit: Limit) -> str:
    """With spaces at which no line is broken."""
    return limit.expr.replace(" ", "\u00a0")
