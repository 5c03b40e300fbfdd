"""Whether generator and monitor did their part; if not, why, with figures."""

from collections.abc import Iterable, Iterator
from typing import Literal

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings import GeneratorFinding
from qosflood.analysis.generator.absence import AbsenceTally
from qosflood.analysis.generator.late import is_late, late_gate_ns, throttled
from qosflood.analysis.generator.monitor import monitor_problems
from qosflood.base.units import SECOND, format_count, format_duration, format_ratio, text_beside
from qosflood.journal.records import Event, MemorySample, ScrapeSample, Window
from qosflood.plan.plan import GENERATOR_PHASES, Plan

MOST_LATE = 0.05
FORGIVEN = 1
"""One late window, or one report picked up late, never makes a run INVALID: one stall in ten
seconds is no pattern."""
LEAST_PICKED = 0.995
MOST_WAITED = 0.5
"""A shard that waits for a core for longer than this could not have worked more if it had to."""
_RAGGED_END_S = 2
_LEFT_OUT = ("shard_died", "shard_stuck", "part_missing", "part_died", "part_late")
"""Events after which some of the load was not sent, or not on time."""


class ShardTally:
    """What one shard's windows report about itself. `seen` has a byte for each second."""

    __slots__ = ("rss_max", "seen")

    def __init__(self) -> None:
        self.seen = bytearray()
        self.rss_max = 0

    def add(self, window: Window) -> None:
        """Add a window; only one with health counts."""
        if window.health is None:
            return
        if window.second >= len(self.seen):
            self.seen.extend(bytes(window.second + 1 - len(self.seen)))
        self.seen[window.second] = 1
        self.rss_max = max(self.rss_max, window.health.rss_bytes)


class GeneratorTally:
    """The generator's own figures, added up window by window."""

    def __init__(self, plan: Plan) -> None:
        self.gate_ns = late_gate_ns(plan)
        self.shards = {shard: ShardTally() for shard in range(plan.load.shards)}
        self.windows = dict.fromkeys(GENERATOR_PHASES, 0)
        self.late = dict.fromkeys(GENERATOR_PHASES, 0)
        self.throttled = self.scheduled = self.picked_late = 0
        self.cpu_ns = self.run_queue_ns = self.acked = self.stall_ns = 0
        self.absence = AbsenceTally(plan)
        self._health_windows = 0
        self._flood_seconds: set[int] = set()
        flood = plan.main_phase
        # Between herds nothing is due, and a second without reports makes no late one rarer.
        self._herds = plan.load.clocks == "synchronised"
        self._full = range(-(-flood.start_ns // SECOND), flood.end_ns // SECOND)

    def add(self, window: Window) -> bool | None:
        """Add a window and return whether it is late; None if the window cannot show that."""
        self.scheduled += window.scheduled
        self.picked_late += window.picked_late
        self.absence.add(window)
        self.shards.setdefault(window.shard, ShardTally()).add(window)
        if window.second in self._full:
            self._add_flood(window)
        return self._judge(window)

    @property
    def flood_seconds(self) -> int:
        """Seconds that lie wholly in the flood and have a window."""
        return len(self._flood_seconds)

    @property
    def waited_share(self) -> float | None:
        """For which share of the flood a shard waited for a core, on average; None without a whole
        second of it."""
        if not self._health_windows:
            return None
        return self.run_queue_ns / (self._health_windows * SECOND)

    def _add_flood(self, window: Window) -> None:
        self.acked += window.outcomes.get("acked", 0)
        if window.health is not None:
            self._flood_seconds.add(window.second)
            self._health_windows += 1
            self.cpu_ns += window.health.cpu_ns
            self.run_queue_ns += window.health.run_queue_ns
            self.stall_ns = max(self.stall_ns, window.health.loop_stall_ns)

    def _judge(self, window: Window) -> bool | None:
        if window.send_lag is None and (window.health is None or self._herds):
            return None
        late = is_late(window, self.gate_ns)
        if window.phase in self.windows:
            self.windows[window.phase] += 1
            self.late[window.phase] += late
            self.throttled += throttled(window)
        return late


def generator_finding(
    plan: Plan,
    tally: GeneratorTally,
    clock: RunClock,
    events: Iterable[Event],
    scrapes: list[ScrapeSample],
    memory: list[MemorySample],
    send_lag_p99_ns: int | None,
) -> GeneratorFinding:
    """The finding; `send_lag_p99_ns` is the flood's."""
    events = list(events)
    late = [*tally.absence.problems(), *_late_problems(tally)]
    unpicked = [*_pick_problems(tally), *_wait_problems(tally)]
    missing = list(_missing_problems(plan, tally, clock, events))
    seconds, rss = tally.flood_seconds, sum(shard.rss_max for shard in tally.shards.values())
    return GeneratorFinding(
        verdict=_verdict(tally, bool(late), bool(unpicked or missing)),
        late_windows=sum(tally.late.values()),
        windows=sum(tally.windows.values()),
        cpu_cores=tally.cpu_ns / (seconds * SECOND) if seconds else None,
        cpu_per_report_ns=tally.cpu_ns / tally.acked if tally.acked else None,
        send_lag_p99_ns=send_lag_p99_ns,
        rss_max_bytes=rss or None,
        late_gate_ns=tally.gate_ns,
        loop_stall_max_ns=tally.stall_ns if seconds else None,
        throttled_windows=tally.throttled,
        waited_share=tally.waited_share,
        absent_ns=tally.absence.ns,
        absent_reports=tally.absence.reports,
        problems=(
            *missing,
            *late,
            *unpicked,
            *monitor_problems(plan, clock, events, scrapes, memory),
        ),
    )


def _verdict(tally: GeneratorTally, late: bool, short: bool) -> Literal["ok", "late", "starved"]:
    kept_off_cpu = late and 2 * tally.throttled > sum(tally.late.values())
    if short or kept_off_cpu:
        return "starved"
    return "late" if late else "ok"


def _late_problems(tally: GeneratorTally) -> Iterator[str]:
    late, windows = sum(tally.late.values()), sum(tally.windows.values())
    if late <= max(MOST_LATE * windows, FORGIVEN):
        return
    where = ", ".join(
        f"{count} of {tally.windows[phase]} in {phase}"
        for phase, count in tally.late.items()
        if count
    )
    shards = len(tally.shards)
    seconds = "seconds" if shards == 1 else f"seconds of its {shards} shards"
    share = text_beside(format_ratio, late / windows, MOST_LATE)
    yield (
        f"generator late in {late} of {windows} {seconds} "
        f"({share}, at most {format_ratio(MOST_LATE)} allowed; {where}): "
        f"send lag or loop stall over {format_duration(tally.gate_ns)}, or throttled"
    )


def _pick_problems(tally: GeneratorTally) -> Iterator[str]:
    if tally.picked_late > max((1 - LEAST_PICKED) * tally.scheduled, FORGIVEN):
        yield (
            f"{format_count(tally.picked_late)} of {format_count(tally.scheduled)} reports were "
            "picked up only after their phase had ended (at least "
            f"{format_ratio(LEAST_PICKED)} must be picked up within it): the generator could "
            "not keep up with its schedule"
        )


def _wait_problems(tally: GeneratorTally) -> Iterator[str]:
    waited = tally.waited_share
    if waited is not None and waited > MOST_WAITED:
        share = text_beside(format_ratio, waited, MOST_WAITED)
        yield (
            f"the generator waited for a core for {share} of the flood (at most "
            f"{format_ratio(MOST_WAITED)} allowed): other processes had the CPU"
        )


def _missing_problems(
    plan: Plan, tally: GeneratorTally, clock: RunClock, events: Iterable[Event]
) -> Iterator[str]:
    for event in events:
        if event.kind in _LEFT_OUT:
            yield event.what
    ends = {shard: len(kept.seen) for shard, kept in tally.shards.items()}
    planned = plan.load_ns // SECOND if clock.completed else 0
    expected = max([*ends.values(), planned, 0])
    for shard, kept in sorted(tally.shards.items()):
        if holes := _holes(kept, expected):
            yield (
                f"shard {shard}: windows are missing for {format_count(holes)} of "
                f"{format_count(expected)} seconds"
            )
    if clock.completed and plan.floods and not tally.scheduled:
        yield "no report came due: the generator produced no load"


def _holes(shard: ShardTally, expected: int) -> int:
    inside = shard.seen.count(0)
    after = expected - len(shard.seen)
    return inside + (after if after > _RAGGED_END_S else 0)
