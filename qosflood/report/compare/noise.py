"""The noise between runs: by how much two means can differ although nothing changed.

With three bases or more the interval is the prediction interval of a normal sample with a moderated
variance: G. J. Hahn and W. Q. Meeker, "Statistical Intervals" (1991), chapter 4; G. K. Smyth,
"Linear models and empirical Bayes methods", SAGMB 3 (2004): s² = (d0 s0² + d S²) / (d0 + d) with
d0 + d degrees of freedom. Three runs alone determine their spread only to within a factor of six.

A comparison judges a dozen figures at once, and one false result makes all of it false. So the
level is shared among the groups of figures that move on their own (Bonferroni).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

ENOUGH = 3
"""From this many bases on, the noise between runs is measured."""
PRIOR_DOF = 8
PRIOR_SHARE = 0.29
"""Of the band of a single base (14%, a logarithm of 0.131, for latency): 3.8%, as runs of one build
on one machine differ by 3 to 5%. Set by simulation; see docs/compare.md."""
GROUPS = 6
"""Times, their tail, scrapes, memory, CPU, and shares with recovery: figures of one group move
together, or hardly ever."""
_ALONE = NormalDist().inv_cdf(1 - 0.05 / 2)
_AMONG_ALL = NormalDist().inv_cdf(1 - 0.05 / 2 / GROUPS)


@dataclass(frozen=True, slots=True)
class Reading:
    """A run's value in the figure's scale; `error` is its noise within the run, None: unknown."""

    value: float
    error: float | None = None
    dof: float = math.inf


@dataclass(frozen=True, slots=True)
class Judged:
    """The difference of two means, the half of its interval, and the least difference that is
    more than noise. `within` says whether the interval contains the noise within the runs."""

    difference: float
    half: float
    band: float
    within: bool


def judged(base: Sequence[Reading], new: Sequence[Reading], lone: float) -> Judged:
    """Base against new; `lone` is the band where the noise between runs is unknown."""
    difference = _mean(new) - _mean(base)
    error, known = _error_within(base, new)
    half = t_quantile(_dof(base, new)) * error
    if len(base) < ENOUGH:
        half = math.hypot(half, max(one.value for one in base) - min(one.value for one in base))
        return Judged(difference, half, max(lone, half), known)
    error = max(error, _error_between(base, new, lone))
    half = t_quantile(PRIOR_DOF + len(base) + len(new) - 2, _AMONG_ALL) * error
    return Judged(difference, half, half, known)


def _mean(readings: Sequence[Reading]) -> float:
    return sum(one.value for one in readings) / len(readings)


def _error_within(base: Sequence[Reading], new: Sequence[Reading]) -> tuple[float, bool]:
    """The difference's standard error by the noise within the runs, and whether all know theirs."""
    variance = sum(
        sum((one.error or 0.0) ** 2 for one in side) / len(side) ** 2 for side in (base, new)
    )
    return math.sqrt(variance), all(one.error is not None for one in (*base, *new))


def _dof(base: Sequence[Reading], new: Sequence[Reading]) -> float:
    return min(one.dof for one in (*base, *new))


def _error_between(base: Sequence[Reading], new: Sequence[Reading], lone: float) -> float:
    dof = len(base) + len(new) - 2
    squares = sum(float(np.var([one.value for one in side])) * len(side) for side in (base, new))
    within = [(one.error or 0.0) ** 2 for one in (*base, *new)]
    prior = (PRIOR_SHARE * lone) ** 2 + sum(within) / len(within)
    moderated = (PRIOR_DOF * prior + squares) / (PRIOR_DOF + dof)
    return math.sqrt(moderated * (1 / len(base) + 1 / len(new)))


def t_quantile(dof: float, normal: float = _ALONE) -> float:
    """Student's t where the normal distribution has `normal`, by itself at 97.5%; M. Abramowitz and
    I. A. Stegun, 26.7.5: within 1% from 2 degrees of freedom on, at 99.5% from 5 on."""
    if math.isinf(dof):
        return normal
    if dof < 2:
        return 12.706 if dof <= 1 else 12.706 + (dof - 1) * (4.303 - 12.706)
    z, squared = normal, normal * normal
    first = z * (squared + 1) / 4
    second = z * ((5 * squared + 16) * squared + 3) / 96
    third = z * (((3 * squared + 19) * squared + 17) * squared - 15) / 384
    fourth = z * ((((79 * squared + 776) * squared + 1482) * squared - 1920) * squared - 945)
    return z + first / dof + second / dof**2 + third / dof**3 + fourth / 92_160 / dof**4
