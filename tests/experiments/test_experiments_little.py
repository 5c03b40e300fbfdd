"""Little's law as a check on the generator."""

import pytest

from qosflood.experiments.capacity.little import little
from qosflood.experiments.capacity.trial import Figures


def figures(in_flight: float | None, errors: float | None = 0.0) -> Figures:
    """1,000 reports/s of 20 ms each: 20 in flight."""
    return Figures(accepted_per_s=1000, service_mean_ns=20e6, in_flight=in_flight, errors=errors)


@pytest.mark.parametrize(
    ("in_flight", "holds", "queues"),
    [(20, True, False), (24, True, False), (80, False, True), (2, False, False)],
)
def test_what_is_in_flight_is_rate_times_service_time_or_the_generator_queues(
    in_flight: float, holds: bool, queues: bool
) -> None:
    check = little(figures(in_flight), samples=50)
    assert check is not None
    assert check.expected == pytest.approx(20)
    assert (check.holds, check.queues) == (holds, queues)


def test_few_samples_of_little_in_flight_may_miss_by_chance() -> None:
    few = Figures(accepted_per_s=100, service_mean_ns=2e6, in_flight=0.6, errors=0.0)
    check = little(few, samples=5)
    assert check is not None
    assert check.holds


@pytest.mark.parametrize(
    "measured",
    [
        Figures(),
        figures(None),
        figures(20, errors=None),
        # Reports that failed are in flight too, and have no service time.
        figures(200, errors=0.5),
    ],
)
def test_a_trial_without_the_figures_or_full_of_errors_is_not_checked(measured: Figures) -> None:
    assert little(measured, samples=50) is None
    assert little(figures(20), samples=0) is None
