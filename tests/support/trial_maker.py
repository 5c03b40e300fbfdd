"""Trials of a search, written shortly."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from qosflood.experiments.capacity.search import Settings, next_step
from qosflood.experiments.capacity.trial import Figures, Purpose, Stop, Trial

SETTINGS = Settings(first=500, width=0.07, budget_s=1200, trial_s=7)
OUTCOMES = {"+": "good", "-": "bad", "o": "void"}


def made(words: str, purpose: Purpose = "climb") -> list[Trial]:
    """Trials of 5 s every 7 s: a load and its outcome each, as in "500+ 1000- 1000- 2000o"."""
    trials = []
    for at, word in enumerate(words.split()):
        outcome = OUTCOMES[word[-1]]
        broken = ("response.p99 < 250 ms",) if outcome == "bad" else ()
        trials.append(Trial(int(word[:-1]), outcome, purpose, 7.0 * at, 5.0, broken))
    return trials


def with_figures(trial: Trial, figures: Figures) -> Trial:
    """The trial with what was measured."""
    return replace(trial, figures=figures)


def searched(
    breaks: Callable[[int], bool], settings: Settings = SETTINGS, voids: Sequence[int] = ()
) -> tuple[list[Trial], Stop]:
    """A search against a target that breaks at a load or not; trials of a load in `voids` are
    void."""
    trials: list[Trial] = []
    while not isinstance(step := next_step(settings, trials), Stop):
        outcome = "void" if step.load in voids else "bad" if breaks(step.load) else "good"
        trials.append(Trial(step.load, outcome, step.purpose, 7.0 * len(trials), 5.0))
    return trials, step
