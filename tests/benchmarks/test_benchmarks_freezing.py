import numpy as np
import pytest
from freezing import Script, evenly_ns, nearest_rank_ns
from freezing_server import Connection, Server
from hypothesis import given
from hypothesis import strategies as st

SECOND = 1_000_000_000
SCRIPT = Script(zero_ns=7 * SECOND, frozen_ns=SECOND, period_ns=5 * SECOND)
REQUEST = b'POST /qos HTTP/1.1\r\ncontent-length: 17\r\n\r\n{"sessionId":"a"}'

moments = st.integers(0, 10**13)


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    period_ns = draw(st.integers(2, 10**10))
    return Script(draw(moments), draw(st.integers(1, period_ns - 1)), period_ns)


@given(scripts(), moments)
def test_what_arrives_waits_until_the_server_is_awake_and_no_longer(
    script: Script, at_ns: int
) -> None:
    wait_ns = script.residual_ns(at_ns)
    assert 0 <= wait_ns <= script.frozen_ns
    assert script.residual_ns(at_ns + wait_ns) == 0
    if wait_ns:
        assert script.residual_ns(at_ns + wait_ns - 1) == 1


@given(scripts(), moments)
def test_the_next_freeze_begins_later_and_is_whole(script: Script, at_ns: int) -> None:
    start_ns = script.next_freeze_ns(at_ns)
    assert at_ns < start_ns <= at_ns + script.period_ns
    assert script.residual_ns(start_ns) == script.frozen_ns


@given(scripts(), st.lists(moments, min_size=1))
def test_many_moments_wait_as_each_alone(script: Script, at_ns: list[int]) -> None:
    waits_ns = script.residuals_ns(np.array(at_ns, dtype=np.int64))
    assert waits_ns.tolist() == [script.residual_ns(moment) for moment in at_ns]


@pytest.mark.parametrize("quantile", [0.5, 0.8, 0.9, 0.99, 0.999, 1.0])
def test_the_closed_form_is_what_evenly_spread_arrivals_meet(quantile: float) -> None:
    step_ns = 10_000
    at_ns = np.arange(0, 2 * SCRIPT.period_ns, step_ns)
    met_ns = nearest_rank_ns(SCRIPT.residuals_ns(at_ns), quantile)
    assert met_ns == pytest.approx(evenly_ns(SCRIPT, quantile), abs=step_ns)


@pytest.mark.parametrize(("quantile", "value"), [(0.5, 500), (0.9, 900), (0.999, 999), (1.0, 1000)])
def test_a_nearest_rank_is_the_least_value_that_so_many_do_not_exceed(
    quantile: float, value: int
) -> None:
    assert nearest_rank_ns(np.arange(1000, 0, -1), quantile) == value


class Transport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.write = self.written.append

    def set_write_buffer_limits(self, high: int) -> None:
        """As asyncio's."""


@pytest.mark.parametrize("size", [1, 10, len(REQUEST), 3 * len(REQUEST)])
def test_the_server_answers_each_report_once_however_it_is_cut(size: int) -> None:
    server = Server(Script(0, 1, 10**18), keep=True)
    connection, transport = Connection(server), Transport()
    connection.connection_made(transport)  # type: ignore[arg-type]
    stream = REQUEST * 3
    for start in range(0, len(stream), size):
        connection.data_received(stream[start : start + size])
    assert len(transport.written) == server.received == server.answered == 3
    assert server.kept is not None
    assert [request for _, request in server.kept] == [REQUEST] * 3
