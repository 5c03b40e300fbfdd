"""The Universal Scalability Law, fitted to the rate accepted at each load: a picture, no answer.

X(N) = rate N / (1 + contention (N - 1) + coherence N (N - 1)), N clients. N. J. Gunther, "Guerrilla
Capacity Planning" (2007), chapter 5: N / X is a parabola in N, fitted by least squares; a
coefficient that would be negative is none.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
LEAST_LOADS = 4
"""Three coefficients take more distinct loads than that to be a fit."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """A fit: `rate` of one client alone in reports/s, what they queue for (`contention`), and what
    they keep consistent with one another (`coherence`)."""

    rate: float
    contention: float
    coherence: float

    def at(self, load: float) -> float:
        """The accepted rate at a load, in reports/s."""
        crowd = self.contention * (load - 1) + self.coherence * load * (load - 1)
        return self.rate * load / (1 + crowd)

    @property
    def peak(self) -> float | None:
        """The load at which the most is accepted; None if more load never lowers it."""
        if not self.coherence or self.contention >= 1:
            return None
        return math.sqrt((1 - self.contention) / self.coherence)


def fit(points: Sequence[tuple[int, float]]) -> Scaling | None:
    """The law through (clients, reports/s accepted); None with too few distinct loads."""
    points = [(load, rate) for load, rate in points if load > 0 and rate > 0]
    if len({load for load, _ in points}) < LEAST_LOADS:
        return None
    loads = np.array([load for load, _ in points], dtype=np.float64)
    rates = np.array([rate for _, rate in points])
    terms = np.stack([np.ones_like(loads), loads - 1, loads * (loads - 1)], axis=1)
    # Relative errors count, or the greatest loads would be all that is fitted.
    weights = rates / loads
    alone, contended, coherent = _least_squares(terms * weights[:, None], np.ones_like(loads))
    if alone <= 0:
        return None
    return Scaling(1 / alone, contended / alone, coherent / alone)


def _least_squares(terms: Floats, values: Floats) -> tuple[float, float, float]:
    """Coefficients of three terms with the least squared error, of which none is negative."""
    size = np.abs(terms).max(axis=0)
    best: tuple[float, tuple[float, float, float]] = (math.inf, (0, 0, 0))
    for used in product((True, False), repeat=2):
        kept = [0, *(at for at, use in enumerate(used, start=1) if use)]
        found = np.zeros(3)
        found[kept] = np.linalg.lstsq(terms[:, kept] / size[kept], values)[0] / size[kept]
        error = float(((terms @ found - values) ** 2).sum())
        if found.min() >= 0 and error < best[0]:
            best = (error, (float(found[0]), float(found[1]), float(found[2])))
    return best[1]
