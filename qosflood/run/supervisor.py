"""Carries out a plan: supervises monitor and shards, keeps the journal, judges the abort limits.

The order of things: children ready → (a part: its moment) → load → drain → settle → end record.
Whatever stops the load early (a signal, an abort limit, a full disk, a dead or silent shard, an
error of our own) goes through `request_stop`, and the first reason wins.
"""

import asyncio
import contextlib
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qosflood.analysis.verdict.aborts import AbortJudge
from qosflood.base.child_process import Child
from qosflood.base.errors import DiskFullError, JournalWriteError, StartError
from qosflood.base.units import SECOND
from qosflood.journal.first_and_last import FirstAndLast
from qosflood.journal.record_lines import decode_record
from qosflood.journal.records import (
    FIRST,
    LAST,
    ClockMark,
    End,
    Event,
    FailureSample,
    JournalRecord,
    Segment,
    Who,
    Window,
)
from qosflood.journal.rollups import RollupMaker
from qosflood.journal.run_directory import JournalWriter
from qosflood.live.observers import View
from qosflood.monitor.memory.loop import WatchedMemory
from qosflood.plan.plan import Plan
from qosflood.run.children import Children
from qosflood.run.start_time import wait_for
from qosflood.run.wording import FLOOD, WATCH


@dataclass(frozen=True, slots=True)
class Ended:
    """How the run ended; `recorded` says whether the journal holds it."""

    reason: str
    detail: str
    recorded: bool


START_IN_NS = SECOND // 2
SYNC_EVERY_TICKS = 40
TICK_S = 0.25
ABORT_EVERY_TICKS = 4
SILENT_TICKS = 120
"""A shard reports each second; one that says nothing for 30 s hangs. Counted in ticks, so that a
pause of the coordinator's own accuses nobody."""
DRAIN_PATIENCE_S = 13.0
"""A stopped shard drains for 10 s at most (see load/shard.py); then it has failed."""


class Supervisor:
    """One run of one plan into one run directory."""

    def __init__(self, plan: Plan, run_dir: Path, segment: Segment, view: View) -> None:
        self._plan = plan
        self._segment = segment
        self._view = view
        self._journal = JournalWriter(run_dir)
        self._rollups = RollupMaker()
        self._failures = FirstAndLast[bytes](FIRST, LAST)
        self._stop: asyncio.Future[tuple[str, str]] = asyncio.get_running_loop().create_future()
        self._aborts = AbortJudge(plan)
        self._children = Children(plan, self._on_line, self._on_shard_exit, self._on_monitor_exit)
        self._silent = [0] * plan.load.shards
        self._accepted = 0
        self._words = FLOOD if plan.floods else WATCH
        self._given_up: set[Child] = set()
        self._zero_ns = 0
        self._writable = True
        self._background: set[asyncio.Task[None]] = set()
        self._keep(segment)

    @property
    def began(self) -> bool:
        """Whether the load has been started."""
        return self._zero_ns > 0

    @property
    def stoppable(self) -> str:
        """What a stop would end, in words."""
        return self._words.what if self.began else f"before {self._words.what}"

    @property
    def now_t(self) -> int:
        """Nanoseconds since the segment's start."""
        return time.monotonic_ns() - self._segment.mono_ns

    def request_stop(self, reason: str, detail: str = "") -> None:
        """Stop the load, drain, end; the first reason wins."""
        if not self._stop.done():
            self._stop.set_result((reason, detail))

    def note(self, who: Who, kind: str, what: str, **evidence: Any) -> None:
        """Record an event."""
        self._keep(Event(t=self.now_t, who=who, kind=kind, what=what, evidence=evidence))

    async def carry_out(self, memories: tuple[WatchedMemory, ...]) -> Ended:
        """Run to the end, with each instance's memory read where `memories` say.

        Raises StartError if a child cannot start, or a part not in time, and CancelledError if a
        part was stopped before its load began.
        """
        ticking = None
        try:
            self._start_load(await self._ready(memories))
            ticking = asyncio.create_task(self._keep_ticking())
            ended = await self._load_and_settle()
            return await self._close(ended)
        finally:
            if ticking:
                ticking.cancel()
            self._children.let_go()
            self._writable = False
            self._journal.close()
            if not self.began:
                # The event loop ends next, and trips over children that it still knows.
                await self._children.end()

    def leave_at_once(self) -> None:
        """Kill the children and close the journal as it is."""
        self._children.kill()
        self._end_journal("interrupted", "left at once")

    # The load's start.

    async def _ready(self, memories: tuple[WatchedMemory, ...]) -> int:
        """Start the children; when the load begins. A run without a load says why in its end."""
        try:
            await self._children.start(self._segment.mono_ns, memories)
            return await self._zero()
        except StartError as error:
            self._end_journal("not_started", str(error))
            raise

    async def _zero(self) -> int:
        """When the load begins, on the monotonic clock: soon, or for a part when UTC says so."""
        if self._plan.part is None:
            return time.monotonic_ns() + START_IN_NS
        return await self._wait_for(self._plan.part.start_at_ns)

    async def _wait_for(self, start_at_ns: int) -> int:
        now_ns, wall_ns = await wait_for(start_at_ns, START_IN_NS, self._stop, self._view.waiting)
        if self._stop.done():
            self._give_up_waiting(*self._stop.result())
        self._keep(ClockMark(t=now_ns - self._segment.mono_ns, wall_ns=wall_ns))
        return now_ns + start_at_ns - wall_ns

    def _give_up_waiting(self, reason: str, detail: str) -> None:
        if reason == "interrupted":
            self._end_journal(reason, f"{detail or reason}, before the load began")
            raise asyncio.CancelledError
        raise StartError(f"the load did not begin: {detail or reason}")

    def _start_load(self, zero_ns: int) -> None:
        self._zero_ns = zero_ns
        t0 = self._zero_ns - self._segment.mono_ns
        self.note("operator", "load_started", self._words.started, t0=t0)
        self._children.begin(zero_ns)

    # While it runs.

    async def _load_and_settle(self) -> tuple[str, str]:
        finished = asyncio.create_task(self._all_shards_done())
        either: set[asyncio.Future[Any]] = {finished, self._stop}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not self._stop.done():
            self.note("operator", "load_finished", self._words.finished)
            self._children.load_finished()
            settle_s = sum(p.duration_ns for p in self._plan.phases if p.name == "settle") * 1e-9
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._stop), settle_s)
            if not self._stop.done():
                self.note("operator", "settled", self._words.settled)
                return "completed", ""
        await self._stop_load(finished)
        return self._stop.result()

    async def _stop_load(self, finished: "asyncio.Task[None]") -> None:
        reason, detail = self._stop.result()
        what = f"{self._words.stopping}: {detail or reason}"
        self.note("operator", "stopping", what, reason=reason)
        self._children.stop_load()
        if not self._plan.floods:
            finished.cancel()
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(finished, DRAIN_PATIENCE_S)

    async def _all_shards_done(self) -> None:
        if not self._plan.floods:
            await asyncio.sleep((self._zero_ns + self._plan.load_ns - time.monotonic_ns()) / SECOND)
        await self._children.shards_gone()

    async def _keep_ticking(self) -> None:
        """An error of ours stops the load: without ticks nobody would judge abort limits."""
        try:
            await self._tick()
        except Exception as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(where.filename).name}:{where.lineno}"
        self.request_stop("internal_error", f"{type(error).__name__}: {error} ({place})")

    async def _tick(self) -> None:
        ticks = 0
        while True:
            await asyncio.sleep(TICK_S)
            ticks += 1
            t = self.now_t
            if ticks % ABORT_EVERY_TICKS == 0:
                self._judge_aborts(t)
                self._write(self._journal.check)
            # A terminal that went away does not end the run.
            with contextlib.suppress(OSError):
                self._view.tick(t)
            self._listen_for_silence()
            if ticks % SYNC_EVERY_TICKS == 0:
                self._keep(ClockMark(t=t, wall_ns=time.time_ns()))
                task = asyncio.create_task(asyncio.to_thread(self._journal.sync))
                self._background.add(task)
                task.add_done_callback(self._background.discard)

    def _listen_for_silence(self) -> None:
        for part, shard in enumerate(self._children.shards):
            self._silent[part] += not shard.exited.is_set()
            if self._silent[part] > SILENT_TICKS and not self._stop.done():
                what = f"{shard.name} sent nothing for {SILENT_TICKS * TICK_S:.0f} s"
                self._give_up(shard, what)
                self.request_stop("shard_stuck", what)

    def _give_up(self, shard: Child, what: str) -> None:
        self._given_up.add(shard)
        self.note("generator", "shard_stuck", what)

    def _judge_aborts(self, t: int) -> None:
        broken = self._aborts.broken(t)
        if broken is not None and not self._stop.done():
            limit, value = broken
            what = f"the abort limit {limit.expr} was broken: {value}"
            self.note("target", "aborted", what, limit=limit.expr, value=value)
            self.request_stop("aborted", what)

    # What children say.

    def _on_line(self, line: bytes) -> None:
        record = decode_record(line)
        if isinstance(record, FailureSample):
            self._keep_failure(record, line)
            return
        self._write(lambda: self._journal.append_line(line))
        self._show(record)
        if isinstance(record, Window):
            self._silent[record.shard] = 0
            self._accepted += record.outcomes.get("acked", 0)
            self._rollups.add(record)
            self._roll_up(record.t, record.phase if record.health else None)

    def _keep_failure(self, sample: FailureSample, line: bytes) -> None:
        """Each shard hands in the first and last of its own."""
        if self._failures.offer(sample.kind, sample.done_t, line):
            self._write(lambda: self._journal.append_failure(line))

    def _roll_up(self, t: int, phase: str | None) -> None:
        if phase is not None:
            for rollup in self._rollups.take(t, phase):
                self._keep(rollup)

    def _on_shard_exit(self, shard: Child) -> None:
        if not shard.done.is_set() and shard not in self._given_up:
            what = f"{shard.name} died: {shard.last_words}"
            self.note("generator", "shard_died", what)
            self.request_stop("shard_died", what)

    def _on_monitor_exit(self, monitor: Child) -> None:
        if not monitor.done.is_set():
            self.note("generator", "monitor_died", f"the monitor died: {monitor.last_words}")

    # The journal.

    def _keep(self, record: JournalRecord) -> None:
        self._write(lambda: self._journal.append(record))
        self._show(record)

    def _show(self, record: JournalRecord) -> None:
        try:
            self._aborts.feed(record)
            self._view.feed(record)
        except Exception as error:  # ours, and no fault of the child that said it
            self._fail(error)

    def _write(self, write: Any) -> None:
        if not self._writable:
            return
        try:
            write()
        except JournalWriteError as error:
            self._writable = False
            full = isinstance(error, DiskFullError)
            self.request_stop("disk_full" if full else "journal_lost", str(error))

    async def _close(self, ended: tuple[str, str]) -> Ended:
        reason, detail = ended
        for shard in self._children.shards:
            self._end_shard(shard)
        # Sessions are read back at the end of a run that nobody stopped, nor stops meanwhile.
        audited = self._stop if reason == "completed" else None
        await self._children.end_monitor(audited, self._accepted)
        for rollup in self._rollups.take(self.now_t, None):
            self._keep(rollup)
        return Ended(reason, detail, self._end_journal(reason, detail))

    def _end_shard(self, shard: Child) -> None:
        if not (shard.done.is_set() or shard.exited.is_set() or shard in self._given_up):
            waited = f"{DRAIN_PATIENCE_S:.0f} s after the stop"
            self._give_up(shard, f"{shard.name} had not drained {waited} and was killed")
        shard.kill()

    def _end_journal(self, reason: str, detail: str) -> bool:
        """Whether the end record could be written."""
        self._journal.free_reserve()
        with contextlib.suppress(JournalWriteError):
            for line in self._failures.take_last():
                self._journal.append_failure(line)
        self._writable = False
        end = End(t=self.now_t, reason=reason, detail=detail)
        self._show(end)
        try:
            self._journal.append(end)
        except JournalWriteError:
            return False
        finally:
            self._journal.close()
        return True
