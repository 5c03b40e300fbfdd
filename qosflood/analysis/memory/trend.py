"""Does a series grow? Theil-Sen's slope with Sen's confidence interval, and Mann-Kendall's test.

P. K. Sen, "Estimates of the regression coefficient based on Kendall's tau", JASA 63 (1968);
M. G. Kendall, "Rank correlation methods" (variance of S with ties).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_Z_TWO_SIDED_95 = 1.959964
_Z_ONE_SIDED_95 = 1.644854


@dataclass(frozen=True, slots=True)
class Trend:
    """Slope per unit of time with its 95% interval; `rising` by a one-sided test, p < 0.05."""

    low: float
    mid: float
    high: float
    rising: bool


def trend(times: Floats, values: Floats) -> Trend:
    """The trend of at least three values at increasing times."""
    first, second = np.triu_indices(len(values), k=1)
    rises = values[second] - values[first]
    slopes = np.sort(rises / (times[second] - times[first]))
    spread = math.sqrt(_kendall_variance(values))
    score = float(np.sign(rises).sum())
    margin = _Z_TWO_SIDED_95 * spread
    # Sen: the slopes of rank (N - C)/2 and (N + C)/2 + 1, counted from 1.
    low = math.floor((len(slopes) - margin) / 2) - 1
    high = math.ceil((len(slopes) + margin) / 2)
    return Trend(
        low=float(slopes[max(low, 0)]),
        mid=float(np.median(slopes)),
        high=float(slopes[min(high, len(slopes) - 1)]),
        rising=spread > 0 and (score - 1) / spread > _Z_ONE_SIDED_95,
    )


def _kendall_variance(values: Floats) -> float:
    n = len(values)
    _, ties = np.unique(values, return_counts=True)
    tied = float((ties * (ties - 1) * (2 * ties + 5)).sum())
    return max((n * (n - 1) * (2 * n + 5) - tied) / 18, 0.0)
