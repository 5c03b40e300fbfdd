"""The values of a trial."""

import pytest

from qosflood.experiments.capacity.trial import Reading, Trial


@pytest.mark.parametrize(
    ("op", "value", "threshold", "over"),
    [
        ("<", 300.0, 250.0, 1.2),
        ("<=", 0.0, 250.0, 0.0),
        (">=", 0.8, 0.96, 1.2),
        (">", 0.0, 0.96, None),
        ("<", 3.0, 0.0, None),
        ("==", 1.0, 1.0, None),
        ("<", None, 250.0, None),
        ("<", 1.0, None, None),
    ],
)
def test_a_reading_says_how_near_its_limit_it_came(
    op: str, value: float | None, threshold: float | None, over: float | None
) -> None:
    assert Reading("one", op, value, threshold, ok=None).over == pytest.approx(over)


def test_a_void_trial_is_neither_bad_nor_good() -> None:
    assert not Trial(500, "void", "climb", 0, 5).bad
    assert Trial(500, "bad", "climb", 0, 5).bad


def test_a_trial_ends_after_it_took_its_time() -> None:
    assert Trial(500, "good", "climb", 12, 5).ended_s == 17
