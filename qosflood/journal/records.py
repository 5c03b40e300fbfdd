"""The values that flow from shards and monitor into the journal and out again.

Every record has a `type` (its tag in the journal) and `t`: nanoseconds since the segment's start
on the machine's monotonic clock. Times end in `_ns`, sizes in `_bytes`. A figure that was not
measured is None, never 0.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, ClassVar, Literal

from qosflood.journal.loss_records import AuditSample, ReadBack, SentSessions
from qosflood.journal.prometheus_records import OtelSample, PrometheusReading, PrometheusSamples
from qosflood.journal.trial_records import AnswerRecord, TrialRecord
from qosflood.plan.watching import ExternalKind

FIRST = 20


LAST = 5


class Outcome(IntEnum):
    """How a scheduled report ended; every one ends in exactly one of these."""

    ACKED = 0
    REJECTED = 1
    BAD_RESPONSE = 2
    TIMEOUT = 3
    CONNECTION_LOST = 4
    CONNECT_ERROR = 5
    UNSENT = 6

    @property
    def label(self) -> str:
        """The name used in journal and report, e.g. `connection_lost`."""
        return self.name.lower()


OUTCOMES: tuple[str, ...] = tuple(outcome.label for outcome in Outcome)

NOT_SENT = "run stopped"
CUT_OFF = "run stopped, no answer yet"
"""Reasons of reports that the stop ended before their deadline: unsent, and timeouts. They count
the time that they had waited by then, not their timeout."""

OUR_REASONS = "generator:"
"""How the reasons of failures begin that the generator's machine caused."""

OWN_ABSENCE: dict[Outcome, str] = {
    Outcome.TIMEOUT: "generator: stood still, no answer read by the deadline",
    Outcome.UNSENT: "generator: stood still, not sent by the deadline",
    Outcome.CONNECTION_LOST: "generator: asleep, the connection was lost",
    Outcome.CONNECT_ERROR: "generator: asleep, the connect failed",
}
"""Reasons of reports that ended so because a shard was absent (see load/absence.py): they are
nobody's failure."""


def nobodys_failures(errors: dict[str, int]) -> int:
    """How many of the failures, by reason, are due to the generator's own absence."""
    return sum(errors.get(reason, 0) for reason in OWN_ABSENCE.values()) if errors else 0


Who = Literal["target", "generator", "network", "operator"]
MemoryKind = Literal["process", "gauge", ExternalKind]
MemoryFigure = Literal["rss", "pss", "working_set", "named"]
"""What a memory sample's bytes are; `named`: whatever the profile asked its source for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """One HdrHistogram with the figures read from it, so that most readers need not decode it.

    `percentiles` are nanoseconds by name, those of `PERCENTILES` when it was recorded. `encoded` is
    HdrHistogram's V2 compressed form in base64, values in nanoseconds. `overflow` counts values
    above the histogram's range: they are recorded at its highest value.
    """

    count: int
    max_ns: int
    mean_ns: float
    percentiles: dict[str, int]
    overflow: int
    encoded: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Connects:
    """Connects of one shard that ended in one second, each timed from its begin; `failed` of them
    are not in the times. `slow` took over half a second: Linux sends a SYN again after one."""

    count: int
    failed: int
    sum_ns: int
    max_ns: int
    slow: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardHealth:
    """How the generator itself fared in one second; on the window of the phase in force only.

    `absent_ns`: it stood still or was behind its schedule, for half a second or more at a time.
    """

    loop_stall_ns: int
    cpu_ns: int
    rss_bytes: int
    throttled_ns: int
    run_queue_ns: int
    connected: int
    connecting: int
    pending: int
    absent_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What one shard saw in one second for the reports of one phase (the phase of their due time).

    `second` counts from the load's start. `picked_late` are reports that were picked only after
    their phase had ended. `offered` counts first attempts, `retries` those after them that were
    sent, `retried` failed attempts that were followed by another, by reason. `statuses` counts
    refusals by HTTP status, `errors` failures by reason. `health`, `sessions` (distinct ones so
    far), `acked_sessions` (those of them that had a report accepted), `reconnects` and `connects`
    are of the shard as a whole, on the window of the phase in force only.
    """

    TAG: ClassVar[str] = "window"
    t: int
    shard: int
    second: int
    phase: str
    scheduled: int
    picked_late: int
    offered: int
    outcomes: dict[str, int]
    statuses: dict[str, int]
    errors: dict[str, int]
    resent: int
    reconnects: int
    response: Latency | None
    service: Latency | None
    failed: Latency | None
    send_lag: Latency | None
    health: ShardHealth | None
    sessions: int | None = None
    retries: int = 0
    retried: dict[str, int] = field(default_factory=dict)
    acked_after_retry: int = 0
    connects: Connects | None = None
    acked_sessions: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollup:
    """Histograms of several windows of one phase merged; made each minute and at a phase's end.

    Covers what was written to the journal after the last rollup of the same phase; `from_t` and
    `t` bound it in time.
    """

    TAG: ClassVar[str] = "rollup"
    t: int
    from_t: int
    phase: str
    windows: int
    response: Latency | None
    service: Latency | None
    failed: Latency | None
    send_lag: Latency | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrapeSample:
    """One scrape as Prometheus would have made it.

    `t` is the moment it was due. `duration_ns` runs from connect to the last byte; `parse_ns` is
    apart. `gap` marks a tick that was missed because the scrape before it still ran;
    `own_fault` one that the monitor itself missed or started late. `heap_bytes`, `loop_lag_s` and
    `major_gcs` (collections so far) are the page's own, where its runtime exposes them. Beside the
    last page that was taken: series `added` and `removed` (None: there was none), how many of
    the counters that are followed fell (`resets`), and whether it is the same byte for byte
    (`unchanged`).
    """

    TAG: ClassVar[str] = "scrape"
    t: int
    instance: str
    ok: bool
    reason: str | None
    duration_ns: int | None
    parse_ns: int | None
    status: int | None
    bytes: int | None
    series: int | None
    gap: bool = False
    own_fault: bool = False
    warnings: tuple[str, ...] = ()
    rss_bytes: int | None = None
    process_start_s: float | None = None
    heap_bytes: int | None = None
    loop_lag_s: float | None = None
    major_gcs: float | None = None
    samples: int | None = None
    added: int | None = None
    removed: int | None = None
    resets: int = 0
    unchanged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MemorySample:
    """Memory and CPU of the target once, from `source`, at its source's own time.

    `rss_bytes` sums the process tree, `cpu_ns` is its CPU time since it started. `pid` and
    `start_s` (epoch seconds) key the root process; None where the source is not a process.
    `used_bytes` is what growth is judged on where that is not `rss_bytes` but `figure`: a tree's
    proportional share (PSS), or the working set of the cgroup that the tree has for itself. In a
    run that has such samples those without are only shown.

    `limit_bytes` is what the source says it may use; `oom_kills` and `throttled_ns` are its
    cgroup's since that began. `source_ms` is when the source took the value (epoch), and `restarts`
    how often it says the instance was restarted so far, where it tells. `files` are the open files
    of the process in the tree that is nearest to its limit of them, `files_limit`.
    """

    TAG: ClassVar[str] = "memory"
    t: int
    instance: str
    source: MemoryKind
    rss_bytes: int
    cpu_ns: int | None = None
    pid: int | None = None
    start_s: float | None = None
    processes: int | None = None
    own_fault: bool = False
    figure: MemoryFigure = "rss"
    used_bytes: int | None = None
    limit_bytes: int | None = None
    oom_kills: int | None = None
    throttled_ns: int | None = None
    source_ms: int | None = None
    restarts: int | None = None
    files: int | None = None
    files_limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSample:
    """One request to the control, due at `t`; `duration_ns` runs from connect to the last byte."""

    TAG: ClassVar[str] = "control"
    t: int
    ok: bool
    reason: str | None
    duration_ns: int | None
    status: int | None = None
    own_fault: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpSample:
    """TCP of the generator's machine, all its connections together, counted since its boot:
    segments sent, segments sent again, and connects its own listeners dropped unaccepted.
    `machine` tells those of a merged run apart."""

    TAG: ClassVar[str] = "tcp"
    t: int
    sent: int
    resent: int
    dropped: int | None = None
    machine: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, in the past tense; `kind` is a stable name for machines."""

    TAG: ClassVar[str] = "event"
    t: int
    who: Who
    kind: str
    what: str
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Opens a journal: ties the monotonic clock that `t` counts on to UTC."""

    TAG: ClassVar[str] = "segment"
    t: int
    boot_id: str
    wall_ns: int
    mono_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockMark:
    """UTC at `t`, every 10 s, so that a stepped clock can be seen."""

    TAG: ClassVar[str] = "clock"
    t: int
    wall_ns: int


INCOMPLETE = "incomplete"
"""The end reason of a merged run of which a part is missing or ended too soon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Closes a journal; `reason` is `completed`, `interrupted`, `aborted`, `disk_full`, …"""

    TAG: ClassVar[str] = "end"
    t: int
    reason: str
    detail: str = ""


Record = (
    Window
    | Rollup
    | ScrapeSample
    | MemorySample
    | ControlSample
    | TcpSample
    | Event
    | SentSessions
    | AuditSample
    | ReadBack
    | PrometheusReading
    | PrometheusSamples
    | OtelSample
    | TrialRecord
    | AnswerRecord
    | Segment
    | ClockMark
    | End
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureSample:
    """One failed report in full, for `failures.jsonl`; bodies are cut at 512 bytes."""

    TAG: ClassVar[str] = "failure"
    t: int
    shard: int
    kind: str
    outcome: str
    phase: str
    client: int
    session: str
    local: str | None
    remote: str | None
    status: int | None
    error: str | None
    due_t: int
    sent_t: int | None
    done_t: int
    head: str | None
    body: str | None


JournalRecord = Record | FailureSample
