from hypothesis import given
from hypothesis import strategies as st

from qosflood.base.units import SECOND
from qosflood.lab.collector.state import Aggregates, LastSeen, ManualClock, State


def report(session: str = "a", mos: float = 4.0) -> dict[str, object]:
    return {"sessionId": session, "mos": mos, "packetLoss": 1.0, "roundTripTime": 30.0}


def test_only_the_last_sample_of_a_session_is_kept() -> None:
    state = State(wall_ms=lambda: 17)
    for mos in (1.0, 2.0):
        state.record(report(mos=mos))
    assert state.snapshot() == [{**report(mos=2.0), "observedAt": 17}]
    assert state.reports_total == 2


def test_a_time_of_observation_that_was_sent_is_kept() -> None:
    state = State(wall_ms=lambda: 17)
    state.record({**report(), "observedAt": 3})
    assert state.snapshot()[0]["observedAt"] == 3


def test_means_are_over_sessions_and_zero_without_any() -> None:
    state = State()
    assert state.aggregates() == Aggregates(0.0, 0.0, 0.0, 0)
    for session, mos in (("a", 1.0), ("b", 2.0), ("b", 4.0)):
        state.record(report(session, mos))
    assert state.aggregates() == Aggregates(2.5, 1.0, 30.0, 2)


def test_an_absurd_sample_spoils_the_means_no_longer_than_it_is_held() -> None:
    state = State()
    for mos in (1e308, 4.0):
        state.record(report("a", mos))
        state.record(report("b", mos))
    assert state.aggregates().mos == 4.0


def test_without_a_time_to_live_sessions_are_kept_for_ever() -> None:
    clock = ManualClock()
    state = State(None, clock)
    state.record(report())
    session = state.join()
    clock.advance(10**6 * SECOND)
    assert state.aggregates().count == 1
    assert state.heartbeat(session)


def test_a_session_expires_when_its_last_report_is_as_old_as_the_time_to_live() -> None:
    clock = ManualClock()
    state = State(60 * SECOND, clock)
    state.record(report("a"))
    clock.advance(30 * SECOND)
    state.record(report("b"))
    state.record(report("a"))
    clock.advance(60 * SECOND - 1)
    assert state.aggregates().count == 2
    clock.advance(1)
    assert state.snapshot() == []
    assert state.reports_total == 3


def test_reports_alone_drop_what_expired_so_that_memory_is_bounded_without_scrapes() -> None:
    clock = ManualClock()
    state = State(60 * SECOND, clock)
    for number in range(500):
        state.record(report(f"session-{number}"))
        clock.advance(SECOND)
    assert len(state.samples) == 60


def test_a_joined_session_lives_by_its_heartbeats() -> None:
    clock = ManualClock()
    state = State(60 * SECOND, clock)
    session = state.join()
    for _ in range(3):
        clock.advance(59 * SECOND)
        assert state.heartbeat(session)
    clock.advance(60 * SECOND)
    assert not state.heartbeat(session)
    assert not state.leave(session)


def test_a_session_that_left_is_gone() -> None:
    state = State(60 * SECOND, ManualClock())
    session = state.join()
    assert state.leave(session)
    assert not state.leave(session)
    assert not state.heartbeat(session)


def test_lines_are_numbered_from_one() -> None:
    state = State()
    assert [state.create_production(2), state.create_production(0)] == ["1", "2"]
    lines = [line for line in ("0", "1", "2", "3", "x", "") if state.has_line("1", line)]
    assert lines == ["1", "2"]
    assert not state.has_line("2", "1")
    assert not state.has_line("9", "1")


KEYS = st.sampled_from("abcd")
STEPS = st.lists(st.tuples(st.sampled_from(("touch", "forget")), KEYS, st.integers(0, 5)))


@given(st.integers(1, 10), STEPS)
def test_exactly_those_expire_that_were_not_seen_for_the_time_to_live(
    ttl_ns: int, steps: list[tuple[str, str, int]]
) -> None:
    seen, model, now = LastSeen(ttl_ns), dict[str, int](), 0
    for action, key, gap in steps:
        now += gap
        if action == "touch":
            seen.touch(key, now)
            model[key] = now
        else:
            seen.forget(key)
            model.pop(key, None)
        gone = {name for name, at in model.items() if at + ttl_ns <= now}
        assert set(seen.take_expired(now)) == gone
        model = {name: at for name, at in model.items() if name not in gone}
