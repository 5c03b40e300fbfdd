"""A plan carried out by a supervisor in this process with real children, and what is left of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from plan_maker import make_load, make_phases, make_plan

from qosflood.base.units import MS, SECOND
from qosflood.journal.records import Event, JournalRecord, Segment, Window
from qosflood.journal.run_directory import create_run_directory, read_records
from qosflood.live.observers import View
from qosflood.plan.plan import Limit, Plan
from qosflood.run.supervisor import Ended, Supervisor

LONG = 60 * SECOND
"""A flood that something else ends."""

ABORT = Limit(
    expr="errors > 50% for 15s",
    metric="errors",
    op=">",
    threshold=0.5,
    unit="ratio",
    scope="run",
    named_by="shipped",
)


@dataclass
class Screen:
    """A view that keeps what it is shown."""

    fed: list[JournalRecord] = field(default_factory=list)
    ticks: int = 0

    def feed(self, record: JournalRecord) -> None:
        self.fed.append(record)

    def tick(self, t_ns: int) -> None:
        self.ticks += 1


def plan_for(port: int, flood_ns: int = 600 * MS, **changes) -> Plan:
    load = make_load(
        base_clients=5,
        clients=20,
        base_cadence_ns=100 * MS,
        cadence_ns=100 * MS,
        timeout_ns=SECOND,
        shards=changes.pop("shards", 1),
    )
    phases = make_phases(load, edge_ns=200 * MS, flood_ns=flood_ns, settle_ns=300 * MS)
    watch = {"interval_ns": 200 * MS, "timeout_ns": 200 * MS}
    return make_plan(port=port, load=load, phases=phases, watch=watch, **changes)


class Run:
    """One plan being carried out, and what is left of it."""

    def __init__(
        self, plan: Plan, folder: Path, view_of: Callable[[Screen], View] | None = None
    ) -> None:
        self.plan = plan
        self.folder = create_run_directory(folder)
        self.screen = Screen()
        view = self.screen if view_of is None else view_of(self.screen)
        self.ended: Ended | None = None
        segment = Segment(t=0, boot_id="b", wall_ns=time.time_ns(), mono_ns=time.monotonic_ns())
        self.supervisor = Supervisor(plan, self.folder, segment, view)
        self.pids: list[int] = []

    async def carry_out(self, meanwhile: Callable[["Run"], Awaitable[None]] | None = None) -> None:
        also = asyncio.create_task(meanwhile(self)) if meanwhile else None
        self.ended = await self.supervisor.carry_out(memories=())
        if also:
            await also
        for child in self.children:
            await asyncio.wait_for(child.exited.wait(), 10)

    @property
    def children(self):
        return self.supervisor._children.all

    async def until_flooding(self) -> None:
        """Until a window was heard."""
        async with asyncio.timeout(30):
            while not any(isinstance(record, Window) for record in self.screen.fed):
                await asyncio.sleep(0.01)

    def records(self, kind: type) -> list:
        return [record for record in read_records(self.folder) if isinstance(record, kind)]

    def events(self) -> list[str]:
        return [event.kind for event in self.records(Event)]

    @property
    def scheduled(self) -> int:
        return sum(window.scheduled for window in self.records(Window))

    @property
    def outcomes(self) -> int:
        return sum(sum(window.outcomes.values()) for window in self.records(Window))
