"""A script of a server's freezes, and the response times computed from it.

Everything is a pure function of moments on the machine's monotonic clock, in nanoseconds.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Script:
    """Frozen for the last `frozen_ns` of every `period_ns`, counted from `zero_ns`."""

    zero_ns: int
    frozen_ns: int
    period_ns: int

    def residual_ns(self, at_ns: int) -> int:
        """How long a report arriving at `at_ns` waits for the freeze to end; 0 outside one."""
        left_ns = self.period_ns - (at_ns - self.zero_ns) % self.period_ns
        return left_ns if left_ns <= self.frozen_ns else 0

    def residuals_ns(self, at_ns: Ints) -> Ints:
        """The same for many moments."""
        left_ns = self.period_ns - (at_ns - self.zero_ns) % self.period_ns
        return np.where(left_ns <= self.frozen_ns, left_ns, 0)

    def next_freeze_ns(self, at_ns: int) -> int:
        """When the first freeze begins that has not begun at `at_ns`."""
        into_ns = (at_ns - self.zero_ns) % self.period_ns
        start_ns = self.period_ns - self.frozen_ns
        return at_ns - into_ns + start_ns + (self.period_ns if into_ns >= start_ns else 0)


def evenly_ns(script: Script, quantile: float) -> float:
    """The `quantile` (0 to 1) of the wait of arrivals spread evenly over whole periods.

    A share f = frozen/period meets a freeze and waits for what is left of it, evenly between 0 and
    `frozen`; the others do not wait. So P(wait > x) = f * (1 - x/frozen).
    """
    share = script.frozen_ns / script.period_ns
    return script.frozen_ns * max(0.0, 1 - (1 - quantile) / share)


def nearest_rank_ns(waits_ns: Ints, quantile: float) -> int:
    """The least wait that at least the share `quantile` of all waits does not exceed."""
    rank = max(1, math.ceil(round(quantile * waits_ns.size, 6)))
    return int(np.partition(waits_ns, rank - 1)[rank - 1])
