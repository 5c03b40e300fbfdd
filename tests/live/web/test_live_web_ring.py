"""Whoever listens gets what came after the number that was heard last, or begins anew."""

import asyncio

from qosflood.live.web.ring import Ring


def filled(count: int, kept: int = 5) -> Ring:
    ring = Ring(kept)
    for number in range(1, count + 1):
        ring.push(b"%d" % number)
    return ring


def test_a_listener_gets_what_it_has_not_heard_with_its_numbers():
    assert filled(4).after(2) == [(3, b"3"), (4, b"4")]
    assert filled(4).after(4) == []
    assert filled(4).after(0) == [(n, b"%d" % n) for n in range(1, 5)]


def test_a_listener_that_was_away_too_long_begins_anew():
    ring = filled(9)
    assert ring.after(4) == [(n, b"%d" % n) for n in range(5, 10)]
    assert ring.after(3) is None


def test_a_number_from_elsewhere_begins_anew():
    assert filled(3).after(4) is None
    assert filled(0).after(1) is None
    assert filled(0).after(0) == []


def test_whoever_waits_is_woken_by_a_message():
    async def heard() -> list[tuple[int, bytes]] | None:
        ring = Ring()
        asyncio.get_running_loop().call_soon(ring.push, b"now")
        await ring.wait(10.0)
        return ring.after(0)

    assert asyncio.run(heard()) == [(1, b"now")]
