"""Which limit gives first, and which second: each limit's own knee, from the same trials."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from qosflood.experiments.capacity.posterior import Posterior
from qosflood.experiments.capacity.search import Belief, believe_of, judged, prior
from qosflood.experiments.capacity.trial import Trial


@dataclass(frozen=True, slots=True)
class LimitKnee:
    """Where one limit gives, in clients; a limit that held has only a lower bound.

    `times` is the distance from where the first one gives, None if none does.
    """

    limit: str
    low: float
    mid: float | None
    high: float | None
    times: float | None = None

    @property
    def gives(self) -> bool:
        """Whether it was seen to give, rather than only to hold."""
        return self.high is not None

    @property
    def at(self) -> float:
        """Where it gives, in one figure: the middle, or the only bound there is."""
        return self.mid or self.high or self.low


def give_way(trials: Sequence[Trial], first: int, most: int | None = None) -> tuple[LimitKnee, ...]:
    """All limits that were judged, the first to give first; behind them those that only held.

    `first` is 1x in clients, `most` what may be tried at most; both as the search had them.
    """
    trials = judged(trials)
    if not trials:
        return ()
    # A limit may have held at loads far above the search: on the way down another one broke there.
    before = prior(trials, first, most, reach=[one.load for one in trials])
    knees = [
        LimitKnee(name, belief.low, belief.mid, belief.high)
        for name in _names(trials)
        if (belief := _believe(name, trials, before)) is not None
    ]
    knees.sort(key=lambda one: (not one.gives, one.at, one.limit))
    if not knees or not knees[0].gives:
        return tuple(knees)
    return tuple(replace(one, times=one.at / knees[0].at) for one in knees)


def _names(trials: Sequence[Trial]) -> list[str]:
    names = {reading.name for trial in trials for reading in trial.figures.limits}
    return sorted(names.union(*(trial.broken for trial in trials)))


def _believe(name: str, trials: Sequence[Trial], before: Posterior) -> Belief | None:
    """What the trials say of one limit's knee, None if none of them judged it."""
    seen = [(one.load, name in one.broken) for one in trials if _was_judged(name, one)]
    return believe_of(seen, before) if seen else None


def _was_judged(name: str, trial: Trial) -> bool:
    """A trial that an abort limit cut short did not judge the others."""
    readings = [one for one in trial.figures.limits if one.name == name]
    return name in trial.broken or all(one.ok is not None for one in readings)
