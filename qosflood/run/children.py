"""The children of one run, a monitor and its shards: started, commanded and ended.

What their lines and deaths mean is the supervisor's business.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from qosflood.base.child_process import Child
from qosflood.base.units import SECOND
from qosflood.monitor.loss.counting import FINAL_WITHIN_NS
from qosflood.monitor.memory.loop import WatchedMemory
from qosflood.plan.plan import Plan
from qosflood.plan.readback import sources
from qosflood.plan.stages import Stage

LEAVE_PATIENCE_S = 2.0
PROMETHEUS_PATIENCE_S = 5.0
"""The monitor asks it for the whole run once more (see monitor/prometheus/poll.py)."""
AUDIT_PATIENCE_S = 61.0
"""A snapshot is given up after a minute (see monitor/loss/audit.py)."""


class Children:
    """The children that a plan asks for. `on_line` gets every record line of any of them."""

    def __init__(
        self,
        plan: Plan,
        on_line: Callable[[bytes], None],
        on_shard_exit: Callable[[Child], None],
        on_monitor_exit: Callable[[Child], None],
    ) -> None:
        self._plan = plan
        self._on_line = on_line
        self._on_shard_exit = on_shard_exit
        self._on_monitor_exit = on_monitor_exit
        self.shards: list[Child] = []
        self.monitor: Child | None = None

    @property
    def all(self) -> list[Child]:
        """Those that were started so far."""
        return [*self.shards, *([self.monitor] if self.monitor else [])]

    async def start(self, mono_ns: int, memories: tuple[WatchedMemory, ...]) -> None:
        """Start all of them and wait until they are ready; raises StartError if one cannot start.

        `mono_ns` is the segment's start on the monotonic clock; `memories` say where the monitor
        reads each instance's memory.
        """
        await self._start_monitor({"plan": self._plan, "mono_ns": mono_ns, "memories": memories})
        for number in range(self._plan.load.shards):
            await self._start_shard(number, mono_ns)
        for child in self.all:
            await child.ready()

    async def _start_monitor(self, spec: dict[str, Any]) -> None:
        self.monitor = Child("monitor", self._on_line, self._on_monitor_exit)
        await self.monitor.start("qosflood.monitor", spec)

    async def _start_shard(self, number: int, mono_ns: int) -> None:
        shard = Child(f"shard {number}", self._on_line, self._on_shard_exit)
        self.shards.append(shard)
        part, parts = self._plan.slice_of(number, self._plan.load.shards)
        spec = {"plan": self._plan, "part": part, "parts": parts, "mono_ns": mono_ns}
        await shard.start("qosflood.load", {**spec, "shard": number})

    def begin(self, zero_ns: int) -> None:
        """Begin the load at `zero_ns` on the monotonic clock, and monitor from now on."""
        self._command_monitor(cmd="start", zero_ns=zero_ns)
        self._command_shards(cmd="start", zero_ns=zero_ns)

    def warm(self, clients: int) -> None:
        """Connect the first `clients` of the plan, where they are not connected."""
        self._command_shards(cmd="warm", clients=clients)

    def play(self, stage: Stage) -> None:
        """Play a stage after those that were asked for before; its start lies ahead."""
        self._command_shards(cmd="play", stage=stage)

    def cut(self) -> None:
        """End the stage that is played at once, and forget those that were to follow."""
        self._command_shards(cmd="cut")

    def load_finished(self) -> None:
        """Read the audit's counter or gauge now, before the target forgets sessions for their
        silence."""
        if self._plan.audit.metric is not None:
            self._command_monitor(cmd="count")

    def stop_load(self) -> None:
        """Send nothing more, and drain."""
        self._command_shards(cmd="stop")

    async def shards_gone(self) -> None:
        """Wait until every shard has ended."""
        await asyncio.gather(*(shard.exited.wait() for shard in self.shards))

    async def end_monitor(self, unless: asyncio.Future[Any] | None, accepted: int) -> None:
        """Let the monitor end. With `unless` it looks for the `accepted` reports before that, until
        `unless` is done; reading sessions back takes up to a minute a source."""
        assert self.monitor is not None
        patience_s = self._plan.watch.timeout_ns * 1e-9 + 2.0
        if self._plan.prometheus is not None:
            patience_s = max(patience_s, PROMETHEUS_PATIENCE_S)
        gone = asyncio.create_task(self.monitor.exited.wait())
        ends: set[asyncio.Future[Any]] = {gone}
        if unless is not None:
            self._command_monitor(cmd="audit", accepted=accepted)
            patience_s += AUDIT_PATIENCE_S * len(sources(self._plan)) + patience_s
            if self._plan.audit.metric is not None:
                patience_s += FINAL_WITHIN_NS / SECOND + patience_s
            ends.add(unless)
        self._command_monitor(cmd="stop")
        await asyncio.wait(ends, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()

    def let_go(self) -> None:
        """Close their lifelines; they end within a second."""
        for child in self.all:
            child.let_go()

    def kill(self) -> None:
        """End them at once."""
        for child in self.all:
            child.kill()

    async def end(self) -> None:
        """Let them go, and wait until they have ended."""
        await asyncio.gather(*(child.end(LEAVE_PATIENCE_S) for child in self.all))

    def _command_shards(self, **message: Any) -> None:
        for shard in self.shards:
            shard.send(**message)

    def _command_monitor(self, **message: Any) -> None:
        assert self.monitor is not None
        self.monitor.send(**message)
