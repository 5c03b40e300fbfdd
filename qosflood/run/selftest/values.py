"""What the self-test measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockState:
    """The kernel's clock: whether it is synchronised to UTC, its largest error, and the clock
    source. None: unknown on this system."""

    synchronised: bool | None
    max_error_ns: int | None
    source: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wakes:
    """How late the pacer's timer woke, over `count` wakes a millisecond apart."""

    count: int
    p50_ns: int
    p99_ns: int
    max_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Seconds of the real load against a sink that does nothing: what a report cost one shard.

    `asked` and `acked` are reports per second, `cpu_per_report_ns` the shard's own CPU for each
    that was sent. `lag_p99_ns` is the send lag, None if nothing was sent; `waited` is the share of
    the time for which the shard waited for a core, `throttled` that for which its cgroup's quota
    stopped it.
    """

    asked: float
    acked: float
    cpu_per_report_ns: float
    lag_p99_ns: int | None
    waited: float
    throttled: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the self-test; if it is not `good`, `advice` says what to do."""

    name: str
    words: str
    good: bool = True
    advice: str = ""
