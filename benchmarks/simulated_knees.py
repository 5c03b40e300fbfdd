"""Targets with a knee that is known, for searches that are simulated."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

FIRST = 500
"""Clients at 1x."""
TRIAL_S = 5.0
REST_S = 2.0
EVERY_S = TRIAL_S + REST_S


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of target: knees in multiples of 1x, and what is asked of the search.

    `noise` is the standard deviation of the knee's logarithm from trial to trial, `hiccups` the
    share of trials that something else spoils, `drift` by how much the knee's logarithm changes in
    10 minutes. A second limit has a noise of its own and gives at `second` times the first's knee.
    """

    name: str
    noise: float
    width: float
    hiccups: float = 0.0
    drift: float = 0.0
    knees: tuple[float, float] = (1.5, 64.0)
    second: float | None = None
    most: int | None = None
    first: int = FIRST


KINDS = (
    Kind("sharp", 0.0, 0.05),
    Kind("noise 1%", 0.01, 0.05),
    Kind("noise 3%", 0.03, 0.05),
    Kind("noise 3%", 0.03, 0.07),
    Kind("noise 5%", 0.05, 0.10),
    Kind("noise 8%", 0.08, 0.15),
    Kind("noise 1%, hiccups 10%", 0.01, 0.05, hiccups=0.1),
    Kind("noise 3%, hiccups 10%", 0.03, 0.07, hiccups=0.1),
    Kind("noise 2%, falls by 10% in 10 min", 0.02, 0.07, drift=-0.1),
    Kind("noise 2%, rises by 10% in 10 min", 0.02, 0.07, drift=0.1),
    Kind("noise 3%, two limits at one place", 0.03, 0.07, second=1.0),
    Kind("noise 3%, below 1x", 0.03, 0.07, knees=(1 / 32, 1.0)),
    Kind("noise 3%, 5 to 100 clients", 0.03, 0.07, knees=(0.5, 10.0), first=10),
    Kind("noise 3%, above --max", 0.03, 0.07, knees=(8.0, 32.0), most=4000),
    Kind("noise 3%, around --max", 0.03, 0.07, knees=(6.0, 10.0), most=4000),
)


class Target:
    """A simulated target: is a load too much for it just now?"""

    def __init__(self, kind: Kind, seed: int) -> None:
        low, high = (math.log(one) for one in kind.knees)
        self.kind = kind
        self._draws = Random(seed)
        self._log_knee = math.log(kind.first) + self._draws.uniform(low, high)

    def breaks(self, load: int, at_s: float) -> tuple[str, ...]:
        """The limits that a trial at this load and moment breaks."""
        hiccup = self._draws.random() < self.kind.hiccups
        return tuple(
            f"limit {at}"
            for at, knee in enumerate(self.knees(at_s))
            if hiccup or load > knee * math.exp(self._draws.gauss(0, self.kind.noise))
        )

    def knees(self, at_s: float) -> tuple[float, ...]:
        """The load at which each limit gives at this moment, in half of the trials."""
        first = math.exp(self._log_knee + self.kind.drift * at_s / 600)
        return (first,) if self.kind.second is None else (first, first * self.kind.second)

    def knee(self, at_s: float) -> float:
        """The load at which half of the trials at this moment are bad but for hiccups."""
        first = self.knees(at_s)[0]
        # Both of two limits at one place hold in half of the trials where each does in 0.7071.
        both = self.kind.second == 1
        return first * math.exp(-0.545 * self.kind.noise) if both else first


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search found, and whether that is so. Without an upper end it is "at least", and has
    no `width`. `over` is the greatest load to the knee of its moment, 0 if none was above 1x."""

    covers: bool
    width: float | None
    trials: int
    seconds: float
    over: float


def searched(target: Target, loads: Sequence[int], low: float, high: float | None) -> Searched:
    """A search that tried these loads in turn and gave this interval, to hold its end's knee."""
    knee = target.knee(len(loads) * EVERY_S)
    over = [
        load / target.knee(at * EVERY_S)
        for at, load in enumerate(loads)
        if load > target.kind.first
    ]
    return Searched(
        # So many whole clients are carried as the knee rounded down.
        covers=low <= knee and (high is None or knee < high + 1),
        width=high / low - 1 if high and low else None,
        trials=len(loads),
        seconds=len(loads) * TRIAL_S,
        over=max(over, default=0),
    )
