"""The page's texts and figures, formatted for people. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qosflood.analysis.current import Snapshot
from qosflood.analysis.verdict.verdict import load_words
from qosflood.base.percentiles import label
from qosflood.base.text import printable
from qosflood.base.units import (
    SECOND,
    counted,
    format_bytes,
    format_count,
    format_duration,
    format_moment,
)
from qosflood.journal.records import MemorySample, ScrapeSample
from qosflood.live import lines
from qosflood.plan.plan import Plan

Json = dict[str, Any]
MIB = 1024 * 1024


@dataclass(slots=True)
class InstanceState:
    """The latest samples of one instance, and its counts."""

    memory: MemorySample | None = None
    memory_max: int = 0
    scrape: ScrapeSample | None = None
    scrapes: int = 0
    failed: int = 0
    gaps: int = 0


@dataclass(slots=True)
class LagState:
    """Send lag and connections of one second, over all shards; `lag_ns` None: nothing was due."""

    lag_ns: int | None = None
    late: bool = False
    connected: int = 0


def tiles(seen: Snapshot, recent: Sequence[LagState], late_s: int, *, load: bool) -> list[Json]:
    """The tiles of figures; without `load` there are none about reports. `recent` are the
    generator's last seconds; it was late in `late_s` seconds so far."""
    if not load:
        return [_memory(seen), _scrape(seen)]
    return [
        _tile("offered", lines.rate(seen.offered), f"of {lines.rate(seen.planned)} planned"),
        _tile("answered", lines.rate(seen.acked), _retries_or_clients(seen, recent)),
        *(
            _tile(f"response {label(name)}", lines.duration(ns))
            for name, ns in seen.response_ns.items()
        ),
        _failed(seen),
        _memory(seen),
        _scrape(seen),
        _generator(recent, late_s),
    ]


def _retries_or_clients(seen: Snapshot, recent: Sequence[LagState]) -> str:
    """Retries where there are any, else how many clients are connected."""
    if seen.retries:
        return lines.retries(seen).strip()
    return f"{format_count(recent[-1].connected)} connected" if recent else ""


def _generator(recent: Sequence[LagState], late_s: int) -> Json:
    if not recent:
        return _tile("generator", lines.UNKNOWN)
    lags = [second.lag_ns for second in recent if second.lag_ns is not None]
    lag = f"send lag p99 {lines.duration(max(lags, default=None))}"
    if not late_s:
        return _tile("generator", "on time", lag)
    now = any(second.late for second in recent)
    more = f"in {counted(late_s, 'second')} so far; {lag}"
    return _tile("generator", "late" if now else "was late", more, "bad" if now else "warn")


def _tile(name: str, value: str, more: str = "", tone: str = "") -> Json:
    return {"name": name, "value": value, "more": more, "tone": tone}


def _failed(seen: Snapshot) -> Json:
    total = sum(seen.errors.values())
    if not total:
        return _tile("errors so far", "none")
    return _tile("errors so far", format_count(total), lines.errors(seen), "bad")


def _memory(seen: Snapshot) -> Json:
    limit = f"of {lines.size(seen.rss_limit_bytes)}" if seen.rss_limit_bytes else ""
    return _tile("memory", lines.size(seen.rss_bytes), limit)


def _scrape(seen: Snapshot) -> Json:
    last = seen.scrape
    value = lines.UNKNOWN
    if last is not None:
        value = lines.duration(last.duration_ns) if last.ok else "failed"
    failed = f"{format_count(seen.scrapes_failed)} failed" if seen.scrapes_failed else ""
    tone = "bad" if last is not None and not last.ok else "warn" if seen.scrapes_failed else ""
    return _tile("last scrape", value, failed, tone)


def instance_row(name: str, state: InstanceState) -> Json:
    """An instance's row: its latest samples and its counts."""
    scrape, memory = state.scrape, state.memory
    took = reason = lines.UNKNOWN
    if scrape is not None:
        took = lines.duration(scrape.duration_ns) if scrape.ok else "failed"
        reason = "" if scrape.ok else printable(scrape.reason or "unknown", 120)
    return {
        "name": printable(name, 80),
        "memory": format_bytes(memory.rss_bytes) if memory else lines.UNKNOWN,
        "memory_max": format_bytes(state.memory_max) if memory else lines.UNKNOWN,
        "scrape": took,
        "scrapes": format_count(state.scrapes),
        "failed": format_count(state.failed),
        "reason": reason,
        "ok": scrape is None or scrape.ok,
        "series": format_count(scrape.series) if scrape and scrape.series else lines.UNKNOWN,
    }


def about(plan: Plan, run_dir: str, started: str) -> Json:
    """The facts of a run that are known before the load begins."""
    return {
        "run_id": plan.run_id,
        "load": load_words(plan),
        "target": "embedded collector" if plan.target.embedded else plan.target.url,
        "profile": plan.profile,
        "started": started,
        "run_dir": run_dir,
        "floods": plan.floods,
        "total_s": max(phase.end_ns for phase in plan.phases) / SECOND,
        "phases": [
            {
                "name": phase.name,
                "start_s": phase.start_ns / SECOND,
                "end_s": phase.end_ns / SECOND,
                "lasts": format_duration(phase.duration_ns),
                "begins": format_moment(phase.start_ns / SECOND),
            }
            for phase in plan.phases
        ],
        "limits": [limit.expr for limit in plan.limits],
        "aborts": [limit.expr for limit in plan.aborts],
    }
