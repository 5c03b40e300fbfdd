"""Did capacity change?"""

import pytest
from trial_maker import searched

from qosflood.experiments.capacity.answer import quantiles
from qosflood.experiments.capacity.search import believe
from qosflood.report.compare.capacity_change import change


def band(knee: int) -> tuple[float, ...]:
    trials, _ = searched(lambda load: load > knee)
    belief = believe(trials, 500)
    assert belief is not None
    return quantiles(belief.posterior)


@pytest.mark.parametrize(
    ("new", "verdict"), [(3456, "same"), (3500, "same"), (4500, "more"), (2600, "fewer")]
)
def test_a_change_is_shown_where_the_posteriors_lie_apart(new: int, verdict: str) -> None:
    changed = change(band(3456), band(new))
    assert changed.verdict == verdict
    assert changed.low < changed.mid < changed.high
    assert changed.low < new / 3456 < changed.high
    assert (changed.more > 0.975) == (verdict == "more")
