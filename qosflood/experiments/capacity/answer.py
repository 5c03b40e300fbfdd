"""The answer to "how many clients does it carry?", from the trials and why they ended.

Bounds are whole clients, rounded down: a knee between 3 and 4 carries 3.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import Literal

from qosflood.experiments.capacity.closing import Hysteresis, confirmed, hysteresis
from qosflood.experiments.capacity.limits import LimitKnee, give_way
from qosflood.experiments.capacity.posterior import Posterior
from qosflood.experiments.capacity.search import LEVEL, Belief, Settings, believe, judged
from qosflood.experiments.capacity.trial import Figures, Reason, Trial

Ceiling = Literal["target", "generator", "max"]
"""What ended the climb: the target gave way, the generator could do no more, or `--max` held."""
SHARES = tuple(at / 40 for at in range(1, 40))
"""The posterior's quantiles that an answer keeps, 2.5% to 97.5%."""


@dataclass(frozen=True, slots=True)
class Span:
    """An interval. Without `high` it is "at least `low`"; with `high` alone, "fewer than that"."""

    low: float
    mid: float | None
    high: float | None

    def times(self, factor: float) -> "Span":
        """The interval in another unit."""
        mid = None if self.mid is None else self.mid * factor
        return Span(self.low * factor, mid, None if self.high is None else self.high * factor)


@dataclass(frozen=True, slots=True)
class Need:
    """Whether so many clients are carried: `met` is None where neither 99% nor the interval say so.

    `probability` is None for more clients than were tried where no upper bound was found. `targets`
    as large as this one would be needed (extrapolated); None if that is unknown, or one is enough.
    """

    clients: int
    met: bool | None
    probability: float | None
    short_by: int | None
    targets: float | None


@dataclass(frozen=True, slots=True)
class Per1000:
    """What 1,000 clients more take of the target; None is not measured."""

    cores: float | None
    bytes: float | None


@dataclass(frozen=True, slots=True)
class Found:
    """What one search found.

    `level` is the probability that the interval holds the knee; `quantiles` are the posterior's at
    `SHARES`, in clients, None without an upper bound.
    """

    clients: Span
    reports_per_s: Span
    multiple: Span
    ceiling: Ceiling | None
    reason: Reason
    limits: tuple[LimitKnee, ...]
    per_1000_clients: Per1000
    quantiles: tuple[float, ...] | None
    hysteresis: Hysteresis | None = None
    confirmed: bool | None = None
    need: Need | None = None
    level: float = LEVEL


@dataclass(frozen=True, slots=True)
class Answer:
    """The lower of two searches, with both: `filled` is None where none was asked for."""

    lower: Literal["fresh", "filled"]
    fresh: Found
    filled: Found | None = None

    @property
    def found(self) -> Found:
        """The one that counts."""
        return self.filled if self.lower == "filled" and self.filled else self.fresh


def found(
    settings: Settings, trials: Sequence[Trial], reason: Reason, per_client: float
) -> Found | None:
    """What a search says that ended so; None if not one of its trials was good or bad.

    `per_client` is how many reports/s a client sends.
    """
    belief = believe(trials, settings.first, settings.most)
    if belief is None:
        return None
    clients = _clients(belief, reason)
    return Found(
        clients=clients,
        reports_per_s=clients.times(per_client),
        multiple=clients.times(1 / settings.first),
        ceiling=_ceiling(clients, reason),
        reason=reason,
        limits=give_way(trials, settings.first, settings.most),
        per_1000_clients=per_1000(trials),
        quantiles=None if clients.high is None else quantiles(belief.posterior),
        hysteresis=hysteresis(trials),
        confirmed=confirmed(trials),
        need=_need(settings.need, belief, clients, reason),
    )


def combine(fresh: Found, filled: Found | None) -> Answer:
    """The answer is the lower one: by what it carries at least."""
    if filled is not None and filled.clients.low < fresh.clients.low:
        return Answer("filled", fresh, filled)
    return Answer("fresh", fresh, filled)


def quantiles(posterior: Posterior) -> tuple[float, ...]:
    """The posterior as a band: its quantiles at `SHARES`."""
    return tuple(posterior.quantile(share) for share in SHARES)


def per_1000(trials: Sequence[Trial]) -> Per1000:
    """How cores and memory grow with clients, by the median of the slopes between good trials: bad
    ones take what the target has left."""
    good = [one for one in judged(trials) if not one.bad]
    return Per1000(
        cores=_slope(good, lambda figures: figures.cores),
        bytes=_slope(good, lambda figures: figures.rss_bytes),
    )


def _clients(belief: Belief, reason: Reason) -> Span:
    """The interval in whole clients. A generator at its ceiling never found a knee, `--max` that
    held neither."""
    if reason in ("generator", "max"):
        quantile = belief.posterior.quantile(1 - LEVEL)
        return Span(int(min(quantile, belief.held)), None, None)
    mid, high = belief.mid, belief.high
    if high is not None and not belief.held:
        return Span(0, None, math.ceil(high))
    return Span(
        low=int(belief.low),
        mid=None if mid is None else int(mid),
        high=None if high is None else int(high),
    )


def _ceiling(clients: Span, reason: Reason) -> Ceiling | None:
    """None where the search ended before it met one."""
    if reason == "generator":
        return "generator"
    if reason == "max":
        return "max"
    return None if clients.high is None else "target"


def _need(need: int | None, belief: Belief, clients: Span, reason: Reason) -> Need | None:
    if need is None:
        return None
    met = _met(need, clients, reason)
    unknown = clients.high is None and need > belief.greatest
    carried = clients.mid or clients.low
    return Need(
        clients=need,
        met=met,
        probability=None if unknown else belief.enough(need),
        short_by=int(need - carried) if met is False else None,
        targets=need / carried if met is False and carried else None,
    )


def _met(need: int, clients: Span, reason: Reason) -> bool | None:
    """A search that ended otherwise (its width, the budget) says so by its interval."""
    if reason in ("need_met", "need_missed"):
        return reason == "need_met"
    if need <= clients.low:
        return True
    return False if clients.high is not None and need > clients.high else None


def _slope(trials: Sequence[Trial], read: Callable[[Figures], float | None]) -> float | None:
    points = [(one.load, value) for one in trials if (value := read(one.figures)) is not None]
    slopes = [
        (above - below) / (more - less)
        for (less, below), (more, above) in combinations(sorted(points), 2)
        if more > less
    ]
    return 1000 * median(slopes) if slopes else None
