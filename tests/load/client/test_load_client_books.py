"""Whatever happens in whatever order, the books balance and no open report is forgotten."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from load_doubles import ACCEPTED, MS, SECOND, Rig, Wire, answer

from qosflood.load.client.client import BUSY, DELAYED, DOWN, IDLE, NEVER, PAUSED, WAITING, Client
from qosflood.plan.plan import Retries

CLIENTS = 3
TIMEOUT = 2 * SECOND
LOST = (None, ConnectionResetError(104, "reset"), BrokenPipeError(32, "broken"))
WHOLE = (
    ACCEPTED,
    answer(503, body=b"no"),
    answer(202, "Connection: close"),
    b"HTTP/1.1 202 A\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" + ACCEPTED,
    ACCEPTED + b"too much",
)
BROKEN = (b"\0\0garbage\r\n\r\n", b"HTTP/1.1 202 A\r\nContent-Length: x\r\n\r\n", b"SSH-2.0\r\n")
PARTS = (ACCEPTED[:10], ACCEPTED[:-1], b"HTTP/1.0 202 A\r\n\r\n", b"HTTP/1.1 100 C\r\n\r\n")
ON = ("5xx", "connection_lost", "bad_response", "connect_error", "timeout")
RETRIES = (
    None,
    Retries(most=2, backoff_ns=100 * MS, on=ON, attempt_timeout_ns=SECOND),
    Retries(most=100, backoff_ns=MS, on=ON),
)
who = st.integers(0, CLIENTS - 1)


class Books(RuleBasedStateMachine):
    """Clients, their peers and their clock, in any interleaving."""

    @initialize(per_report=st.booleans(), retries=st.sampled_from(RETRIES))
    def start(self, per_report: bool, retries: Retries | None) -> None:
        self.retries = retries
        self.rig = Rig(CLIENTS, timeout_ns=TIMEOUT, per_report=per_report, retries=retries)
        self.wires: dict[Client, Wire] = {}
        self.last_due = 0
        self.renewals = 0
        self.stopped = False

    def client(self, index: int) -> Client:
        return self.rig.clients[index]

    # What the pacer does.

    @precondition(lambda self: not self.stopped)
    @rule(index=who, late_ns=st.integers(0, 3 * MS))
    def report_due(self, index: int, late_ns: int) -> None:
        # The pacer picks in the order of due times.
        late_ns = min(late_ns, self.rig.clock.now_ns() - self.last_due)
        self.last_due = self.rig.due(self.client(index), late_ns)

    @precondition(lambda self: not self.stopped)
    @rule(index=who)
    def join(self, index: int) -> None:
        self.client(index).join()

    @precondition(lambda self: not self.stopped)
    @rule(index=who)
    def renew(self, index: int) -> None:
        self.renewals += 1
        self.client(index).renew(self.renewals)

    @rule(index=who, reconnect_after_s=st.sampled_from([0.0, 3.0]))
    def drop(self, index: int, reconnect_after_s: float) -> None:
        self.client(index).drop(reconnect_after_s)

    @rule(index=who)
    def leave(self, index: int) -> None:
        self.client(index).leave()

    # What the connector does.

    @precondition(lambda self: self.rig.connector.wanting)
    @rule(data=st.data(), fails=st.integers(0, 3))
    def connect(self, data: st.DataObject, fails: int) -> None:
        client = data.draw(st.sampled_from(self.rig.connector.wanting))
        if not client.wanted:
            self.rig.connector.wanting.remove(client)
            client.not_wanted()
        elif fails == 0:
            self.rig.refuse(client)
        else:
            self.wires[client] = self.rig.connect(client)

    @precondition(lambda self: self.rig.connector.retrying)
    @rule(data=st.data())
    def back_off(self, data: st.DataObject) -> None:
        self.rig.back_off(data.draw(st.sampled_from(self.rig.connector.retrying)))

    @precondition(lambda self: self.rig.connector.reconnect_after_s)
    @rule(data=st.data())
    def reconnect(self, data: st.DataObject) -> None:
        self.rig.reconnect(data.draw(st.sampled_from(list(self.rig.connector.reconnect_after_s))))

    @precondition(lambda self: self.rig.connector.pausing)
    @rule(data=st.data())
    def resume(self, data: st.DataObject) -> None:
        self.rig.resume(data.draw(st.sampled_from(list(self.rig.connector.pausing))))

    # What the peer does.

    @precondition(lambda self: self.wires)
    @rule(data=st.data(), what=st.sampled_from((*WHOLE, *WHOLE, *BROKEN, *PARTS)))
    def receive(self, data: st.DataObject, what: bytes) -> None:
        client = data.draw(st.sampled_from(list(self.wires)))
        client.data_received(what)

    @precondition(lambda self: any(c.state == BUSY for c in self.wires))
    @rule(data=st.data())
    def accept(self, data: st.DataObject) -> None:
        busy = [client for client in self.wires if client.state == BUSY]
        data.draw(st.sampled_from(busy)).data_received(ACCEPTED)

    @precondition(lambda self: self.wires)
    @rule(data=st.data(), error=st.sampled_from(LOST))
    def lose(self, data: st.DataObject, error: Exception | None) -> None:
        client = data.draw(st.sampled_from(list(self.wires)))
        self.rig.lose(self.wires.pop(client), client, error)

    # What the shard does.

    @rule(ns=st.sampled_from([MS, 100 * MS, SECOND, TIMEOUT, TIMEOUT + 1]))
    def advance(self, ns: int) -> None:
        self.rig.advance(ns)

    @rule()
    def sweep(self) -> None:
        self.rig.sweep()
        limit_ns = self.rig.clock.now_ns() - TIMEOUT
        assert all(due >= limit_ns for due in self.rig.shared.oldest)
        if self.retries is not None and self.retries.attempt_timeout_ns:
            latest = self.rig.clock.now_ns() - self.retries.attempt_timeout_ns
            assert all(c._sent_ns >= latest for c in self.wires if c.state == BUSY)

    @precondition(lambda self: not self.stopped)
    @rule()
    def stop(self) -> None:
        self.stopped = True
        self.rig.stop()

    # What must hold.

    @invariant()
    def every_report_has_at_most_one_outcome(self) -> None:
        self.rig.check()

    @invariant()
    def a_client_is_marked_open_exactly_when_it_is(self) -> None:
        oldest = self.rig.shared.oldest
        assert (self.rig.open == 0) == all(due == NEVER for due in oldest)
        for client in self.rig.clients:
            queue = [due for due, _ in client._queue or () if due >= 0]
            out = [client._due_ns] if client.state == BUSY or client._to_resend else []
            open_since = min(out + queue[:1], default=NEVER)
            if client.state == BUSY and self.retries is not None:
                attempt_ns = self.retries.attempt_timeout_ns or NEVER
                open_since = min(open_since, client._sent_ns + attempt_ns - TIMEOUT)
            assert oldest[client.index] == open_since
        queued = [due for client in self.rig.clients for due, _ in client._queue or ()]
        waiting = sum(due >= 0 for due in queued)
        out = sum(client.state == BUSY or client._to_resend for client in self.rig.clients)
        assert self.rig.open == waiting + out

    @invariant()
    def states_agree_with_the_connections(self) -> None:
        assert self.rig.shared.connected == len(self.wires)
        connector = self.rig.connector
        for client in self.rig.clients:
            assert (client.state in (DOWN, WAITING, DELAYED)) == (client not in self.wires)
            waits = client in connector.wanting or client in connector.retrying
            assert (client.state == WAITING) == waits
            pausing = client in connector.pausing
            assert (client.state == DELAYED) <= (client in connector.reconnect_after_s or pausing)
            assert (client in connector.reconnect_after_s) <= (client.state == DELAYED)
            assert (client.state == PAUSED) <= (pausing and client._to_resend)
            if client.state == IDLE:
                assert not client._queue

    def teardown(self) -> None:
        if not hasattr(self, "rig"):
            return
        self.rig.stop()
        self.rig.sweep(limit_ns=NEVER)
        for client, wire in self.wires.items():
            self.rig.lose(wire, client)
        self.rig.check_drained()
        assert not any(client.wanted for client in self.rig.clients)


Books.TestCase.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
TestBooks = Books.TestCase
