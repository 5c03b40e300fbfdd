"""The fit of the Universal Scalability Law."""

import pytest

from qosflood.analysis.scaling_law import Scaling, fit

LOADS = (500, 1000, 2000, 3000, 4000)


@pytest.mark.parametrize(
    "law", [Scaling(0.2, 0, 0), Scaling(0.2, 1e-4, 0), Scaling(0.2, 1e-4, 5e-8)]
)
def test_a_curve_made_by_the_law_is_fitted_by_it(law: Scaling) -> None:
    found = fit([(load, law.at(load)) for load in LOADS])
    assert found is not None
    assert found.rate == pytest.approx(0.2, rel=1e-3)
    assert found.contention == pytest.approx(law.contention, abs=1e-6)
    assert found.coherence == pytest.approx(law.coherence, abs=1e-10)


def test_the_peak_is_where_more_load_lowers_the_rate() -> None:
    law = Scaling(0.2, 1e-4, 5e-8)
    assert law.peak == pytest.approx(4472, abs=1)
    assert law.at(4472) > max(law.at(4000), law.at(5000))
    assert Scaling(0.2, 1e-4, 0).peak is None


def test_a_curve_that_bends_upwards_has_no_negative_coefficients() -> None:
    found = fit([(load, 0.2 * load * (1 + load / 20_000)) for load in LOADS])
    assert found is not None
    assert (found.contention, found.coherence) == (0, 0)


def test_too_few_distinct_loads_are_not_fitted() -> None:
    assert fit([(500, 100), (1000, 200), (1000, 199), (2000, 400)]) is None
    assert fit([(500, 0.0), *((load, 0.2 * load) for load in LOADS[:3])]) is None
