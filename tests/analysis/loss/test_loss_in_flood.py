"""What snapshots of the flood add to those of its end."""

from dataclasses import replace

import pytest
from loss_maker import OVER, READBACK, found, read, sent, twice

from qosflood.base.units import SECOND

LAST = {f"qosflood-test-{n}-0": 30_000 for n in range(10)}
AT_END = (sent(*((name, ms, ms) for name, ms in LAST.items()), t=OVER),)
ACKED = {f"qosflood-test-{n}-0": 10_000 + 500 * n for n in range(10)}
"""What had been accepted at the look: a report every half second, of each session one."""


def at_look(number=1, acked=ACKED, t=15 * SECOND, shard=0):
    sessions = [(name, ms, ms) for name, ms in acked.items()]
    return replace(sent(*sessions, t=t, shard=shard), look=number)


def seen(held, number=1, t=16 * SECOND, reason=None):
    return replace(read(held, t=t, reason=reason), look=number)


def result(*looks, marks=None):
    marks = (at_look(),) if marks is None else marks
    return found(READBACK, sent=(*marks, *AT_END), read_back=(*looks, *twice(LAST)))


def test_what_was_there_in_the_flood_too_is_said():
    there = result(seen(ACKED, 0, t=5 * SECOND), seen(ACKED))
    assert (there.verdict, there.reason) == (
        "ok",
        "10 of 10 sampled sessions hold their last report, as they did at 1 moment of the "
        "flood; earlier reports were not checked",
    )
    marks = (at_look(), at_look(2, t=20 * SECOND))
    newer = {name: ms + 3_000 for name, ms in ACKED.items()}
    twice_there = result(seen(ACKED), seen(newer, 2, t=21 * SECOND), marks=marks)
    assert "as they did at 2 moments of the flood" in twice_there.reason
    assert "of the flood" not in result().reason


@pytest.mark.parametrize("lost", [4_000, None])
def test_an_older_report_than_the_accepted_one_is_a_doubt_where_newer_ones_are_there(lost):
    held = dict(ACKED)
    for n in (3, 5):
        name = f"qosflood-test-{n}-0"
        held.pop(name) if lost is None else held.update({name: held[name] - lost})
    doubted = result(seen(held))
    assert (doubted.verdict, doubted.missing) == ("inconclusive", None)
    assert "but at 1 moment of the flood 2 of 10 sampled sessions" in doubted.reason
    assert doubted.reason.endswith("dropped, or stored late")


def test_a_snapshot_that_is_behind_as_a_whole_accuses_nobody():
    """Nothing of the last two seconds is in it yet."""
    behind = {name: ms - 5_000 * (ms > 12_000) for name, ms in ACKED.items()}
    assert result(seen(behind)).verdict == "ok"
    rendered = {name: ms - 5_000 for name, ms in ACKED.items()}
    assert result(seen(rendered)).verdict == "ok"


def test_sessions_that_expired_or_were_renewed_meanwhile_accuse_nobody():
    expired = {name: ms for name, ms in ACKED.items() if ms > 12_000}
    assert result(seen(expired)).verdict == "ok"
    renewed = dict(ACKED)
    renewed["qosflood-test-3-1"] = renewed.pop("qosflood-test-3-0")
    assert result(seen(renewed)).verdict == "ok"


def test_a_look_that_failed_or_came_before_a_shard_had_reported_says_nothing():
    nothing = {}
    for look, marks in (
        (seen(nothing), (at_look(),)),
        (seen({"qosflood-test-9-0": 14_500}, reason="cut short"), (at_look(),)),
        (seen({"qosflood-test-9-0": 14_500}), (at_look(t=17 * SECOND),)),
        (seen({"qosflood-test-9-0": 14_500}), (at_look(2),)),
    ):
        quiet = result(look, marks=marks)
        assert (quiet.verdict, "of the flood" in quiet.reason) == ("ok", False)


def test_what_was_seen_in_the_flood_alone_does_not_stand_for_the_end():
    only = found(READBACK, sent=(at_look(), *AT_END), read_back=(seen(ACKED),))
    assert (only.verdict, only.reason) == ("unmeasured", "sessions were not read back")
