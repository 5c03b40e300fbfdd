"""What trials say of a knee: a posterior over its place, its noise and the share of hiccups.

A trial at load l is bad with the probability g + (1 - g) Phi((ln l - ln K) / s): K is the knee, s
the noise with which it moves from trial to trial, g the share of trials that something else spoils.
The Psi method: L. L. Kontsevich and C. W. Tyler, "Bayesian adaptive estimation of psychometric
slope and threshold", Vision Research 39 (1999); A. B. Watson, "QUEST+", Journal of Vision 17
(2017).
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Seen = tuple[int, bool]
"""A trial's load, and whether it was bad."""

NOISES = (0.01, 0.02, 0.04, 0.08, 0.16)
"""The last is there so that a noise of 8% is not the edge of what is thought possible."""
HICCUPS = (0.02, 0.10)
QUANTILES = (0.10, 0.25, 0.40, 0.50, 0.60, 0.75, 0.90)
"""Where the next load is looked for."""
_KNEES_PER_OCTAVE = 64


@dataclass(frozen=True, slots=True)
class Posterior:
    """Weights, which sum to 1, over knees (equal steps of their logarithm) x noise x hiccups."""

    log_knees: Floats
    weights: Floats

    def after(self, seen: Iterable[Seen]) -> "Posterior":
        """The posterior once these trials are known too."""
        counts = Counter(seen)
        if not counts:
            return self
        loads = sorted({load for load, _ in counts})
        bad = np.array([counts[load, True] for load in loads], dtype=np.float64)
        good = np.array([counts[load, False] for load in loads], dtype=np.float64)
        chance = _chance_bad(loads, self.log_knees)
        logs = np.tensordot(bad, np.log(chance), axes=1)
        logs += np.tensordot(good, np.log(1 - chance + _TINY), axes=1)
        weights = self.weights * np.exp(logs - logs.max())
        return Posterior(self.log_knees, weights / weights.sum())

    def quantile(self, share: float) -> float:
        """The load below which the knee lies with this probability."""
        edges, below = self._below()
        return math.exp(float(np.interp(share, below, edges)))

    def above(self, load: float) -> float:
        """The probability that the knee lies above a load."""
        edges, below = self._below()
        return 1 - float(np.interp(math.log(load), edges, below))

    def information(self, loads: Sequence[int]) -> Floats:
        """How many bits a trial at each of these loads is expected to tell of knee, noise and
        hiccups together."""
        chance = _chance_bad(loads, self.log_knees)
        over = (1, 2, 3)
        mean = (chance * self.weights).sum(axis=over)
        known = (_entropy(chance) * self.weights).sum(axis=over)
        return np.asarray(_entropy(mean) - known)

    def _below(self) -> tuple[Floats, Floats]:
        """Edges of the knees' cells, and the probability that the knee lies below each."""
        step = self.log_knees[1] - self.log_knees[0]
        edges = np.append(self.log_knees - step / 2, self.log_knees[-1] + step / 2)
        below = np.append(0.0, np.cumsum(self.weights.sum(axis=(1, 2))))
        return edges, below


def flat(low: float, high: float) -> Posterior:
    """Before any trial: all knees between two loads are equally likely, by their logarithm."""
    count = math.ceil(math.log2(high / low) * _KNEES_PER_OCTAVE) + 1
    shape = (count, len(NOISES), len(HICCUPS))
    knees = np.linspace(math.log(low), math.log(high), count)
    return Posterior(knees, np.full(shape, 1 / math.prod(shape)))


_TINY = 1e-300
"""Keeps the logarithm of what is impossible finite."""


def _chance_bad(loads: Sequence[int], log_knees: Floats) -> Floats:
    """How likely a trial is bad: loads x knees x noise x hiccups."""
    apart = np.log(np.array(loads, dtype=np.float64))[:, None, None] - log_knees[None, :, None]
    reached = _normal(apart / np.array(NOISES))[..., None]
    hiccups = np.array(HICCUPS)
    return np.asarray(hiccups + (1 - hiccups) * reached)


def _normal(deviations: Floats) -> Floats:
    """The cumulative normal distribution."""
    at, values = _normal_table()
    return np.interp(deviations, at, values)


@cache
def _normal_table() -> tuple[Floats, Floats]:
    """The distribution at steps so small that a straight line between them errs by under 1e-6."""
    at = np.linspace(-9, 9, 7201)
    return at, np.array([(1 + math.erf(one / math.sqrt(2))) / 2 for one in at])


def _entropy(chance: Floats) -> Floats:
    """Bits in what comes out with this probability, or not."""
    other = 1 - chance
    return np.asarray(-chance * np.log2(chance + _TINY) - other * np.log2(other + _TINY))
