"""Whatever happens to shared connections in whatever order, the books balance."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from load_doubles import ACCEPTED, MS, SECOND, Rig, Wire, answer

from qosflood.load.client.client import BUSY, CLOSING, IDLE, NEVER
from qosflood.load.client.pooled import PooledConnection

MEMBERS = 4
TIMEOUT = 2 * SECOND
LOST = (None, ConnectionResetError(104, "reset"))
RECEIVED = (
    *(ACCEPTED, ACCEPTED, ACCEPTED[:10]),
    *(answer(503), answer(202, "Connection: close"), b"\0\0garbage\r\n\r\n"),
)
who = st.integers(0, MEMBERS - 1)


class PoolBooks(RuleBasedStateMachine):
    """Members, the pool's connections, their peers and their clock, in any interleaving."""

    @initialize(size=st.integers(1, 3))
    def start(self, size: int) -> None:
        self.rig = Rig(MEMBERS, timeout_ns=TIMEOUT, pool=size)
        self.rig.pool.open()
        self.wires: dict[PooledConnection, Wire] = {}
        self.renewals = 0
        self.stopped = False

    @precondition(lambda self: not self.stopped)
    @rule(index=who)
    def report_due(self, index: int) -> None:
        self.rig.due(self.rig.clients[index])

    @rule(index=who)
    def renew(self, index: int) -> None:
        self.renewals += 1
        self.rig.clients[index].renew(self.renewals)

    @precondition(lambda self: self.rig.connector.wanting)
    @rule(data=st.data(), fails=st.integers(0, 3))
    def connect(self, data: st.DataObject, fails: int) -> None:
        one = data.draw(st.sampled_from(self.rig.connector.wanting))
        if not one.wanted:
            self.rig.connector.wanting.remove(one)
            one.not_wanted()
        elif fails == 0:
            self.rig.refuse(one)
        else:
            self.wires[one] = self.rig.connect(one)

    @precondition(lambda self: self.rig.connector.retrying)
    @rule(data=st.data())
    def back_off(self, data: st.DataObject) -> None:
        self.rig.back_off(data.draw(st.sampled_from(self.rig.connector.retrying)))

    @precondition(lambda self: self.wires)
    @rule(data=st.data(), what=st.sampled_from(RECEIVED))
    def receive(self, data: st.DataObject, what: bytes) -> None:
        data.draw(st.sampled_from(list(self.wires))).data_received(what)

    @precondition(lambda self: self.wires)
    @rule(data=st.data(), error=st.sampled_from(LOST))
    def lose(self, data: st.DataObject, error: Exception | None) -> None:
        one = data.draw(st.sampled_from(list(self.wires)))
        self.rig.lose(self.wires.pop(one), one, error)

    @rule(ns=st.sampled_from([MS, SECOND, TIMEOUT + 1]))
    def advance(self, ns: int) -> None:
        self.rig.advance(ns)

    @rule()
    def sweep(self) -> None:
        self.rig.sweep()
        limit_ns = self.rig.clock.now_ns() - TIMEOUT
        assert all(due >= limit_ns for due in self.rig.shared.oldest)

    @precondition(lambda self: not self.stopped)
    @rule()
    def stop(self) -> None:
        self.stopped = True
        self.rig.stop()

    @invariant()
    def every_report_has_at_most_one_outcome(self) -> None:
        self.rig.check()

    @invariant()
    def every_open_report_is_out_or_waits(self) -> None:
        pool, oldest = self.rig.pool, self.rig.shared.oldest
        out = [one for one in pool.connections if one.state == BUSY or one._to_resend]
        assert self.rig.open == len(out) + len(pool._waiting)
        for one in pool.connections:
            assert oldest[one.index] == (one._due_ns if one in out else NEVER)
        assert oldest[-1] == (pool._waiting[0].due_ns if pool._waiting else NEVER)

    @invariant()
    def nothing_waits_beside_an_idle_connection(self) -> None:
        pool = self.rig.pool
        idle = [one for one in pool.connections if one.state == IDLE]
        assert sorted(one.index for one in pool.idle) == [one.index for one in idle]
        assert not (idle and pool._waiting)

    @invariant()
    def states_agree_with_the_connections(self) -> None:
        assert self.rig.shared.connected == len(self.wires)
        for one in self.rig.pool.connections:
            assert (one.state in (IDLE, BUSY, CLOSING)) == (one in self.wires)

    def teardown(self) -> None:
        if not hasattr(self, "rig"):
            return
        self.rig.stop()
        self.rig.sweep(limit_ns=NEVER)
        for one, wire in self.wires.items():
            self.rig.lose(wire, one)
        self.rig.check_drained()
        assert not any(one.wanted for one in self.rig.pool.connections)


PoolBooks.TestCase.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
TestPoolBooks = PoolBooks.TestCase
