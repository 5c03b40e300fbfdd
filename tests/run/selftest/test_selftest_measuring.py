"""What a check-up measures is what is there: wakes, a sink that answers, a trial that balances."""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qosflood.base.errors import StartError
from qosflood.base.units import MS
from qosflood.cli import selftest
from qosflood.run.selftest import sink as sinking
from qosflood.run.selftest.clock_and_timer import clock_state, measure_wakes
from qosflood.run.selftest.trial import attempt, sink


def request(body: bytes) -> bytes:
    head = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body)
    return head + body


class Written:
    def __init__(self) -> None:
        self.answers = 0

    def write(self, data: bytes) -> None:
        assert data.startswith(b"HTTP/1.1 202 ")
        self.answers += 1


@given(
    bodies=st.lists(st.binary(max_size=40), min_size=1, max_size=5),
    cuts=st.lists(st.integers(0, 400), max_size=6),
)
def test_the_sink_answers_each_request_once_however_it_is_cut(
    bodies: list[bytes], cuts: list[int]
) -> None:
    stream = b"".join(map(request, bodies))
    protocol, written = sinking.Sink(), Written()
    protocol.connection_made(written)  # type: ignore[arg-type]
    for piece in pieces(stream, cuts):
        protocol.data_received(piece)
    assert written.answers == len(bodies)


def pieces(stream: bytes, cuts: list[int]) -> Iterator[bytes]:
    at = 0
    for cut in sorted({min(cut, len(stream)) for cut in cuts} | {len(stream)}):
        yield stream[at:cut]
        at = cut


def test_wakes_are_counted_and_never_early() -> None:
    wakes = measure_wakes(20, MS)
    assert wakes.count == 20
    assert 0 <= wakes.p50_ns <= wakes.p99_ns <= wakes.max_ns


def test_a_clock_that_is_kept_has_an_error_and_one_that_is_not_has_none() -> None:
    state = clock_state()
    assert (state.max_error_ns is not None) == (state.synchronised is True)


def test_a_trial_of_few_reports_is_accepted_whole() -> None:
    async def trial() -> float:
        async with sink() as port:
            plan = selftest._trial_plan(f"http://127.0.0.1:{port}", 200.0, 20)
            return (await attempt(plan, 1, 1)).acked

    assert asyncio.run(trial()) == pytest.approx(200, abs=60)


def test_a_trial_whose_shard_cannot_start_says_so() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        plan = selftest._trial_plan(f"http://127.0.0.1:{closed.getsockname()[1]}", 200.0, 20)
    broken = replace(plan, seed="none")  # type: ignore[arg-type]
    with pytest.raises(StartError, match="trial's shard"):
        asyncio.run(attempt(broken, 0, 0))
