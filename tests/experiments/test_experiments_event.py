"""What an event leaves behind."""

import pytest

from qosflood.experiments.capacity.event import memory_after, sessions_of


def test_an_event_has_a_session_for_each_lifetime_of_each_client() -> None:
    assert sessions_of(40_000, 6 * 3600, 20 * 60) == 720_000
    # An event that is over before a session is has one for each client.
    assert sessions_of(500, 60, 1200) == 500


def test_memory_after_an_event_goes_on_in_a_straight_line() -> None:
    after = memory_after(720_000, 100_000, 150e6, 250e6, limit_bytes=1e9)
    assert after.bytes == pytest.approx(870e6)
    assert after.share == pytest.approx(0.87)
    assert memory_after(2_000_000, 100_000, 150e6, 250e6, 1e9).share == pytest.approx(2.15)


def test_a_target_that_keeps_nothing_needs_no_more_and_without_a_limit_there_is_no_share() -> None:
    after = memory_after(720_000, 100_000, 150e6, 140e6, limit_bytes=None)
    assert after.bytes == 150e6
    assert after.share is None
