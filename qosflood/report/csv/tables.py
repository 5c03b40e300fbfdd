"""Every kind of series that a journal holds, with the columns of its CSV file."""

from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from qosflood.base.percentiles import PERCENTILES
from qosflood.base.units import SECOND
from qosflood.journal.loss_records import AuditSample, ReadBack
from qosflood.journal.prometheus_records import OtelSample, PrometheusReading, PrometheusSamples
from qosflood.journal.records import (
    OUTCOMES,
    ClockMark,
    ControlSample,
    Event,
    JournalRecord,
    MemorySample,
    ScrapeSample,
    ShardHealth,
    TcpSample,
    Window,
)
from qosflood.report.csv.load import SERIES, Second
from qosflood.report.csv.values import Cell, Clock, Column, Table, as_json, ms, seconds

Line = tuple[Table[Any], tuple[Cell, Cell], Any]
"""A row to write: its table, its moment, and what the columns read."""


def _count(name: str) -> Column[Second]:
    return name, lambda second: second.counts[name]


def _of_shards(name: str) -> Column[Second]:
    return name, lambda second: second.of_shards(name)


def _outcome(name: str) -> Column[Second]:
    return name, lambda second: second.outcomes[name]


def _latency(series: str) -> tuple[Column[Second], ...]:
    def figure(name: str) -> Column[Second]:
        return f"{series}_{name}_ms", lambda second: ms(second.latency(series).figure(name))

    count: Column[Second] = (f"{series}_count", lambda second: second.latency(series).count)
    mean: Column[Second] = (
        f"{series}_mean_ms",
        lambda second: ms(second.latency(series).mean_ns),
    )
    return (count, *map(figure, (*PERCENTILES, "max")), mean)


def _field(name: str) -> Column[Any]:
    return name, attrgetter(name)


LOAD: Table[Second] = Table(
    "load",
    "the load second by second, one row per second and phase",
    (
        ("phase", lambda second: second.phase),
        *map(_count, ("scheduled", "picked_late", "offered", "resent", "retries")),
        *map(_outcome, OUTCOMES),
        _count("acked_after_retry"),
        *(column for series in SERIES for column in _latency(series)),
        *map(_of_shards, ("connected", "connecting", "pending", "sessions", "acked_sessions")),
        *map(_count, ("reconnects", "connects", "connects_failed", "connects_slow")),
    ),
)
REASONS: Table[tuple[Window, str, str, int]] = Table(
    "reasons",
    "refusals by status, failures by reason and attempts tried again, by second, phase and shard",
    (
        ("phase", lambda row: row[0].phase),
        ("shard", lambda row: row[0].shard),
        ("kind", lambda row: row[1]),
        ("reason", lambda row: row[2]),
        ("count", lambda row: row[3]),
    ),
)
GENERATOR: Table[tuple[Window, ShardHealth]] = Table(
    "generator",
    "the state of each shard of the generator, second by second",
    (
        ("phase", lambda row: row[0].phase),
        ("shard", lambda row: row[0].shard),
        ("loop_stall_ms", lambda row: ms(row[1].loop_stall_ns)),
        ("cpu_ms", lambda row: ms(row[1].cpu_ns)),
        ("rss_bytes", lambda row: row[1].rss_bytes),
        ("throttled_ms", lambda row: ms(row[1].throttled_ns)),
        ("run_queue_ms", lambda row: ms(row[1].run_queue_ns)),
        ("absent_ms", lambda row: ms(row[1].absent_ns)),
        ("connected", lambda row: row[1].connected),
        ("connecting", lambda row: row[1].connecting),
        ("pending", lambda row: row[1].pending),
    ),
)
SCRAPES: Table[ScrapeSample] = Table(
    "scrapes",
    "every scrape of every instance, at the moment it was due",
    (
        *map(_field, ("instance", "ok", "reason", "gap", "own_fault", "status")),
        ("duration_ms", lambda scrape: ms(scrape.duration_ns)),
        ("parse_ms", lambda scrape: ms(scrape.parse_ns)),
        *map(_field, ("bytes", "series", "samples", "added", "removed", "resets")),
        _field("unchanged"),
        *map(_field, ("rss_bytes", "heap_bytes", "process_start_s", "loop_lag_s", "major_gcs")),
        ("warnings", lambda scrape: "; ".join(scrape.warnings) or None),
    ),
)
MEMORY: Table[MemorySample] = Table(
    "memory",
    "the target's memory and CPU, sample by sample",
    (
        *map(_field, ("instance", "source", "figure", "rss_bytes", "used_bytes", "limit_bytes")),
        ("cpu_s", lambda sample: seconds(sample.cpu_ns)),
        ("throttled_s", lambda sample: seconds(sample.throttled_ns)),
        *map(_field, ("pid", "start_s", "processes", "oom_kills", "own_fault")),
        *map(_field, ("files", "files_limit")),
    ),
)
CONTROL: Table[ControlSample] = Table(
    "control",
    "every request to the reference endpoint",
    (
        *map(_field, ("ok", "reason", "status", "own_fault")),
        ("duration_ms", lambda sample: ms(sample.duration_ns)),
    ),
)
TCP: Table[TcpSample] = Table(
    "tcp",
    "TCP segments of the generator's machine since its boot",
    tuple(map(_field, ("sent", "resent", "dropped"))),
)
PROMETHEUS: Table[tuple[PrometheusSamples, float | None]] = Table(
    "prometheus",
    "samples that Prometheus holds, at its own times",
    (
        ("metric", lambda row: row[0].metric),
        ("instance", lambda row: row[0].instance),
        ("labels", lambda row: as_json(row[0].labels)),
        ("value", lambda row: row[1]),
    ),
)
READINGS: Table[PrometheusReading] = Table(
    "prometheus_readings",
    "each query to Prometheus",
    (
        *map(_field, ("failure", "version")),
        ("ahead_ms", lambda reading: ms(reading.ahead_ns)),
        ("clock_error_ms", lambda reading: ms(reading.clock_error_ns)),
    ),
)
OTEL: Table[tuple[OtelSample, str, str | None, float | None]] = Table(
    "otel",
    "counters of metric points of an OpenTelemetry Collector, and the up it exports",
    (
        ("url", lambda row: row[0].url),
        ("ok", lambda row: row[0].ok),
        ("reason", lambda row: row[0].reason),
        ("kind", lambda row: row[1]),
        ("name", lambda row: row[2]),
        ("value", lambda row: row[3]),
    ),
)
EVENTS: Table[Event] = Table(
    "events",
    "what happened, marks included",
    (
        *map(_field, ("who", "kind", "what")),
        ("evidence", lambda event: as_json(event.evidence)),
    ),
)
CLOCK: Table[int] = Table(
    "clock",
    "how far the machine's UTC had moved against its monotonic clock",
    (("moved_ms", ms),),
)
AUDIT: Table[AuditSample | ReadBack] = Table(
    "audit",
    "values of the loss audit's counter, and what was read back",
    (
        ("kind", lambda record: record.TAG),
        ("instance", lambda record: record.instance),
        (
            "value",
            lambda record: record.value if isinstance(record, AuditSample) else record.samples,
        ),
        ("took_ms", lambda record: ms(record.done_t - record.t)),
        ("reason", lambda record: record.reason),
    ),
)
TABLES: tuple[Table[Any], ...] = (
    LOAD,
    REASONS,
    GENERATOR,
    SCRAPES,
    MEMORY,
    CONTROL,
    TCP,
    PROMETHEUS,
    READINGS,
    OTEL,
    EVENTS,
    CLOCK,
    AUDIT,
)
_AS_THEY_ARE: dict[type[Any], Table[Any]] = {
    ScrapeSample: SCRAPES,
    MemorySample: MEMORY,
    ControlSample: CONTROL,
    TcpSample: TCP,
    PrometheusReading: READINGS,
    Event: EVENTS,
    AuditSample: AUDIT,
    ReadBack: AUDIT,
}


def lines_of(record: JournalRecord, clock: Clock) -> Iterator[Line]:
    """The rows of one record, but for the load's, which take windows of several shards."""
    moment = clock.moment(record.t)
    if isinstance(record, Window):
        yield from _lines_of_window(record, clock)
    elif isinstance(record, PrometheusSamples):
        for at_ms, value in zip(record.at_ms, record.values, strict=True):
            yield PROMETHEUS, clock.moment_of_epoch(at_ms), (record, value)
    elif isinstance(record, OtelSample):
        for kind, values in (("points", record.points), ("up", record.up)):
            for name, value in values.items():
                yield OTEL, moment, (record, kind, name, value)
        if not record.ok:
            yield OTEL, moment, (record, "page", None, None)
    elif isinstance(record, ClockMark):
        yield CLOCK, moment, record.wall_ns - record.t - clock.wall_ns
    elif table := _AS_THEY_ARE.get(type(record)):
        yield table, moment, record


def line_of_second(second: Second, clock: Clock) -> Line:
    """The load's row of one second and phase."""
    return LOAD, _moment_of(second.second, clock), second


def _lines_of_window(window: Window, clock: Clock) -> Iterator[Line]:
    moment = _moment_of(window.second, clock)
    if window.health is not None:
        yield GENERATOR, moment, (window, window.health)
    for kind in ("statuses", "errors", "retried"):
        for reason, count in getattr(window, kind).items():
            if count:
                yield REASONS, moment, (window, _KINDS[kind], reason, count)


_KINDS = {"statuses": "status", "errors": "error", "retried": "retried"}


def _moment_of(second: int, clock: Clock) -> tuple[Cell, Cell]:
    """A second of the load is dated by its beginning."""
    utc, _ = clock.moment((clock.t0 or 0) + second * SECOND)
    return utc, float(second)
