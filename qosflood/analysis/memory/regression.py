"""Memory on sessions, connections and time at once: what one session more takes. Pure.

Memory's lower envelope is modelled as a constant, a part for each connection that is open, one for
the most that were open so far (allocators keep what a closed one took), one for the time, one for
each session, and a warm-up that saturates exponentially. What of the warm-up is known is only that
it slows down, so every one of `_warm_ups` is tried: over the time since the load's start or the
ramp's, or over the reports sent, and at many rates.

- Envelope: of each block of time the sample with the lowest residual counts, found by fitting
  again and again. The lowest sample itself would be the first of a block where memory rises fast.
- Interval for one warm-up: least squares with the variance of Newey and West (Econometrica 55,
  1987), since what a garbage collector leaves goes along with its neighbours, and the critical
  value of Kiefer and Vogelsang (Econometric Theory 21, 2005) for their bandwidth.
- Over all warm-ups: the union over those whose fit is not significantly worse than the best one's
  (Wilks' likelihood ratio with three degrees of freedom), each widened by a share of its own
  growth, because no real heap grows by the formula.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

import numpy as np
import numpy.typing as npt

from qosflood.analysis.memory.trend import Floats

_BLOCKS = 60
LEAST_POINTS = 18
"""Three for each column of the model."""
_ROUNDS = 4
_RATES = 12
_FASTEST, _SLOWEST = 200.0, 1.5
"""A warm-up is over in so small a part of its clock, or not over by its end."""
_WILKS_3 = 11.34
"""Chi-square with three degrees of freedom, 99%: which clock, how fast, how much."""
_MISFIT = 0.2
_LEAST_SPREAD = 0.05
"""An interval is at least so wide to either side: the model is no more exact than that."""
_NOTHING = 1e-9
"""Of a column's length: what is shorter is a rounding error."""

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Observed:
    """Samples in order: seconds since the load's start, bytes, open connections, sessions, and
    `sent`, which grows with the reports sent in any unit. `edges` part the run into phases."""

    times: Floats
    values: Floats
    connections: Floats
    sessions: Floats
    sent: Floats
    edges: tuple[float, ...]

    @property
    def joined(self) -> float:
        """Sessions that joined meanwhile."""
        return float(np.ptp(self.sessions))


@dataclass(frozen=True, slots=True)
class Slope:
    """Bytes for one session more, with its 95% interval; `apart` is the share of how sessions
    varied that neither connections nor time went along with."""

    low: float
    mid: float
    high: float
    apart: float


@dataclass(frozen=True, slots=True)
class _WarmUp:
    """Growth that slows down: `1 - exp(-clock / scale)` at each sample."""

    clock: Floats
    scale: float

    def at(self, points: Indices) -> Floats:
        """How much of it there was at these samples, 0 to 1."""
        return 1.0 - np.exp(-self.clock[points] / self.scale)


@dataclass(frozen=True, slots=True)
class _Fit:
    """The fit with one warm-up; `spread` is half its interval, `misfit` what is added to that."""

    squares: float
    freedom: int
    slope: float
    spread: float
    misfit: float
    apart: float


def per_session(seen: Observed) -> Slope | None:
    """What a session takes; None where too little is known to fit anything."""
    labels = _blocks(seen)
    if len(np.unique(labels)) < LEAST_POINTS:
        return None
    warm_ups = (None, *_warm_ups(seen))
    points = _envelope(seen, labels, warm_ups)
    fits = [fit for warm in warm_ups if (fit := _fit(seen, points, warm)) is not None]
    if not fits:
        return None
    best = min(fits, key=lambda fit: fit.squares)
    bound = best.squares * (1 + _WILKS_3 / best.freedom)
    likely = [fit for fit in fits if fit.squares <= bound]
    least = _LEAST_SPREAD * abs(best.slope)
    return Slope(
        low=min(best.slope - least, *(fit.slope - fit.spread - fit.misfit for fit in likely)),
        mid=best.slope,
        high=max(best.slope + least, *(fit.slope + fit.spread + fit.misfit for fit in likely)),
        apart=min(fit.apart for fit in likely),
    )


def _warm_ups(seen: Observed) -> Iterator[_WarmUp]:
    """Over the time since the load's start, since the ramp's, and over the reports sent."""
    start, end = seen.edges[0], seen.edges[-1]
    clocks = (
        (seen.times, end),
        (seen.times - start, end - start),
        (seen.sent, float(seen.sent[-1])),
    )
    for clock, whole in clocks:
        for part in np.geomspace(_FASTEST, _SLOWEST, _RATES) if whole > 0 else ():
            yield _WarmUp(clock, whole / float(part))


def _blocks(seen: Observed) -> Indices:
    """The number of each sample's block; no block reaches from one phase into the next."""
    length = (seen.edges[-1] - seen.edges[0]) / _BLOCKS
    labels = np.zeros(len(seen.times), dtype=np.int64)
    first = 0
    for start, end in pairwise(seen.edges):
        count = max(int((end - start) // length), 1)
        inside = (seen.times >= start) & (seen.times < end)
        within = (seen.times[inside] - start) / (end - start) * count
        labels[inside] = first + np.minimum(within.astype(np.int64), count - 1)
        first += count
    return labels


def _envelope(seen: Observed, labels: Indices, warm_ups: Sequence[_WarmUp | None]) -> Indices:
    """The sample of each block that lies lowest beside the model."""
    everywhere = np.arange(len(seen.times), dtype=np.int64)
    points = _lowest(labels, seen.values)
    for _ in range(_ROUNDS):
        models = [_model(seen, points, warm) for warm in warm_ups]
        _, warm, weights = min(models, key=lambda model: model[0])
        modelled = _columns(seen, everywhere, warm) @ weights
        points = _lowest(labels, seen.values - modelled)
    return points


def _lowest(labels: Indices, values: Floats) -> Indices:
    order: Indices = np.lexsort((values, labels))
    lowest: Indices = order[np.append(True, np.diff(labels[order]) > 0)]
    return lowest


def _model(
    seen: Observed, points: Indices, warm: _WarmUp | None
) -> tuple[float, _WarmUp | None, Floats]:
    """Sum of squares, the warm-up, and a weight for each column."""
    columns, values = _columns(seen, points, warm), seen.values[points]
    weights, _ = _solved(columns, values)
    return _squared(values - columns @ weights), warm, weights


def _columns(seen: Observed, points: Indices, warm: _WarmUp | None) -> Floats:
    """A column a part of the model, the sessions' the last."""
    most = np.maximum.accumulate(seen.connections)
    parts = [np.ones(len(points)), seen.connections[points], most[points], seen.times[points]]
    if warm is not None:
        parts.append(warm.at(points))
    return np.column_stack([*parts, seen.sessions[points]])


def _solved(columns: Floats, values: Floats) -> tuple[Floats, int]:
    """Weights by least squares, and how many columns are independent."""
    scale = np.abs(columns).max(axis=0)
    scale[scale == 0] = 1.0
    weights, _, rank, _ = np.linalg.lstsq(columns / scale, values, rcond=_NOTHING)
    return weights / scale, int(rank)


def _fit(seen: Observed, points: Indices, warm: _WarmUp | None) -> _Fit | None:
    """The sessions' part beside all others (theorem of Frisch, Waugh and Lovell)."""
    columns, values = _columns(seen, points, warm), seen.values[points]
    others, sessions = columns[:, :-1], columns[:, -1]
    weights, rank = _solved(others, sessions)
    own = sessions - others @ weights
    varied, freedom = _squared(sessions - sessions.mean()), len(points) - rank - 1
    if _squared(own) <= _NOTHING * varied or freedom < 1:
        return None
    slope = float(own @ values) / _squared(own)
    rest = values - slope * sessions
    weights, _ = _solved(others, rest)
    left = rest - others @ weights
    grown = float(abs(weights[-1]) * np.ptp(others[:, -1])) if warm is not None else 0.0
    return _Fit(
        squares=max(_squared(left), 1.0),
        freedom=freedom,
        slope=slope,
        spread=_critical(len(points)) * sqrt(_variance(own, left, freedom)),
        misfit=_MISFIT * grown / max(seen.joined, 1.0),
        apart=_squared(own) / varied,
    )


def _variance(own: Floats, left: Floats, freedom: int) -> float:
    """Newey and West's, never less than that of independent residuals."""
    moments, count, lags = own * left, len(own), _lags(len(own))
    whole = _squared(moments)
    for lag in range(1, lags + 1):
        whole += 2 * (1 - lag / (lags + 1)) * float(moments[lag:] @ moments[:-lag])
    least = max(_squared(moments), _squared(left) / count * _squared(own))
    return max(whole, least) / _squared(own) ** 2 * count / freedom


def _lags(count: int) -> int:
    """Twice what Newey and West (Review of Economic Studies 61, 1994) begin with."""
    return max(2 * int(4 * (count / 100) ** (2 / 9)), 2)


def _critical(count: int) -> float:
    """For 95%, two-sided, with Bartlett's kernel; a tenth more for the few points there are."""
    share = _lags(count) / count
    return 1.1 * (1.96 + 2.9694 * share + 0.416 * share**2 - 0.5324 * share**3)


def _squared(values: Floats) -> float:
    return float(values @ values)
