"""Which load to try next, and when to stop: a pure function of the trials so far."""

from collections.abc import Sequence
from dataclasses import dataclass

from qosflood.experiments.capacity.climb import MOST_VOIDS, Climb, climbed
from qosflood.experiments.capacity.posterior import QUANTILES, Posterior, Seen, flat
from qosflood.experiments.capacity.trial import Next, Reason, Stop, Trial, Try

LEVEL = 0.95
"""The probability that an interval holds the knee, or that a bound holds."""
LEAST_TRIALS = 8
"""A search goes on for as many trials, however narrow the interval is."""
_PURPOSES = ("climb", "search")
_WELL_BELOW = 0.9
_MOST_BAD_BELOW = 3
"""If every trial since the climb was bad, as many of them well below a load that had held, then the
target is not what it was, and a knee between both would be none."""
_DECIDED = 0.99
"""How sure a search has to be of `--need` to end early."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is asked: loads in clients, times in seconds.

    `first` is 1x, `width` the interval's, relative to its lower end, `trial_s` how long a trial and
    the rest before it take, `most` the greatest load that may be tried.
    """

    first: int
    width: float
    budget_s: float
    trial_s: float
    need: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Belief:
    """What the trials of climb and search say; `greatest` is the greatest load among them, above
    which nothing is known, and `held` the greatest that was good (0: none)."""

    posterior: Posterior
    greatest: int
    held: int

    @property
    def open(self) -> bool:
        """Whether the trials set no upper bound: then it is the prior's end that does."""
        return self.posterior.quantile((1 + LEVEL) / 2) > 2**0.5 * self.greatest

    @property
    def low(self) -> float:
        """The interval's lower end; without an upper one a bound of the same level, at most the
        load that was seen to hold. 0 if none was."""
        if not self.held:
            return 0.0
        if self.open:
            return min(self.posterior.quantile(1 - LEVEL), self.held)
        return self.posterior.quantile((1 - LEVEL) / 2)

    @property
    def mid(self) -> float | None:
        """The median, None without both bounds."""
        return None if self.open or not self.held else self.posterior.quantile(0.5)

    @property
    def high(self) -> float | None:
        """The interval's upper end, None without one."""
        return None if self.open else self.posterior.quantile((1 + LEVEL) / 2)

    def enough(self, load: int) -> float:
        """The probability that so many clients are carried. What lies above the greatest load tried
        is as likely as that load: nothing was seen there."""
        return self.posterior.above(min(load, self.greatest))


def believe(trials: Sequence[Trial], first: int, most: int | None = None) -> Belief | None:
    """What the trials of climb and search say; None if not one of them was good or bad."""
    seen = judged(trials)
    if not seen:
        return None
    return believe_of([(one.load, one.bad) for one in seen], prior(seen, first, most))


def judged(trials: Sequence[Trial]) -> list[Trial]:
    """Those of climb and search that say something of the target."""
    return [one for one in trials if one.outcome != "void" and one.purpose in _PURPOSES]


def prior(
    seen: Sequence[Trial], first: int, most: int | None, reach: Sequence[int] = ()
) -> Posterior:
    """From a quarter of the load that ended the climb to twice that load, or to twice a greater one
    that the search tried since; at least to twice each load in `reach`."""
    climb = climbed(first, most, seen)
    anchor = climb.load if climb.ended == "bracket" else seen[-1].load
    since = (one.load for one in seen if one.purpose == "search")
    return flat(anchor / 4, 2 * max([anchor, *since, *reach]))


def believe_of(seen: Sequence[Seen], before: Posterior) -> Belief:
    """What at least one trial says, beginning with a prior."""
    return Belief(
        before.after(seen),
        greatest=max(load for load, _ in seen),
        held=max((load for load, bad in seen if not bad), default=0),
    )


def next_step(settings: Settings, trials: Sequence[Trial]) -> Next:
    """What to do after these trials of one search, in their order. What was tried after it does not
    count, so that a search that is over stays over."""
    trials = [one for one in trials if one.purpose in _PURPOSES]
    climb = climbed(settings.first, settings.most, trials)
    belief = believe(trials, settings.first, settings.most)
    if climb.ended in ("max", "generator", "floor"):
        return Stop(climb.ended)
    reason = _reason(settings, trials, climb, belief)
    if reason is not None:
        return Stop(reason)
    if climb.ended is None or belief is None:
        return Try(climb.load, "climb")
    return Try(_telling_load(settings, belief), "search")


def _reason(
    settings: Settings, trials: Sequence[Trial], climb: Climb, belief: Belief | None
) -> Reason | None:
    """Why to stop here, if at all."""
    if belief is not None:
        bracketed = climb.ended == "bracket"
        decided = _decided(settings, belief, bracketed)
        if decided is not None:
            return decided
        if bracketed:
            found = _found(settings, trials, belief)
            if found is not None:
                return found
    return None if _fits(settings, trials) else "budget"


def _decided(settings: Settings, belief: Belief, bracketed: bool) -> Reason | None:
    """Whether the trials say plainly that the need is met or missed. That it is missed is not said
    while the climb goes on."""
    if settings.need is None:
        return None
    enough = belief.enough(settings.need) if settings.need <= belief.greatest or bracketed else 0.5
    if enough >= _DECIDED:
        return "need_met"
    return "need_missed" if bracketed and enough <= 1 - _DECIDED else None


def _found(settings: Settings, trials: Sequence[Trial], belief: Belief) -> Reason | None:
    """Whether the knee is known well enough, or lies where nothing may be tried."""
    if _voids(trials) >= MOST_VOIDS:
        return "generator"
    if _gave_up(trials, belief.held):
        return "not_recovered"
    if settings.most is not None and belief.posterior.above(settings.most) >= LEVEL:
        return "max"
    if sum(one.outcome != "void" for one in trials) < LEAST_TRIALS or belief.high is None:
        return None
    narrow = belief.high <= belief.low * (1 + settings.width)
    # Between two neighbouring numbers of clients nothing is left to try.
    return "width" if narrow or int(belief.high) - int(belief.low) <= 1 else None


def _gave_up(trials: Sequence[Trial], held: int) -> bool:
    """Whether the target, since the climb, carries nothing of what it carried well before."""
    since = [one for one in judged(trials) if one.purpose == "search"]
    below = sum(one.load <= _WELL_BELOW * held for one in since)
    return below >= _MOST_BAD_BELOW and all(one.bad for one in since)


def _voids(trials: Sequence[Trial]) -> int:
    """How many trials at the last load were void in a row."""
    voids = 0
    for trial in reversed(trials):
        if trial.outcome != "void" or trial.load != trials[-1].load:
            break
        voids += 1
    return voids


def _fits(settings: Settings, trials: Sequence[Trial]) -> bool:
    spent_s = max((one.ended_s for one in trials), default=0.0)
    return spent_s + settings.trial_s <= settings.budget_s


def _telling_load(settings: Settings, belief: Belief) -> int:
    """The load that is expected to tell most, at most twice what was seen to hold."""
    bounds = [2 * belief.held or belief.greatest, settings.most or belief.greatest * 2]
    around = {round(belief.posterior.quantile(share)) for share in QUANTILES}
    loads = sorted({min(max(load, 1), *bounds) for load in around})
    return loads[int(belief.posterior.information(loads).argmax())]
