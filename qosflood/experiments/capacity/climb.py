"""The first part of a search: up by doubling until a load is bad twice, or down by halves.

A climb is a fold over its trials, so it can be resumed from a journal.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from qosflood.experiments.capacity.trial import Reason, Trial

MOST_VOIDS = 3
"""A void trial is repeated twice; the third says that the generator cannot do this load."""
_BADS = 2
"""A bad step up is repeated, so that one hiccup does not end the climb."""


@dataclass(frozen=True, slots=True)
class Climb:
    """Where a climb stands: the `load` to try next, or the one that ended it.

    `ended` says how: at a `bracket` (a load that was bad, and its half that was not), at the most
    that may be asked, at the generator's ceiling, or at a single client. None: it goes on.
    """

    load: int
    first: int
    most: int | None
    ended: Literal["bracket"] | Reason | None = None
    down: bool = False
    bads: int = 0
    voids: int = 0

    def after(self, trial: Trial) -> "Climb":
        """The climb once this trial is known too."""
        if self.ended is not None:
            return self
        if trial.outcome == "void":
            voids = self.voids + 1
            return replace(self, voids=voids, ended="generator" if voids >= MOST_VOIDS else None)
        return self._after_bad() if trial.bad else self._after_good()

    def _after_good(self) -> "Climb":
        if self.down:
            return replace(self, load=2 * self.load, ended="bracket")
        if self.most is not None and self.load >= self.most:
            return replace(self, ended="max")
        return self._at(2 * self.load)

    def _after_bad(self) -> "Climb":
        # On the way down every bad trial halves the load: what overshoots is found by the search.
        if self.bads + 1 < _BADS and (not self.down or self.load == 1):
            return replace(self, bads=self.bads + 1, voids=0)
        if self.load == 1:
            return replace(self, ended="floor")
        if self.down or self.load == self.first:
            return replace(self._at(self.load // 2), down=True)
        return replace(self, ended="bracket")

    def _at(self, load: int) -> "Climb":
        load = load if self.most is None else min(load, self.most)
        return replace(self, load=load, bads=0, voids=0)


def climbed(first: int, most: int | None, trials: Iterable[Trial]) -> Climb:
    """Where a climb from `first` clients (1x) to at most `most` stands after its trials."""
    first = first if most is None else min(first, most)
    climb = Climb(first, first, most)
    for trial in trials:
        if trial.purpose == "climb":
            climb = climb.after(trial)
    return climb


def ladder(first: int, most: int) -> tuple[int, ...]:
    """The loads that a climb tries if all are good."""
    loads = [min(first, most)]
    while loads[-1] < most:
        loads.append(min(2 * loads[-1], most))
    return tuple(loads)
