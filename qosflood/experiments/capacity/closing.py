"""What is tried once the search has its answer: is the target as it was, and does it hold longer?

First the load that was good first is tried again. If it is bad now, twice, the target remembers
what it went through, and the load is halved until it recovers. Then the long flood, at a load below
the interval.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qosflood.experiments.capacity.climb import MOST_VOIDS, Climb
from qosflood.experiments.capacity.trial import Next, Stop, Trial, Try

CONFIRM_SHARE = 0.9
"""The confirmation's load, of the interval's lower end."""
_BADS = 2
"""A long flood that broke a limit is repeated, so that one hiccup does not withdraw the answer."""


@dataclass(frozen=True, slots=True)
class Hysteresis:
    """The first load that was good is bad now; it recovers at a smaller one (None: not even at a
    single client, or it was not tried)."""

    good_before: int
    recovers_at: int | None


def closing_step(trials: Sequence[Trial], low: float) -> Next:
    """What to try after a search; `low` is the interval's lower end in clients."""
    again = _again(trials)
    if again is not None and again.ended is None:
        return Try(again.load, "again")
    load = int(low * CONFIRM_SHARE)
    tried = [one.outcome for one in trials if one.purpose == "confirm"]
    failed = tried.count("bad") >= _BADS or tried.count("void") >= MOST_VOIDS
    if load < 1 or failed or "good" in tried:
        return Stop("done")
    return Try(load, "confirm")


def hysteresis(trials: Sequence[Trial]) -> Hysteresis | None:
    """Whether the target remembers; None if it does not, or nobody looked."""
    again = _again(trials)
    if again is None or not (again.down or again.ended == "floor"):
        return None
    recovered = again.ended == "bracket"
    return Hysteresis(again.first, again.load // 2 if recovered else None)


def confirmed(trials: Iterable[Trial]) -> bool | None:
    """Whether the long flood held, be it when repeated; None without one that says something."""
    outcomes = [one.outcome for one in trials if one.purpose == "confirm"]
    valid = [one for one in outcomes if one != "void"]
    return valid[-1] == "good" if valid else None


def _again(trials: Sequence[Trial]) -> Climb | None:
    """The way back, as a climb that may not go up; None if no load was good before."""
    first = next((one.load for one in trials if one.outcome == "good"), None)
    if first is None:
        return None
    again = Climb(first, first, first)
    for trial in trials:
        if trial.purpose == "again":
            again = again.after(trial)
    return again
