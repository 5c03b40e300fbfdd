"""One shard: a process that plays its part of the clients and sends its counts every second.

Composition of schedule, pacer, clients and recorder around one event loop. The coordinator sends a
spec, then `start`, then maybe `stop` over its pipes (base/child_pipe.py); the shard sends `ready`,
Windows, FailureSamples and `done`. Where the plan is one of stages, it plays what `play` asks for
until `stop`; `warm` connects clients beforehand, and `cut` ends a stage at once.
"""

import asyncio
import gc
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qosflood.base.child_pipe import ParentPipe
from qosflood.base.errors import ExitCode
from qosflood.base.header_values import redact, resolve_headers
from qosflood.journal.loss_records import SentSessions
from qosflood.journal.record_lines import encode_record
from qosflood.load.body.request import RequestBuilder
from qosflood.load.client.audited import sent_sessions
from qosflood.load.client.factory import PacedClient, make_clients, places
from qosflood.load.client.shared import NEVER, Shared
from qosflood.load.failures import FailureSampler
from qosflood.load.health import HealthMeter
from qosflood.load.pacer import Pacer
from qosflood.load.recorder import Bucket, Recorder
from qosflood.load.schedule.due_times import Schedule
from qosflood.load.stages import IDLE, Stages, own_clients
from qosflood.load.storms import Storms
from qosflood.load.timer import Timer, make_timer
from qosflood.load.transport.connector import Connector
from qosflood.plan.plan import Plan, plan_from_builtins
from qosflood.plan.readback import looks

BEAT_NS = 25_000_000
SWEEP_EVERY = 4
"""Deadlines are swept every 100 ms; a late sweep only closes a connection later."""
DRAIN_MOST_NS = 10_000_000_000
"""After a stop the shard waits no longer than this for answers, however long the timeout."""
_SLEPT_LEAST_NS = 100_000_000
"""Two clocks that are read one after the other never differ by so much of themselves."""
CONNECT_TIMEOUT_MOST_S = 10.0


@dataclass(frozen=True, slots=True)
class ShardSpec:
    """What a shard gets: the plan, which clients it plays (those whose number is `part` modulo
    `parts`), the segment's start, and its number among the shards of this machine."""

    plan: Plan
    part: int
    parts: int
    mono_ns: int
    shard: int = 0

    @staticmethod
    def from_builtins(data: dict[str, Any]) -> "ShardSpec":
        """From its JSON form."""
        return ShardSpec(
            plan_from_builtins(data["plan"]),
            data["part"],
            data["parts"],
            data["mono_ns"],
            data.get("shard", data["part"]),
        )


class Shard:
    """Plays one part of a plan on `loop`."""

    def __init__(self, spec: ShardSpec, pipe: ParentPipe, loop: asyncio.AbstractEventLoop) -> None:
        plan = spec.plan
        self._spec = spec
        self._pipe = pipe
        self._loop = loop
        self._schedule = Schedule(plan, spec.part, spec.parts)
        phases = [(p.name, p.end_ns) for p in plan.phases if p.name != "settle"]
        self._recorder = Recorder(spec.shard, [(IDLE, 0)] if plan.capacity else phases)
        self._meter = HealthMeter()
        timeout_s = min(plan.load.timeout_ns * 1e-9, CONNECT_TIMEOUT_MOST_S)
        rng = random.Random(plan.seed * 1_000_003 + spec.part)
        self._connector = Connector(loop, plan.target, timeout_s, rng)
        headers = resolve_headers(plan.target.headers)
        builder = RequestBuilder(plan, headers)
        self._sampler = FailureSampler(
            spec.shard,
            spec.mono_ns,
            builder.session_id,
            lambda text: redact(text, headers),
            lambda sample: pipe.send(encode_record(sample)),
        )
        self._numbers = numbers = self._schedule.numbers.tolist()
        self._shared = Shared(
            builder=builder,
            expect=plan.report.expect,
            timeout_ns=plan.load.timeout_ns,
            places=places(plan, spec.part, spec.parts, len(numbers)),
            clock=time.monotonic_ns,
            wall_offset_ns=time.time_ns() - time.monotonic_ns(),
            sampler=self._sampler,
            connector=self._connector,
            per_report=plan.report.connection == "per-report",
        )
        self._oldest = np.frombuffer(self._shared.oldest, dtype=np.int64)
        self._clients = make_clients(plan, self._shared, numbers, spec.part, spec.parts)
        self._storms = self._make_storms() if plan.storms else None
        self._stages = self._make_stages() if plan.capacity else None
        self._pacer: Pacer | None = None
        self._timer: Timer | None = None
        self._zero_ns = 0
        self._second = 0
        self._beats = 0
        self._expected_beat_ns = 0
        self._stall_ns = self._slept_ns = 0
        self._sweep_owed = False
        self._absences = self._shared.absences
        self._stopped_ns: int | None = None
        self._failed_before = 0
        self._looks = list(enumerate(looks(plan)))[1:]
        self.done = loop.create_future()

    def _make_storms(self) -> Storms:
        return Storms(
            self._spec.plan,
            self._spec.shard,
            self._schedule.numbers,
            self._clients.own,
            connected=lambda: self._shared.connected,
            clock=time.monotonic_ns,
            mono_ns=self._spec.mono_ns,
            loop=self._loop,
            emit=lambda event: self._pipe.send(encode_record(event)),
        )

    def _make_stages(self) -> Stages:
        spec, template = self._spec, self._shared.builder.template
        return Stages(
            spec.plan,
            spec.part,
            spec.parts,
            self._clients.paced,
            template,
            self._recorder,
            self._make_pacer,
        )

    def _make_pacer(
        self,
        schedule: Schedule,
        clients: Sequence[PacedClient],
        buckets: list[Bucket],
        since_ns: int,
    ) -> Pacer:
        """The pacer that is followed from now on; it begins `since_ns` after the load does."""
        assert self._timer is not None
        zero_ns = self._zero_ns + since_ns
        self._pacer = Pacer(
            schedule=schedule,
            clients=clients,
            buckets=buckets,
            zero_ns=zero_ns,
            quantum_ns=self._spec.plan.load.quantum_ns,
            clock=time.monotonic_ns,
            timer=self._timer,
            soon=self._loop.call_soon,
            resident=self._stages is not None,
        )
        self._timer.set(zero_ns)
        return self._pacer

    def start(self, zero_ns: int) -> None:
        """Begin at `zero_ns` on the monotonic clock; the past is not skipped."""
        self._zero_ns = zero_ns
        self._timer = make_timer(self._loop, self._tick)
        if self._stages is None:
            self._make_pacer(self._schedule, self._clients.paced, self._recorder.buckets, 0)
        if self._storms:
            self._storms.start(zero_ns)
        if self._clients.pool:
            self._clients.pool.open()
        # Everything made so far lives as long as the process: the garbage collector can skip it.
        gc.collect()
        gc.freeze()
        gc.disable()
        self._expected_beat_ns = zero_ns
        self._schedule_beat()

    def warm(self, clients: int) -> None:
        """Connect those of the first `clients` that are not connected."""
        for client in self._clients.paced[: own_clients(self._numbers, clients)]:
            client.join()

    def play(self, stage: object) -> None:
        """Play a stage, once those are over that were asked for before."""
        assert self._stages is not None
        self._stages.play(stage)

    def cut(self) -> None:
        """End the stage that is played; what is out may still be answered."""
        assert self._stages is not None
        self._stages.cut(time.monotonic_ns() - self._zero_ns)

    def stop(self) -> None:
        """Send nothing more; end once every report in flight is answered or has timed out."""
        if self._stopped_ns is not None or self._timer is None:
            return
        self._stopped_ns = time.monotonic_ns()
        if self._stages is not None:
            self.cut()
        elif self._pacer is not None:
            self._pacer.stop()
        if self._storms:
            self._storms.finish()
        self._shared.stopping = True
        for client in self._clients.swept:
            client.halt(self._stopped_ns)

    def _tick(self) -> None:
        assert self._pacer is not None
        self._pacer.tick()
        if self._stages is not None:
            self._stages.go_on()

    def _schedule_beat(self) -> None:
        self._expected_beat_ns += BEAT_NS
        self._absences.expect(self._expected_beat_ns)
        delay_s = max(self._expected_beat_ns - time.monotonic_ns(), 0) * 1e-9
        self._loop.call_later(delay_s, self._beat)

    def _beat(self) -> None:
        """Every 25 ms: measure stalls, fold latencies, sweep deadlines, close seconds, end."""
        now_ns = time.monotonic_ns()
        came_back = self._take_stock(now_ns)
        self._beats += 1
        self._recorder.fold()
        drained = self._drained()
        if self._beats % SWEEP_EVERY == 0 or drained or self._sweep_owed:
            # Coming back, the shard first reads what came in meanwhile.
            self._sweep_owed = came_back and not self._sweep_owed
            if not self._sweep_owed:
                self._sweep(now_ns)
        while now_ns >= self._second_ends_ns:
            self._close_second(now_ns)
        while self._looks and now_ns >= self._zero_ns + self._looks[0][1]:
            self._report_sent(now_ns, self._looks.pop(0)[0])
        if drained:
            self._finish(now_ns)
        else:
            self._schedule_beat()

    def _take_stock(self, now_ns: int) -> bool:
        """Measure how late this beat is, and whether the shard was absent before it."""
        slept_ns = self._meter.slept_ns()
        # uvloop rounds timers to milliseconds; that much is not a stall.
        late_ns = max(now_ns - self._expected_beat_ns - 1_000_000, 0)
        self._stall_ns = max(late_ns, slept_ns if slept_ns > _SLEPT_LEAST_NS else 0)
        self._meter.stalled(self._stall_ns)
        behind_ns = NEVER if self._pacer is None else self._pacer.behind_since_ns
        came_back = self._absences.present(now_ns, behind_ns, slept_ns)
        if came_back:
            self._slept_ns += slept_ns
        self._expected_beat_ns = max(self._expected_beat_ns, now_ns - BEAT_NS)
        return came_back

    @property
    def _second_ends_ns(self) -> int:
        return self._zero_ns + (self._second + 1) * 1_000_000_000

    def _absent_ns(self) -> int:
        """For how long of the second that is being closed the shard was absent."""
        slept_ns, self._slept_ns = self._slept_ns, 0
        ends_ns = self._second_ends_ns
        return self._absences.between(ends_ns - 1_000_000_000, ends_ns) + slept_ns

    def _sweep(self, now_ns: int) -> None:
        limit_ns = now_ns - self._spec.plan.load.timeout_ns
        if self._stopped_ns is not None and now_ns - self._stopped_ns > DRAIN_MOST_NS:
            limit_ns = NEVER
        for index in np.flatnonzero(self._oldest < limit_ns).tolist():
            self._clients.swept[index].expire(now_ns, limit_ns)

    def _drained(self) -> bool:
        if self._stages is not None and self._stopped_ns is None:
            return False
        if self._pacer is not None and not self._pacer.finished:
            return False
        return bool((self._oldest == NEVER).all())

    def _close_second(self, now_ns: int) -> None:
        health = self._meter.read(
            connected=self._shared.connected,
            connecting=self._connector.connecting,
            pending=int(np.count_nonzero(self._oldest != NEVER)),
            absent_ns=self._absent_ns(),
        )
        # The phase in which the second ended, not the one that may have begun since.
        ended_ns = min(now_ns - self._zero_ns, (self._second + 1) * 1_000_000_000 - 1)
        windows = self._recorder.windows(
            now_ns - self._spec.mono_ns,
            self._second,
            self._phase_at(ended_ns),
            health,
            sessions=self._sessions,
            acked_sessions=self._shared.acked_sessions,
            reconnects=self._shared.reconnects,
            connects=self._connector.take_connects(),
        )
        self._shared.reconnects = 0
        responses = sum(w.outcomes["acked"] + w.outcomes["rejected"] + w.retries for w in windows)
        self._shared.memo.drop_if_rarely_hit(responses)
        for window in windows:
            self._pipe.send(encode_record(window))
        # A stall over the second's end belongs to the next one, too.
        self._meter.stalled(max(min(self._stall_ns, now_ns - self._second_ends_ns), 0))
        self._second += 1
        self._collect_garbage()

    def _phase_at(self, since_ns: int) -> int:
        """The phase in force `since_ns` after the load's start, by index into the buckets."""
        if self._stages is not None:
            return self._stages.in_force(since_ns)
        assert self._pacer is not None
        return self._pacer.phase_at(since_ns)

    @property
    def _sessions(self) -> int:
        """Distinct sessions that have begun so far."""
        if self._stages is not None:
            return self._stages.sessions
        assert self._pacer is not None
        return self._pacer.sessions

    def _collect_garbage(self) -> None:
        """Failed connects leave cycles of exceptions and frames; only then is collecting due."""
        failed = self._connector.attempts_failed
        if failed != self._failed_before:
            self._failed_before = failed
            gc.collect(1)

    def _finish(self, now_ns: int) -> None:
        self._close_second(now_ns)
        if self._storms:
            self._storms.finish()
        self._sampler.flush()
        self._report_sent(now_ns, None)
        self._pipe.send(b'{"type":"done"}\n')
        if not self.done.done():
            self.done.set_result(None)

    def _report_sent(self, now_ns: int, look: int | None) -> None:
        """Report what the sampled sessions have sent up to now."""
        if sent := tuple(sent_sessions(self._clients.own)):
            t = now_ns - self._spec.mono_ns
            record = SentSessions(t=t, shard=self._spec.shard, sessions=sent, look=look)
            self._pipe.send(encode_record(record))


def _connection_ended(context: dict[str, Any]) -> bool:
    """Whether the loop reports nothing but a connection's end. An OSError out of one of our
    callbacks is a bug: the rest of the callback never ran."""
    return isinstance(context.get("exception"), OSError) and "handle" not in context


async def serve(pipe: ParentPipe, spec: ShardSpec, end: Any) -> None:
    """Run one shard to its end; `end(status)` leaves the process at once."""
    loop = asyncio.get_running_loop()

    def crashed(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if _connection_ended(context):
            return  # its client has recorded it
        loop.default_exception_handler(context)
        end(ExitCode.INTERNAL)

    loop.set_exception_handler(crashed)
    shard = Shard(spec, pipe, loop)

    commands: dict[str, Callable[..., None]] = {
        "start": shard.start,
        "warm": shard.warm,
        "play": shard.play,
        "cut": shard.cut,
        "stop": shard.stop,
    }

    def command(message: dict[str, Any]) -> None:
        commands[message.pop("cmd")](**message)

    pipe.attach(loop, command, lambda: end(ExitCode.INTERRUPTED))
    pipe.send(b'{"type":"ready"}\n')
    await shard.done
    sys.stdout.flush()
