"""Journals as no healthy run writes them: each kind of record is whole, absent, single, before the
load, after it, or full of extreme numbers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from hypothesis import strategies as st
from plan_maker import make_load, make_phases, make_plan
from record_maker import T0_NS, WALL_NS, at, healthy_run

from qosflood.base.units import MS, SECOND
from qosflood.journal.loss_records import AuditSample, ReadBack, SentSession, SentSessions
from qosflood.journal.prometheus_records import (
    AlertSeen,
    OtelSample,
    PrometheusReading,
    PrometheusSamples,
    TargetSeen,
)
from qosflood.journal.records import (
    ClockMark,
    Connects,
    ControlSample,
    End,
    Event,
    JournalRecord,
    Latency,
    Rollup,
    Segment,
    ShardHealth,
    TcpSample,
    Window,
)
from qosflood.plan.limit_language import METRICS, parse_limit
from qosflood.plan.plan import Plan
from qosflood.plan.watching import Audit, Control, Prometheus

_INTS = (0, 1, 2**31, 2**53 + 1, 2**62)
_OWN_INTS = (0, 1, 2**31, 2**40)
"""Of the generator's own windows; one with more is a damaged line."""
_FLOATS = (0.0, 5e-324, 1e300, -1e300)
_KEPT = ("t", "t0", "second", "shard", "encoded", "count", "wall_ns")
"""Fields that the reader of a run bounds itself, or that a histogram has to agree with."""
_LIMITS = (
    *(f"{name} < 50ms" for name, metric in METRICS.items() if metric.series),
    "errors < 1%",
    "offered >= 99%",
    "amplification < 2",
    "scrape.success >= 90%",
    "scrape.p99 < 100ms",
    "scrape.gap < 15s",
    "memory.max < 512MiB",
    "memory.leak == none",
    "memory.time_to_limit > 24h",
    "loss == none",
    "restarts == 0",
    "recovery.time < 2s",
)

_OWN = (Window, Rollup, ShardHealth, Connects)
Odd = Callable[[list[JournalRecord]], list[JournalRecord]]
"""What becomes of the records of one kind."""


def odd_plan() -> Plan:
    """A flood of 3s with a second around it, all that can be watched, and a limit on everything."""
    load = make_load(clients=30)
    return make_plan(
        load=load,
        phases=make_phases(load, edge_ns=SECOND, flood_ns=3 * SECOND),
        limits=tuple(parse_limit(text) for text in _LIMITS),
        control=Control(url="http://127.0.0.1:9/"),
        audit=Audit(counter="accepted_total", readback="/sessions"),
        prometheus=Prometheus(url="http://127.0.0.1:9090"),
        otel=("http://127.0.0.1:8888/metrics",),
    )


def whole_journal(plan: Plan) -> list[JournalRecord]:
    """A healthy run with a record of every kind in each second."""
    seconds = [second + 0.3 for second in range(-1, 8)]
    return healthy_run(plan, extra=[one for t_s in seconds for one in _beside(t_s)])


def _beside(t_s: float) -> list[JournalRecord]:
    t, done = at(t_s), at(t_s) + MS
    wall_ms = (WALL_NS + t) // MS
    return [
        ControlSample(t=t, ok=True, reason=None, duration_ns=MS, status=200),
        TcpSample(t=t, sent=100 + t // MS, resent=1, dropped=0),
        ClockMark(t=t, wall_ns=WALL_NS + t),
        Event(t=t, who="target", kind="restarted", what="restarted", evidence={"gap_ns": MS}),
        SentSessions(
            t=t, shard=0, sessions=(SentSession(session="s-1", acked_ms=wall_ms, sent_ms=wall_ms),)
        ),
        AuditSample(t=t, done_t=done, instance="target", value=t_s * 10 + 20, reason=None),
        ReadBack(
            t=t,
            done_t=done,
            instance="target",
            reason=None,
            status=200,
            bytes=100,
            samples=1,
            held={"s-1": wall_ms},
        ),
        PrometheusReading(
            t=t,
            version="3.0.0",
            started_s=WALL_NS / SECOND - 100,
            ahead_ns=0,
            clock_error_ns=MS,
            targets=(
                TargetSeen(
                    instance="target",
                    url="http://127.0.0.1:8080/metrics",
                    labels={"job": "a", "instance": "b"},
                    health="up",
                    interval_ns=SECOND,
                ),
            ),
            alerts=(AlertSeen(name="Slow", labels={}, since_s=WALL_NS / SECOND),),
        ),
        *(
            PrometheusSamples(
                t=t,
                metric=metric,
                instance="target",
                labels={"job": "a", "instance": "b"},
                at_ms=(wall_ms,),
                values=(1.0,),
            )
            for metric in ("up", "scrape_duration_seconds")
        ),
        OtelSample(
            t=t,
            url="http://127.0.0.1:8888/metrics",
            ok=True,
            points={"accepted prometheus": 5.0 + t_s},
            up={"target": 1.0},
        ),
    ]


def _nothing(_records: list[JournalRecord]) -> list[JournalRecord]:
    return []


def _whole(records: list[JournalRecord]) -> list[JournalRecord]:
    return records


def _one(records: list[JournalRecord]) -> list[JournalRecord]:
    return records[len(records) // 2 :][:1]


def _before(records: list[JournalRecord]) -> list[JournalRecord]:
    return [replace(record, t=record.t * T0_NS // at(100)) for record in records]


def _after(records: list[JournalRecord]) -> list[JournalRecord]:
    return [replace(record, t=record.t + 100 * SECOND) for record in records]


_PLACES: tuple[Odd, ...] = (_whole, _nothing, _one, _before, _after)


@st.composite
def odd_journals(draw: st.DrawFn, whole: Iterable[JournalRecord]) -> list[JournalRecord]:
    """`whole`, with something odd about some of its kinds of record."""
    kinds: dict[type[JournalRecord], list[JournalRecord]] = {}
    for record in whole:
        kinds.setdefault(type(record), []).append(record)
    made: list[JournalRecord] = []
    for records in kinds.values():
        placed = draw(st.sampled_from(_PLACES))(records)
        made += [_extreme(draw, one) for one in placed] if draw(st.booleans()) else placed
    return sorted(made, key=lambda record: (isinstance(record, End), record.t))


def _extreme(draw: st.DrawFn, value: Any) -> Any:
    """The record with some numbers at the ends of what a journal can hold, others missing."""
    changes = {}
    for field in fields(value):
        if field.name in _KEPT or not draw(st.booleans()):
            continue
        ints = _OWN_INTS if isinstance(value, _OWN) else _INTS
        changes[field.name] = _odd_value(draw, getattr(value, field.name), str(field.type), ints)
    return replace(value, **changes)


def _odd_value(draw: st.DrawFn, value: Any, of: str, ints: Sequence[int]) -> Any:
    if of.endswith("| None") and draw(st.booleans()):
        return None
    if isinstance(value, dict):
        return {key: _odd_value(draw, one, "", ints) for key, one in value.items()}
    if isinstance(value, tuple):
        return tuple(_odd_value(draw, one, "", ints) for one in value)
    if is_dataclass(value) and not isinstance(value, Latency | Segment):
        return _extreme(draw, value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return draw(st.sampled_from(ints if isinstance(value, int) else _FLOATS))
