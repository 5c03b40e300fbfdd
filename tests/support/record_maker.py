"""Journal records for tests: windows, scrapes, memory samples, and whole runs made of them.

`t_s` are seconds since the load's start, which lies `T0_NS` after the segment's.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from qosflood.base.units import MS, SECOND
from qosflood.journal import histograms
from qosflood.journal.records import (
    OUTCOMES,
    End,
    Event,
    JournalRecord,
    Latency,
    MemorySample,
    Rollup,
    ScrapeSample,
    ShardHealth,
    Window,
)
from qosflood.plan.plan import Phase, Plan

T0_NS = 2 * SECOND
WALL_NS = 1_767_225_600 * SECOND
MIB = 1024 * 1024

Change = Callable[[Window], "Window | None"]


def at(t_s: float) -> int:
    """The journal time of `t_s`."""
    return T0_NS + round(t_s * SECOND)


def latency(ms: Iterable[float]) -> Latency | None:
    """A histogram of milliseconds; None without any."""
    histogram = histograms.make_histogram()
    values = np.array([round(value * MS) for value in ms], dtype=np.int64)
    return histograms.figures(histogram, histograms.fold(histogram, values))


def health(**changes: Any) -> ShardHealth:
    """A shard that does well: half a core, 40 MiB."""
    return replace(
        ShardHealth(
            loop_stall_ns=MS,
            cpu_ns=SECOND // 2,
            rss_bytes=40 * MIB,
            throttled_ns=0,
            run_queue_ns=2 * MS,
            connected=10,
            connecting=0,
            pending=0,
        ),
        **changes,
    )


def window(
    second: int,
    phase: str,
    *,
    response_ms: Sequence[float] = (),
    lag_ms: Sequence[float] | None = None,
    failed: dict[str, int] | None = None,
    timeout_ms: float = 10_000.0,
    shard: int = 0,
    **changes: Any,
) -> Window:
    """A window whose acked reports took `response_ms`; `failed` adds other outcomes.

    As many reports were scheduled and sent as ended, and service times equal response times.
    """
    lost = failed or {}
    count = len(response_ms) + sum(lost.values())
    outcomes = dict.fromkeys(OUTCOMES, 0) | {"acked": len(response_ms)} | lost
    fields: dict[str, Any] = {
        "t": at(second + 1),
        "shard": shard,
        "second": second,
        "phase": phase,
        "scheduled": count,
        "picked_late": 0,
        "offered": count - lost.get("unsent", 0) - lost.get("connect_error", 0),
        "outcomes": outcomes,
        "statuses": {},
        "errors": {f"because {name}": number for name, number in lost.items()},
        "resent": 0,
        "reconnects": 0,
        "response": latency([*response_ms, *[timeout_ms] * sum(lost.values())]),
        "service": latency(response_ms),
        "failed": latency([1.0] * sum(lost.values())),
        "send_lag": latency([0.1] * count if lag_ms is None else lag_ms),
        "health": health(),
        "sessions": 10,
    }
    return Window(**(fields | changes))


def stray(second: int, phase: str, **changes: Any) -> Window:
    """A window without health or lag, as late outcomes of another phase make it."""
    return window(second, phase, lag_ms=(), **({"health": None, "sessions": None} | changes))


def rollup(phase: str, windows: Sequence[Window], t_s: float) -> Rollup:
    """The roll-up of these windows."""

    def merged(series: str) -> Latency | None:
        parts = [getattr(each, series) for each in windows]
        return histograms.merge([part for part in parts if part is not None])

    return Rollup(
        t=at(t_s),
        from_t=windows[0].t if windows else at(t_s),
        phase=phase,
        windows=len(windows),
        response=merged("response"),
        service=merged("service"),
        failed=merged("failed"),
        send_lag=merged("send_lag"),
    )


def scrape(t_s: float, *, ok: bool = True, **changes: Any) -> ScrapeSample:
    """A scrape that took 20 ms, or one that timed out after a second."""
    fields: dict[str, Any] = {
        "t": at(t_s),
        "instance": "target",
        "ok": ok,
        "reason": None if ok else "timeout",
        "duration_ns": 20 * MS if ok else SECOND,
        "parse_ns": MS if ok else None,
        "status": 200 if ok else None,
        "bytes": 4_000 if ok else None,
        "series": 40 if ok else None,
    }
    return ScrapeSample(**(fields | changes))


def memory(t_s: float, rss_bytes: float = 80 * MIB, **changes: Any) -> MemorySample:
    """A sample of process 77, which uses half a core."""
    fields: dict[str, Any] = {
        "t": at(t_s),
        "instance": "target",
        "source": "process",
        "rss_bytes": round(rss_bytes),
        "cpu_ns": round((t_s + 100) * SECOND / 2),
        "pid": 77,
        "start_s": 1000.0,
    }
    return MemorySample(**(fields | changes))


def event(t_s: float, kind: str, who: Any = "target", what: str = "", **evidence: Any) -> Event:
    """An event; `what` is its kind unless told otherwise."""
    return Event(t=at(t_s), who=who, kind=kind, what=what or kind, evidence=evidence)


def load_started() -> Event:
    """What ties the load's zero to the journal's clock."""
    return event(-0.1, "load_started", "operator", t0=T0_NS)


def end(t_s: float, reason: str = "completed", detail: str = "") -> End:
    """The journal's last record."""
    return End(t=at(t_s), reason=reason, detail=detail)


def phase_at(plan: Plan, second: int) -> Phase:
    """The phase in force in a second."""
    return next(phase for phase in plan.phases if phase.end_ns > second * SECOND)


def load_windows(
    plan: Plan, until_s: int | None = None, change: Change = lambda same: same, shard: int = 0
) -> list[Window]:
    """A window a second with the reports planned, each acked in 5 ms; `change` may replace a
    window or drop it."""
    last = plan.load_ns // SECOND if until_s is None else until_s
    made = []
    for second in range(last):
        phase = phase_at(plan, second)
        count = round(phase.planned * SECOND / phase.duration_ns) // plan.load.shards
        made.append(change(window(second, phase.name, response_ms=[5.0] * count, shard=shard)))
    return [each for each in made if each is not None]


def healthy_run(
    plan: Plan,
    *,
    change: Change = lambda same: same,
    extra: Iterable[JournalRecord] = (),
    scrape_ok: Callable[[int], bool] = lambda _second: True,
    rss: Callable[[int], float] | None = lambda _second: 80.0 * MIB,
) -> list[JournalRecord]:
    """The whole journal of a run in which all is well, but for what the arguments change."""
    whole_s = max(phase.end_ns for phase in plan.phases) // SECOND
    records: list[JournalRecord] = [load_started()]
    for shard in range(plan.load.shards):
        records += load_windows(plan, change=change, shard=shard)
    records += [scrape(second + 0.5, ok=scrape_ok(second)) for second in range(whole_s)]
    if rss is not None:
        records += [memory(second + 0.25, rss(second)) for second in range(whole_s)]
    records += [event(plan.load_ns / SECOND, "load_finished", "operator"), *extra]
    records.append(event(whole_s, "settled", "operator"))
    return [*sorted(records, key=lambda record: record.t), end(whole_s + 0.1)]


def stopped_run(plan: Plan, at_s: int, reason: str, detail: str = "") -> list[JournalRecord]:
    """The journal of a run that was stopped at `at_s`; without its end if `reason` is killed."""
    records: list[JournalRecord] = [load_started(), *load_windows(plan, until_s=at_s)]
    records += [scrape(second + 0.5) for second in range(at_s)]
    records += [memory(second + 0.25) for second in range(at_s)]
    records.sort(key=lambda record: record.t)
    if reason == "killed":
        return records
    stopping = event(at_s, "stopping", "operator", reason=reason)
    return [*records, stopping, end(at_s + 0.5, reason, detail)]
