"""Did capacity change? From the posteriors of two answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

LEVEL = 0.95
"""The probability that the interval of a change holds it."""


@dataclass(frozen=True, slots=True)
class CapacityChange:
    """The new capacity as a multiple of the base's, with its interval, and the probability that it
    is greater."""

    low: float
    mid: float
    high: float
    more: float

    @property
    def verdict(self) -> Literal["more", "fewer", "same"]:
        """Same: the interval holds 1, so that no change was shown."""
        if self.low > 1:
            return "more"
        return "fewer" if self.high < 1 else "same"


def change(base: Sequence[float], new: Sequence[float]) -> CapacityChange:
    """How capacity changed, from the quantiles of posteriors at equal steps, each of which is as
    likely as any other; those of several searches follow one another."""
    ratios = np.divide.outer(np.array(new), np.array(base)).ravel()
    low, mid, high = np.quantile(ratios, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2])
    return CapacityChange(float(low), float(mid), float(high), float((ratios > 1).mean()))
