"""A Document's figures as text cells, for every renderer alike: tables, lines, states. Pure.

A cell is plain text; each renderer escapes it for its own medium. What was not measured is shown
as `–`, never as 0.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from qosflood.analysis.timeline import LIMIT_BROKEN
from qosflood.base.text import printable
from qosflood.base.units import (
    MS,
    SECOND,
    counted,
    format_bytes,
    format_count,
    format_duration,
    format_moment,
    format_ratio,
    text_beside,
)
from qosflood.plan.limit_language import judged_text
from qosflood.plan.plan import Op, Unit
from qosflood.plan.watching import WATCH, WATCHED
from qosflood.report.document.evidence import evidence_words
from qosflood.report.document.schema import (
    Document,
    Generator,
    JudgedLimit,
    Phase,
    Scrapes,
    TimelineEntry,
)

NONE = "–"
_MOST_SAID = 2
_LOSSES_SHOWN, _LONGEST_LOSS = 3, 1200


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One limit as text; `state` is `ok`, `broken` or `not judged`."""

    state: str
    expr: str
    value: str
    n: str
    reason: str
    named_by: str


def ms(value: float | None) -> str:
    """A duration given in milliseconds."""
    return NONE if value is None else format_duration(value * MS)


def seconds(value: float | None) -> str:
    """A duration given in seconds."""
    return NONE if value is None else format_duration(value * SECOND)


def size(value: float | None) -> str:
    """A number of bytes."""
    return NONE if value is None else format_bytes(value)


def count(value: float | None) -> str:
    """A count or a rate."""
    return NONE if value is None else format_count(value)


def ratio(value: float | None) -> str:
    """A share from 0 to 1."""
    return NONE if value is None else format_ratio(value)


def times(value: float | None) -> str:
    """How many for one."""
    return NONE if value is None else f"{value:.2f}"


def cores(value: float | None) -> str:
    """CPU cores in use."""
    return NONE if value is None else f"{value:.2f}"


def error_ratio(phase: Phase) -> float | None:
    """1 - acked / scheduled; None if nothing was scheduled."""
    if not phase.scheduled:
        return None
    return (phase.scheduled - phase.outcomes.get("acked", 0)) / phase.scheduled


def scrapes_ok(scrapes: Scrapes) -> str:
    """`178/180`: good scrapes of all."""
    return f"{scrapes.count - scrapes.failed}/{scrapes.count}" if scrapes.count else NONE


def floods(document: Document) -> bool:
    """Whether there was a load; without one the target was only monitored."""
    return document.phase(WATCH) is None


def repeats(document: Document) -> bool:
    """Whether retries are shown: the plan has them, or there were enough to show in the figures."""
    asked = document.plan.get("retries", {}).get("most", 0)
    seen = max((phase.amplification or 0.0 for phase in document.phases), default=0.0)
    return bool(asked) or times(seen) > times(1.0)


def attempts_line(document: Document) -> str:
    """First attempts and those after them, in one line."""
    totals = document.totals
    why = ", ".join(f"{n:,} {name}" for name, n in totals.retried.items() if n)
    return printable(
        f"{counted(totals.sent, 'first attempt')}, {totals.resent:,} resent after a lost "
        f"connection, {totals.retries:,} {'retry' if totals.retries == 1 else 'retries'}"
        f"{f' (after {why})' if why else ''}: amplification {times(totals.amplification)}; "
        f"{counted(totals.acked_after_retry, 'report')} accepted after a retry"
    )


def limit_rows(document: Document) -> list[LimitRow]:
    """The limits, broken ones first, then those not judged."""
    order = {False: 0, None: 1, True: 2}
    return [_limit_row(limit) for limit in sorted(document.limits, key=lambda x: order[x.ok])]


def _limit_row(limit: JudgedLimit) -> LimitRow:
    states = {True: "ok", False: "broken", None: "not judged"}
    return LimitRow(
        state=states[limit.ok],
        expr=printable(limit.expr),
        value=limit_value(limit.value, limit.unit, limit.op, limit.threshold),
        n=count(limit.n),
        reason=printable(limit.reason),
        named_by=limit.named_by,
    )


def limit_value(value: float | str | None, unit: Unit, op: Op, threshold: float | str) -> str:
    """A limit's value for people, in as many digits as decide."""
    return NONE if value is None else printable(judged_text(unit, value, op, threshold))


_FIGURES = {
    "rss": "resident memory",
    "pss": "PSS of the process tree",
    "working_set": "working set of the cgroup",
    "named": "the metric that the profile names",
}


def memory_line(document: Document) -> str:
    """What memory did, in one line."""
    memory = document.memory
    parts = [memory.verdict.replace("_", " ")]
    if memory.max_bytes is not None:
        limit = f" of {format_bytes(memory.limit_bytes)}" if memory.limit_bytes else ""
        figure = _FIGURES[memory.figure or "rss"]
        parts.append(f"max {format_bytes(memory.max_bytes)}{limit} ({figure}, {memory.source})")
    if memory.bytes_per_session is not None:
        parts.append(f"{format_bytes(memory.bytes_per_session)} per session")
    slope = memory.slope_bytes_per_hour
    if slope.mid is not None:
        parts.append(f"slope {size(slope.mid)}/h ({size(slope.low)} to {size(slope.high)})")
    if memory.time_to_limit_s.low is not None:
        until = memory.time_to_limit_s
        latest = "or later" if until.high is None else f"to {seconds(until.high)}"
        parts.append(f"limit reached in {seconds(until.low)} {latest}")
    line = "; ".join(parts)
    return printable(f"{line}; {memory.reason}" if memory.reason else line)


def session_memory_line(document: Document) -> str:
    """What a session takes, or why that is not known; empty where there is nothing to say, or
    where the line on memory says it."""
    memory = document.memory
    why, mid = memory.bytes_per_session_reason, memory.bytes_per_session
    if mid is None:
        return "" if why in memory.reason else printable(f"not known: {why}")
    low, high = memory.bytes_per_session_low, memory.bytes_per_session_high
    interval = "" if low is None or high is None else f" ({size(low)} to {size(high)})"
    return f"{size(mid)}{interval}, apart from connections and the warm-up of its heap"


def once(line: str, reason: str, document: Document) -> str:
    """`line` without its reason, where the verdict or a limit has the same."""
    others = (*document.reasons, *(limit.reason for limit in document.limits))
    words = printable(reason)
    return line.replace(f"; {words}", "") if words and stands_in(reason, others) else line


def stands_in(reason: str, others: Iterable[str]) -> bool:
    """Whether one of the others says the same, or more."""
    return any(printable(reason) in printable(other) for other in others)


def scrape_line(document: Document) -> str:
    """How scrapes went over the whole run, in one line."""
    phases = [phase.scrapes for phase in document.phases]
    total = sum(scrapes.count for scrapes in phases)
    if not total:
        part = document.plan.get("part")
        return WATCHED if part and not part["scrapes"] else "none were made"
    good = total - sum(scrapes.failed for scrapes in phases)
    slowest = max(
        (s.duration_ms.max for s in phases if s.duration_ms.max is not None), default=None
    )
    gap = max((s.gap_max_ms for s in phases if s.gap_max_ms is not None), default=None)
    line = f"{good:,} of {total:,} good; slowest {ms(slowest)}; longest gap {ms(gap)}"
    return printable("; ".join((line, *failing_words(document)[:_MOST_SAID])))


def failing_words(document: Document) -> list[str]:
    """When scrapes failed, one line for each stretch; with the instance where there are several."""
    several = len(document.instances) > 1
    return [
        f"{one.name}: {line}" if several else line
        for one in document.instances
        for line in one.scrape_words
    ]


def first_failure_line(document: Document) -> str:
    """What broke first, and at which load, in one line."""
    first = document.first_failure
    if first is None:
        return "none: no report and no scrape failed" if _unharmed(document) else "none"
    evidence = evidence_line(first)
    if first.kind == LIMIT_BROKEN:
        return printable(f"{first.what} ({first.utc})" + (f" [{evidence}]" * bool(evidence)))
    load = _load_at(document, first)
    return printable(
        f"{moment(first.t_s)} ({first.utc}){load}: {first.what}"
        + (f" [{evidence}]" * bool(evidence))
    )


def _unharmed(document: Document) -> bool:
    failed = document.totals.scheduled - document.totals.outcomes.get("acked", 0)
    scrapes = sum(phase.scrapes.failed for phase in document.phases)
    return floods(document) and not failed and not scrapes


def evidence_line(entry: TimelineEntry) -> str:
    """The figures of an event that its sentence does not contain, in one line."""
    return printable("; ".join(evidence_words(entry.what, entry.evidence)))


def loss_line(document: Document) -> str:
    """What is known about lost reports, in one line."""
    loss = document.loss
    reason = f"; {loss.reason}" if loss.reason else ""
    shown = loss.examples[:_LOSSES_SHOWN]
    more = (loss.missing or 0) - len(shown)
    others = f"; and {format_count(more)} more" if shown and more > 0 else ""
    examples = f"; e.g. {'; '.join(shown)}{others}" if shown else ""
    return printable(f"{loss.verdict}{reason}{examples}", _LONGEST_LOSS)


def limited_line(document: Document) -> str:
    """What limited the run, in one line."""
    return printable(
        ": ".join(part for part in (document.limited_by, document.limited_why) if part)
    )


def recovery_line(document: Document) -> str:
    """How long the target took to recover, in one line."""
    recovery = document.recovery
    if recovery is None:
        return "not judged"
    parts = [recovery.reason]
    if recovery.rss_before is not None and recovery.rss_after is not None:
        before, after = format_bytes(recovery.rss_before), format_bytes(recovery.rss_after)
        parts.append(f"memory {before} before the flood, {after} after recovery")
    return printable("; ".join(parts))


def books_line(document: Document) -> str:
    """The sum of the outcomes against what was scheduled, in one line; of a run that ended early,
    with those that have none."""
    totals = document.totals
    parts = [
        f"{number:,} {'answered' if name == 'acked' else name}"
        for name, number in totals.outcomes.items()
        if number
    ]
    if totals.in_flight > 0:
        parts.append(f"{totals.in_flight:,} without an outcome")
        return printable(f"{totals.scheduled:,} scheduled = {' + '.join(parts)}")
    sign, state = ("=", "add up") if totals.balanced else ("≠", "do NOT add up")
    return printable(
        f"{totals.scheduled:,} scheduled {sign} {' + '.join(parts) or '0'}: outcomes {state}"
    )


def generator_line(document: Document) -> str:
    """How well the generator itself did, in one line."""
    generator = document.generator
    parts = (
        generator.verdict,
        f"{generator.late_windows:,} of {generator.windows:,} seconds late",
        f"send lag p99 {_lag(generator)} (at most {ms(generator.late_gate_ms)} allowed)",
        f"{cores(generator.cpu_cores)} cores",
        f"{size(generator.rss_max)} of memory",
    )
    return "; ".join(parts)


def _lag(generator: Generator) -> str:
    p99, gate = generator.send_lag_p99_ms, generator.late_gate_ms
    return NONE if p99 is None else text_beside(format_duration, p99 * MS, gate * MS)


def moment(t_s: float) -> str:
    """`+7m1s` since the load's start."""
    return format_moment(t_s)


def _load_at(document: Document, first: TimelineEntry) -> str:
    """The phase and its load; a report may fail in a later one than it was due in."""
    for phase in document.phases if floods(document) else ():
        if phase.start_s <= first.t_s < phase.start_s + phase.seconds:
            due = first.evidence.get("phase", phase.name)
            earlier = "" if due == phase.name else f", of a report due in {due}"
            return f" in {phase.name} at {count(phase.rate.planned)} planned reports/s{earlier}"
    return ""
