"""What happened to the reports, gathered cheaply and folded into Windows once a second. Pure.

A Bucket gathers for one phase (the phase of the reports' due times). Its arrays are appended to
on the hot path and folded into histograms in one numpy pass, because recording each value at once
costs 0.94 us.
"""

from array import array

import numpy as np
from hdrh.histogram import HdrHistogram

from qosflood.histograms import clear, figures, fold, make_histogram
from qosflood.records import OUTCOMES, Latency, Outcome, ShardHealth, Window

_ACKED = Outcome.ACKED


class Bucket:
    """Counts and raw latencies (ns) of one phase since the last window.

    `sent` counts first sendings; `settled` outcomes over the whole run, so that
    `scheduled_ever - settled` reports are still open.
    """

    __slots__ = (
        "end_ns",
        "errors",
        "failed",
        "lag",
        "name",
        "offered",
        "outcomes",
        "picked_late",
        "reconnects",
        "resent",
        "response",
        "service",
        "statuses",
    )

    def __init__(self, name: str, end_ns: int) -> None:
        self.name = name
        self.end_ns = end_ns
        self.lag = array("q")
        self.response = array("q")
        self.service = array("q")
        self.failed = array("q")
        self.start_window()

    def start_window(self) -> None:
        """Forget the counts of the last window; the arrays were emptied as they were folded."""
        self.offered = 0
        self.picked_late = 0
        self.resent = 0
        self.reconnects = 0
        self.outcomes = [0] * len(Outcome)
        self.statuses: dict[int, int] = {}
        self.errors: dict[str, int] = {}

    def fail(self, outcome: Outcome, took_ns: int, timeout_ns: int, reason: str) -> None:
        """Book a report that was not accepted: it counts at least `timeout_ns` as a response,
        so that failing fast never flatters."""
        self.outcomes[outcome] += 1
        self.response.append(max(took_ns, timeout_ns))
        self.failed.append(took_ns)
        self.errors[reason] = self.errors.get(reason, 0) + 1

    def reject(self, status: int, took_ns: int, timeout_ns: int) -> None:
        """Book an answer with a status that does not accept the report."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.fail(Outcome.REJECTED, took_ns, timeout_ns, f"status {status}")

    @property
    def empty(self) -> bool:
        """Whether this window would say nothing."""
        return not (self.lag or self.response or self.offered or self.resent or self.reconnects)


class Recorder:
    """The buckets of all phases of one shard, and the windows made from them."""

    def __init__(self, shard: int, phases: list[tuple[str, int]]) -> None:
        """`phases` are (name, end in ns since the load's start)."""
        self._shard = shard
        self.buckets = [Bucket(name, end_ns) for name, end_ns in phases]
        self.scheduled = 0
        self.settled = 0
        self._scratch: HdrHistogram = make_histogram()

    @property
    def open(self) -> int:
        """Reports that were picked in closed windows and have no outcome in them yet."""
        return self.scheduled - self.settled

    def windows(
        self, t: int, second: int, current: int, health: ShardHealth, sessions: int
    ) -> list[Window]:
        """Close the second: a window for the current phase (by index), with `health`, and one
        for each other phase in which something happened."""
        made = []
        for index, bucket in enumerate(self.buckets):
            if index == current:
                made.append(self._close(bucket, t, second, health, sessions))
            elif not bucket.empty:
                made.append(self._close(bucket, t, second, None, None))
        return made

    def _close(
        self, bucket: Bucket, t: int, second: int, health: ShardHealth | None, sessions: int | None
    ) -> Window:
        # Only accepted reports have a service time: its length is their count.
        bucket.outcomes[_ACKED] = len(bucket.service)
        scheduled = len(bucket.lag)
        self.scheduled += scheduled
        self.settled += sum(bucket.outcomes)
        window = Window(
            t=t,
            shard=self._shard,
            second=second,
            phase=bucket.name,
            scheduled=scheduled,
            picked_late=bucket.picked_late,
            offered=bucket.offered,
            outcomes=dict(zip(OUTCOMES, bucket.outcomes, strict=True)),
            statuses={str(status): count for status, count in bucket.statuses.items()},
            errors=bucket.errors,
            resent=bucket.resent,
            reconnects=bucket.reconnects,
            response=self._fold(bucket.response),
            service=self._fold(bucket.service),
            failed=self._fold(bucket.failed),
            send_lag=self._fold(bucket.lag),
            health=health,
            sessions=sessions,
        )
        bucket.start_window()
        return window

    def _fold(self, values: "array[int]") -> Latency | None:
        if not values:
            return None
        overflow = fold(self._scratch, np.array(values, dtype=np.int64))
        del values[:]
        latency = figures(self._scratch, overflow)
        clear(self._scratch)
        return latency
