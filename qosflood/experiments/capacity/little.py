"""Little's law as a check on the generator: accepted rate x mean service time = what is in flight.

More in flight than that waits in the generator, where no service time counts it; less means that
answers were counted that were not waited for. J. D. C. Little, "A proof for the queuing formula
L = lambda W", Operations Research 9 (1961).
"""

import math
from dataclasses import dataclass

from qosflood.experiments.capacity.trial import Figures

_SHARE = 0.25
"""The law holds within this share of the greater one; a trial of seconds has ragged ends."""
_MOST_ERRORS = 0.05
"""With more failures than this the accepted reports say too little of what is in flight."""
_DEVIATIONS = 4


@dataclass(frozen=True, slots=True)
class Little:
    """What should be in flight, what was, and whether they agree."""

    expected: float
    sampled: float
    holds: bool

    @property
    def queues(self) -> bool:
        """Whether the generator held requests back: then the trial is void."""
        return not self.holds and self.sampled > self.expected


def little(figures: Figures, samples: int) -> Little | None:
    """The check on a trial, in which `samples` samples were taken of what is in flight (as many
    independent counts, which vary by the root of their mean); None if it cannot be made."""
    rate, service_ns = figures.accepted_per_s, figures.service_mean_ns
    sampled = figures.in_flight
    if rate is None or service_ns is None or sampled is None or samples < 1:
        return None
    if figures.errors is None or figures.errors > _MOST_ERRORS:
        return None
    expected = rate * service_ns / 1e9
    greater = max(expected, sampled)
    chance = _DEVIATIONS * math.sqrt(greater / samples)
    return Little(expected, sampled, abs(expected - sampled) <= _SHARE * greater + chance)
