"""A shard on this process's loop: what can only be seen from inside, or would take too long."""

import asyncio
import gc
import os
import time
from collections.abc import Awaitable, Callable, Iterator

import orjson
import pytest
import uvloop
from connecting import until
from plan_maker import make_load, make_phases, make_plan
from processes import faulty

from qosflood.base.child_pipe import ParentPipe
from qosflood.base.errors import ExitCode
from qosflood.base.units import MS, SECOND
from qosflood.journal.records import OWN_ABSENCE
from qosflood.load import shard as shard_module
from qosflood.load.shard import ShardSpec, serve

Ends = list[int]


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    """A shard turns garbage collection off for good."""
    yield
    gc.enable()
    gc.unfreeze()


class Parent:
    """The coordinator's ends of the pipes."""

    def __init__(self) -> None:
        self._child_in, self._out = os.pipe()
        self._in, self._child_out = os.pipe()
        self.pipe = ParentPipe(self._child_in, self._child_out)

    def tell(self, **message: object) -> None:
        os.write(self._out, orjson.dumps(message) + b"\n")

    def heard(self) -> list[dict]:
        os.close(self._child_out)
        with open(self._in, "rb") as said:
            return [orjson.loads(line) for line in said]


def served(port: int, scenario: Callable[[Parent, Ends], Awaitable[None]]) -> Parent:
    """Serve a shard of four clients with a timeout of half a minute; `scenario` beside it."""
    load = make_load(
        base_clients=4,
        clients=4,
        base_cadence_ns=50 * MS,
        cadence_ns=50 * MS,
        timeout_ns=30 * SECOND,
    )
    phases = make_phases(load, edge_ns=50 * MS, flood_ns=60 * SECOND)
    plan = make_plan(port=port, load=load, phases=phases)
    parent, ends = Parent(), Ends()

    async def main() -> None:
        serving = asyncio.create_task(
            serve(parent.pipe, ShardSpec(plan, 0, 1, mono_ns=0), ends.append)
        )
        await scenario(parent, ends)
        async with asyncio.timeout(20):
            await serving

    uvloop.run(main())
    return parent


def test_after_a_stop_nobody_is_waited_for_longer_than_patience_lasts(monkeypatch):
    monkeypatch.setattr(shard_module, "DRAIN_MOST_NS", 200 * MS)

    with faulty("silent") as server:

        async def scenario(parent: Parent, ends: Ends) -> None:
            parent.tell(cmd="start", zero_ns=time.monotonic_ns())
            await until(lambda: server.log()["reports"] == 4)  # each client has a report out
            parent.tell(cmd="stop")

        said = served(server.port, scenario).heard()
    assert said[-1] == {"type": "done"}
    windows = [one for one in said if one["type"] == "window"]
    outcomes = {name: sum(w["outcomes"][name] for w in windows) for name in windows[0]["outcomes"]}
    assert outcomes["timeout"] == 4
    assert sum(outcomes.values()) == sum(window["scheduled"] for window in windows)


def bug(error: Exception) -> None:
    def broken() -> None:
        raise error

    asyncio.get_running_loop().call_soon(broken)


def rudeness(error: object) -> None:
    told = {"message": "Fatal error on transport", "exception": error, "transport": None}
    loop = asyncio.get_running_loop()
    loop.call_soon(loop.call_exception_handler, told)


@pytest.mark.parametrize(
    ("happens", "error", "crashes"),
    [
        (bug, RuntimeError("a bug"), True),
        (bug, BrokenPipeError("what followed was not done"), True),
        (rudeness, ConnectionResetError("a peer"), False),
        (rudeness, ConnectionResetError, False),
        (rudeness, RuntimeError("a bug told of"), True),
    ],
)
def test_a_bug_ends_the_process_and_a_peers_rudeness_does_not(happens, error, crashes):
    ended: list[Ends] = []

    async def scenario(parent: Parent, ends: Ends) -> None:
        happens(error)
        await asyncio.sleep(0.05)
        ended.append(list(ends))
        parent.tell(cmd="start", zero_ns=time.monotonic_ns())
        parent.tell(cmd="stop")

    served(1, scenario)
    assert ended == [[ExitCode.INTERNAL] if crashes else []]


def test_a_shard_that_stands_still_says_so_in_every_second_and_blames_nobody():
    load = make_load(
        base_clients=4, clients=4, base_cadence_ns=50 * MS, cadence_ns=50 * MS, timeout_ns=SECOND
    )
    phases = make_phases(load, edge_ns=50 * MS, flood_ns=60 * SECOND)

    async def main(parent: Parent, port: int) -> None:
        plan = make_plan(port=port, load=load, phases=phases)
        spec = ShardSpec(plan, 0, 1, mono_ns=0)
        serving = asyncio.create_task(serve(parent.pipe, spec, Ends().append))
        parent.tell(cmd="start", zero_ns=time.monotonic_ns())
        await asyncio.sleep(0.5)
        time.sleep(2.7)  # as a process that is stopped
        await asyncio.sleep(1.0)
        parent.tell(cmd="stop")
        async with asyncio.timeout(20):
            await serving

    parent = Parent()
    with faulty("ok") as server:
        uvloop.run(main(parent, server.port))
    windows = [one for one in parent.heard() if one["type"] == "window" and one["health"]]
    absent = [window["health"]["absent_ns"] / SECOND for window in windows[:4]]
    assert absent == pytest.approx([0.5, 1.0, 1.0, 0.2], abs=0.2)
    stalls = [window["health"]["loop_stall_ns"] / SECOND for window in windows[:4]]
    assert stalls[0] == pytest.approx(2.7, abs=0.2)
    assert all(stall > 0.1 for stall in stalls)
    reasons = {reason for window in windows for reason in window["errors"]}
    assert reasons == set(list(OWN_ABSENCE.values())[:2])
