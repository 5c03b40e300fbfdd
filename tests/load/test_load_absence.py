"""What the shard's own absence excuses, and what not."""

import pytest
from load_doubles import ACCEPTED, Rig, answer

from qosflood.base.units import MS, SECOND
from qosflood.journal.records import CUT_OFF, NOT_SENT, OWN_ABSENCE, Outcome
from qosflood.load.absence import LEAST_NS, Absences
from qosflood.load.client.shared import NEVER
from qosflood.plan.plan import Retries

TIMEOUT = 2 * SECOND
MISSED, UNSENT = OWN_ABSENCE[Outcome.TIMEOUT], OWN_ABSENCE[Outcome.UNSENT]


def absent(from_ns: int, until_ns: int, timeout_ns: int = TIMEOUT) -> Absences:
    absences = Absences(timeout_ns)
    absences.expect(from_ns)
    assert absences.present(until_ns, NEVER)
    return absences


@pytest.mark.parametrize("outcome", [Outcome.TIMEOUT, Outcome.UNSENT])
@pytest.mark.parametrize(
    ("due_s", "excused"),
    [
        (9.9, True),  # its deadline came meanwhile
        (10.5, True),
        (13.0, True),
        (7.9, False),  # its deadline had passed before
        (13.3, False),
    ],
)
def test_what_came_due_or_had_its_deadline_meanwhile_is_excused(outcome, due_s, excused):
    absences = absent(10 * SECOND, 13 * SECOND + 200 * MS)
    reason = absences.excuse(outcome, round(due_s * SECOND), 16 * SECOND)
    assert reason == (OWN_ABSENCE[outcome] if excused else None)


def test_a_report_with_time_left_after_a_short_absence_is_the_targets():
    absences = absent(10 * SECOND, 11 * SECOND)
    assert absences.excuse(Outcome.TIMEOUT, round(9.5 * SECOND), 12 * SECOND) is None


@pytest.mark.parametrize(
    "outcome",
    [Outcome.REJECTED, Outcome.BAD_RESPONSE, Outcome.CONNECTION_LOST, Outcome.CONNECT_ERROR],
)
def test_what_the_target_answered_or_refused_is_its_own(outcome):
    absences = absent(10 * SECOND, 13 * SECOND)
    assert absences.excuse(outcome, 11 * SECOND, 14 * SECOND) is None


def test_a_short_stall_is_no_absence_unless_the_timeout_is_as_short():
    stalled = Absences(TIMEOUT)
    stalled.expect(10 * SECOND)
    assert not stalled.present(10 * SECOND + LEAST_NS - 1, NEVER)
    assert stalled.excuse(Outcome.TIMEOUT, 10 * SECOND + 1, 13 * SECOND) is None
    assert absent(10 * SECOND, 10 * SECOND + 60 * MS, timeout_ns=100 * MS)


def test_an_absence_counts_before_the_shard_has_taken_stock_of_it():
    absences = Absences(TIMEOUT)
    absences.expect(10 * SECOND)
    assert absences.excuse(Outcome.TIMEOUT, 11 * SECOND, 14 * SECOND) == MISSED


def test_a_shard_that_stays_behind_its_schedule_is_absent_all_that_time():
    absences = Absences(TIMEOUT)
    for beat in range(10, 20):
        absences.expect(beat * SECOND)
        assert absences.present(beat * SECOND, (beat - 3) * SECOND)
    assert absences.between(10 * SECOND, 18 * SECOND) == 8 * SECOND
    assert absences.excuse(Outcome.UNSENT, 15 * SECOND, 19 * SECOND) == UNSENT


def test_absences_that_no_open_report_can_meet_are_forgotten():
    absences = Absences(TIMEOUT)
    for at_s in range(0, 1000, 10):
        absences.expect(at_s * SECOND)
        assert absences.present((at_s + 1) * SECOND, NEVER)
    assert absences.between(0, 900 * SECOND) == 0
    assert absences.between(990 * SECOND, 1000 * SECOND) == SECOND


@pytest.mark.parametrize("outcome", list(OWN_ABSENCE))
def test_a_machine_that_slept_excuses_every_silence_of_reports_that_were_open(outcome):
    absences = Absences(TIMEOUT)
    absences.expect(10 * SECOND)
    assert absences.present(10 * SECOND + MS, NEVER, slept_ns=3600 * SECOND)
    assert absences.excuse(outcome, 9 * SECOND, 11 * SECOND) == OWN_ABSENCE[outcome]
    assert absences.excuse(outcome, 11 * SECOND, 12 * SECOND) is None


def frozen(rig: Rig, ns: int) -> None:
    """The shard stands still for so long, and comes back."""
    rig.shared.absences.expect(rig.clock.now_ns())
    rig.advance(ns)
    rig.shared.absences.present(rig.clock.now_ns(), NEVER)


@pytest.mark.parametrize("pool", [0, 1])
def test_reports_that_were_due_meanwhile_and_are_answered_too_late_are_nobodys_failure(pool):
    rig = Rig(timeout_ns=TIMEOUT, pool=pool)
    connection = rig.pool.connections[0] if rig.pool else rig.client
    if rig.pool:
        rig.pool.open()
        rig.connect(connection)
    else:
        rig.joined()
    frozen(rig, 3 * SECOND)
    rig.due(ago_ns=2900 * MS)
    rig.due(ago_ns=2500 * MS)
    connection.data_received(ACCEPTED)
    rig.sweep()
    assert rig.outcomes == {"timeout": 1, "unsent": 1}
    assert rig.bucket.errors == {MISSED: 1, UNSENT: 1}


def test_an_answer_that_lay_in_the_buffer_over_the_deadline_is_nobodys_failure():
    rig = Rig(timeout_ns=TIMEOUT)
    rig.joined()
    rig.due()
    rig.advance(MS)
    frozen(rig, 3 * SECOND)
    rig.client.data_received(ACCEPTED)
    assert rig.bucket.errors == {MISSED: 1}


def test_a_refusal_after_an_absence_is_the_targets():
    rig = Rig(timeout_ns=TIMEOUT)
    rig.joined()
    frozen(rig, SECOND)
    rig.due(ago_ns=900 * MS)
    rig.client.data_received(answer(503))
    assert rig.bucket.errors == {"status 503": 1}


def test_an_attempt_has_its_whole_time_beside_an_absence():
    retries = Retries(most=2, on=("timeout",), jitter=False, attempt_timeout_ns=SECOND)
    rig = Rig(retries=retries)
    rig.joined()
    rig.due()
    rig.advance(100 * MS)
    frozen(rig, 3 * SECOND)
    rig.sweep()
    assert not rig.bucket.retried
    rig.client.data_received(ACCEPTED)
    assert rig.outcomes == {"acked": 1}


def test_what_a_stop_ends_stays_what_the_stop_ended():
    rig = Rig(timeout_ns=TIMEOUT)
    rig.joined()
    rig.due()
    rig.due()
    frozen(rig, SECOND)
    rig.stop()
    rig.sweep(limit_ns=NEVER)
    assert rig.bucket.errors == {NOT_SENT: 1, CUT_OFF: 1}


@pytest.mark.parametrize("pool", [0, 1])
def test_a_stop_ends_only_what_still_had_time(pool):
    rig = Rig(timeout_ns=TIMEOUT, pool=pool)
    rig.due(ago_ns=3 * SECOND)
    rig.due(ago_ns=SECOND)
    rig.stop()
    if rig.pool:
        rig.pool.halt(rig.clock.now_ns())
    assert rig.bucket.errors == {"deadline passed before sending": 1, NOT_SENT: 1}
