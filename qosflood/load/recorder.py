"""What happened to the reports, gathered cheaply and folded into Windows once a second. Pure.

A Bucket gathers for one phase (the phase of the reports' due times). Its arrays are appended to
on the hot path and folded into histograms in numpy passes, because recording each value at once
costs 0.94 us; and many small passes a second, because one for 130,000 values stalls for 10 ms.
"""

from array import array
from dataclasses import replace
from typing import Any

import numpy as np
from hdrh.histogram import HdrHistogram

from qosflood.journal.histograms import clear, figures, fold, make_histogram
from qosflood.journal.records import OUTCOMES, Connects, Latency, Outcome, ShardHealth, Window

_OPEN_STILL = 8
"""Phases whose reports may be open while a later one is in force."""


class Series:
    """One latency series: raw values (ns) and the histogram they are folded into."""

    __slots__ = ("_histogram", "_overflow", "count", "raw")

    def __init__(self) -> None:
        self.raw = array("q")
        self.count = 0
        self._overflow = 0
        self._histogram: HdrHistogram | None = None

    def fold(self) -> None:
        """Move the raw values into the histogram."""
        if not self.raw:
            return
        if self._histogram is None:
            self._histogram = make_histogram()
        values = np.array(self.raw, dtype=np.int64)
        # Emptied in place: the hot path holds on to this very array.
        del self.raw[:]
        self._overflow += fold(self._histogram, values)
        self.count += values.size

    def take(self) -> Latency | None:
        """The figures since the last take; None if nothing was recorded."""
        self.fold()
        if not self.count or self._histogram is None:
            return None
        latency = figures(self._histogram, self._overflow)
        clear(self._histogram)
        self.count = self._overflow = 0
        return latency


class Bucket:
    """Counts and latencies of one phase since the last window.

    `lag`, `response`, `service` and `failed` are the raw arrays of their series, appended to on
    the hot path.
    """

    __slots__ = (
        "acked_after_retry",
        "end_ns",
        "errors",
        "failed",
        "lag",
        "name",
        "offered",
        "outcomes",
        "picked_late",
        "resent",
        "response",
        "retried",
        "retries",
        "series",
        "service",
        "statuses",
    )

    def __init__(self, name: str, end_ns: int) -> None:
        self.name = name
        self.end_ns = end_ns
        self.series = {name: Series() for name in ("send_lag", "response", "service", "failed")}
        self.lag = self.series["send_lag"].raw
        self.response = self.series["response"].raw
        self.service = self.series["service"].raw
        self.failed = self.series["failed"].raw
        self.start_window()

    def start_window(self) -> None:
        """Forget the counts of the last window; its series were taken."""
        self.offered = 0
        self.picked_late = 0
        self.resent = 0
        self.retries = 0
        self.retried: dict[str, int] = {}
        self.acked_after_retry = 0
        self.outcomes = [0] * len(Outcome)
        self.statuses: dict[int, int] = {}
        self.errors: dict[str, int] = {}

    def fail(self, outcome: Outcome, took_ns: int, timeout_ns: int, reason: str) -> None:
        """Record a report that was not accepted: it counts at least `timeout_ns` as a response,
        so that failing fast never flatters."""
        self.outcomes[outcome] += 1
        self.response.append(max(took_ns, timeout_ns))
        self.failed.append(took_ns)
        self.errors[reason] = self.errors.get(reason, 0) + 1

    def reject(self, status: int, took_ns: int, timeout_ns: int) -> None:
        """Record an answer with a status that does not accept the report."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.fail(Outcome.REJECTED, took_ns, timeout_ns, f"status {status}")

    @property
    def empty(self) -> bool:
        """Whether this window would hold no counts."""
        series = any(one.count or one.raw for one in self.series.values())
        return not (series or self.offered or self.resent or self.retries or self.retried)


class Recorder:
    """The buckets of all phases of one shard, and the windows made from them."""

    def __init__(self, shard: int, phases: list[tuple[str, int]]) -> None:
        """`phases` are (name, end in ns since the load's start)."""
        self._shard = shard
        self.buckets = [Bucket(name, end_ns) for name, end_ns in phases]

    def add(self, name: str, end_ns: int) -> Bucket:
        """A bucket for a phase that was not known at first, after all others. Of those before it
        that are empty the first and the latest few are kept: reports may still end in them."""
        first, *rest = self.buckets
        kept = [b for b in rest[:-_OPEN_STILL] if not b.empty] + rest[-_OPEN_STILL:]
        bucket = Bucket(name, end_ns)
        # In place: whoever holds the list sees the new one.
        self.buckets[:] = [first, *kept, bucket]
        return bucket

    def fold(self) -> None:
        """Fold what has come since the last call; little at a time, many times a second."""
        for bucket in self.buckets:
            for series in bucket.series.values():
                series.fold()

    def windows(
        self,
        t: int,
        second: int,
        current: int,
        health: ShardHealth,
        *,
        sessions: int,
        acked_sessions: int,
        reconnects: int,
        connects: Connects | None = None,
    ) -> list[Window]:
        """Close the second: a window for the current phase (by index), which carries what is of
        the shard as a whole, and one for each other phase in which something happened."""
        made = []
        for index, bucket in enumerate(self.buckets):
            if index == current:
                of_shard: dict[str, Any] = {
                    "health": health,
                    "sessions": sessions,
                    "acked_sessions": acked_sessions,
                    "reconnects": reconnects,
                    "connects": connects,
                }
                made.append(replace(self._close(bucket, t, second), **of_shard))
            elif not bucket.empty:
                made.append(self._close(bucket, t, second))
        return made

    def _close(self, bucket: Bucket, t: int, second: int) -> Window:
        latency = {name: series.take() for name, series in bucket.series.items()}
        service, lag = latency["service"], latency["send_lag"]
        # Only accepted reports have a service time: their count is its count.
        bucket.outcomes[Outcome.ACKED] = service.count if service else 0
        window = Window(
            t=t,
            shard=self._shard,
            second=second,
            phase=bucket.name,
            scheduled=lag.count if lag else 0,
            picked_late=bucket.picked_late,
            offered=bucket.offered,
            outcomes=dict(zip(OUTCOMES, bucket.outcomes, strict=True)),
            statuses={str(status): count for status, count in bucket.statuses.items()},
            errors=bucket.errors,
            resent=bucket.resent,
            retries=bucket.retries,
            retried=bucket.retried,
            acked_after_retry=bucket.acked_after_retry,
            reconnects=0,
            response=latency["response"],
            service=service,
            failed=latency["failed"],
            send_lag=lag,
            health=None,
        )
        bucket.start_window()
        return window
