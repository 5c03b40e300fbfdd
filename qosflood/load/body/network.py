"""What a client's network is like: loss, round trip and jitter, and the MOS that follows.

Loss is a two-state Gilbert-Elliott chain per packet (Gilbert 1960, Elliott 1963): good and bad
stretches of geometric length, each state with a loss of its own. Round trip and jitter wander
around their medians, their logarithms as first-order autoregressions, and rise with the share of
the interval that was bad. MOS is the E-model's. So the figures of a report agree with one another
and vary as calls do.

Figures are drawn beforehand as *paths*: some calls of each class, followed over many intervals. A
client walks along one, a step a report. The hot path pays for a look-up.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from qosflood.base.units import MS
from qosflood.load.schedule.draws import FloatArray, IntArray, Purpose, uniform
from qosflood.plan.plan import NetworkClass

BEST_RATING = 93.2
"""R of a call without delay and loss, every parameter at its default."""


_BPL = 20.0
"""G.107's packet-loss robustness. Own choice for Opus, for which G.113 lists none: codecs that
conceal losses have some 19 (G.729A) to 25 (G.711) there."""


_CODEC_DELAY_MS = 40.0
"""Own choice: a frame of 20 ms, its look-ahead, coding and playing."""


def rating(
    loss_percent: FloatArray, rtt_ms: FloatArray, jitter_ms: FloatArray, burst_ratio: float = 1.0
) -> FloatArray:
    """G.107's R (0 to 93.2).

    The delay from mouth to ear is half the round trip, the codec's, and that of a jitter buffer
    which holds twice the jitter. `burst_ratio` is G.107's BurstR: the mean length of the bursts
    of lost packets over what it would be if as many were lost at random.
    """
    delay = rtt_ms / 2 + _CODEC_DELAY_MS + 2 * jitter_ms
    by_delay = 0.024 * delay + 0.11 * np.maximum(delay - 177.3, 0.0)
    by_loss = 95.0 * loss_percent / (loss_percent / burst_ratio + _BPL)
    r: FloatArray = np.clip(BEST_RATING - by_delay - by_loss, 0.0, 100.0)
    return r


def mos(r: FloatArray) -> FloatArray:
    """MOS (1 to 4.5) of a rating R; bad ones all have 1."""
    value: FloatArray = np.clip(1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r), 1.0, 4.5)
    return value


PATHS = 16
"""Calls drawn per class."""
INTERVALS = 512
"""Intervals of a path; a power of two, so that walking round is a mask."""
PACKETS = 500
"""Audio packets behind an interval's figures: 20 ms each, the last 10 s. The same for every
cadence, because over fewer a single lost packet would read as several percent."""

_NEVER = 1e-9
"""A packet in half a year; a path has 256,000."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Figures of calls, each array of shape (PATHS, INTERVALS): loss in percent, times in ms.

    MOS follows from the other three as they stand here.
    """

    mos: FloatArray
    loss_percent: FloatArray
    rtt_ms: FloatArray
    jitter_ms: FloatArray


def draw_paths(network: NetworkClass, number: int, seed: int) -> Paths:
    """The paths of a run's class `number`."""
    calls = [_Draws(seed, number * PATHS + path) for path in range(PATHS)]
    bad = np.stack([_bad_packets(network, draws) for draws in calls])
    lost = np.stack([_lost(network, *each) for each in zip(bad, calls, strict=True)])
    # A bad stretch is a queue that overflows, or frames sent again: what gets through is late.
    late = 1 + bad / PACKETS
    rtt = network.rtt_ns / MS * np.exp(network.rtt_spread * _wander(network, calls)) * late
    jitter = network.jitter_ns / MS * np.exp(network.rtt_spread * _wander(network, calls)) * late
    loss, rtt, jitter = 100 * lost / PACKETS, np.round(rtt, 1), np.round(jitter, 1)
    quality = mos(rating(loss, rtt, jitter, burst_ratio(network)))
    return Paths(np.round(quality, 2), loss, rtt, jitter)


def mean_loss(network: NetworkClass) -> float:
    """The share of packets that the class loses in the long run."""
    bad = _bad_share(network)
    return bad * network.bad_loss + (1 - bad) * network.good_loss


def burst_ratio(network: NetworkClass) -> float:
    """G.107's BurstR of the chain; 1 where packets are lost independently of each other.

    The mean burst is P(lost) / P(lost, next one not); at random it is 1 / (1 - P(lost)).
    """
    good, bad = network.good_loss, network.bad_loss
    in_bad = (network.bad_packets - 1) * bad * (1 - bad)
    in_good = (network.good_packets - 1) * good * (1 - good)
    between = bad * (1 - good) + good * (1 - bad)
    ends = (in_bad + in_good + between) / (network.good_packets + network.bad_packets)
    # Not 1 - loss: where nearly every packet is lost, that is 0 by rounding.
    kept = mean_loss(replace(network, good_loss=1 - good, bad_loss=1 - bad))
    return mean_loss(network) * kept / ends if ends > 0 else 1.0


def assign_classes(classes: Sequence[NetworkClass], seed: int, numbers: IntArray) -> IntArray:
    """The class of each client by its number: a function of seed and number alone."""
    weights = np.cumsum([network.weight for network in classes])
    draws = uniform(seed, Purpose.NETWORK, numbers, 0) * weights[-1]
    chosen: IntArray = np.searchsorted(weights, draws, side="right")
    return np.minimum(chosen, len(classes) - 1)


def assign_places(seed: int, numbers: IntArray) -> tuple[IntArray, IntArray]:
    """The path each client walks and the interval it starts from."""
    place = (uniform(seed, Purpose.NETWORK, numbers, 1) * (PATHS * INTERVALS)).astype(np.int64)
    return place // INTERVALS, place % INTERVALS


class _Draws:
    """The draws of one call, in the order they are asked for."""

    def __init__(self, seed: int, call: int) -> None:
        self._seed = seed
        self._call = call
        self._series = 0

    def uniform(self, count: int) -> FloatArray:
        """Numbers in [0, 1)."""
        self._series += 1
        key = np.full(1, self._call)
        index = self._series * 2**32 + np.arange(count)
        return uniform(self._seed, Purpose.PATH, key, index)

    def normal(self, count: int) -> FloatArray:
        """Standard normal numbers, after Box and Muller."""
        radius = np.sqrt(-2 * np.log1p(-self.uniform(count)))
        values: FloatArray = radius * np.cos(2 * np.pi * self.uniform(count))
        return values

    def geometric(self, mean: float, count: int) -> FloatArray:
        """Whole numbers from 1: how many trials until the first success of probability 1/mean."""
        if mean <= 1:
            return np.ones(count)
        trials: FloatArray = np.floor(np.log1p(-self.uniform(count)) / np.log1p(-1 / mean)) + 1
        return trials


def _bad_share(network: NetworkClass) -> float:
    return network.bad_packets / (network.good_packets + network.bad_packets)


def _bad_packets(network: NetworkClass, draws: _Draws) -> IntArray:
    """How many packets of each interval met the bad state."""
    edges = np.arange(INTERVALS + 1) * PACKETS
    count = _surely(edges[-1] / (network.good_packets + network.bad_packets))
    good = draws.geometric(network.good_packets, count)
    bad = draws.geometric(network.bad_packets, count)
    if draws.uniform(1)[0] < _bad_share(network):
        # The call begins in a bad stretch; what is left of one is as long as a whole one.
        good[0] = 0
    # At the end of each good and each bad stretch in turn: packets so far, and bad ones of them.
    so_far = np.cumsum(np.stack((good, bad), axis=1))
    bad_so_far = np.cumsum(np.stack((np.zeros_like(bad), bad), axis=1))
    at_edges = np.interp(edges, np.append(0, so_far), np.append(0, bad_so_far))
    counts: IntArray = np.diff(at_edges).astype(np.int64)
    return counts


def _lost(network: NetworkClass, bad: IntArray, draws: _Draws) -> IntArray:
    """How many packets of each interval were lost, given how many of them were bad."""
    return _lost_of(bad, network.bad_loss, draws) + _lost_of(
        PACKETS - bad, network.good_loss, draws
    )


def _lost_of(packets: IntArray, share: float, draws: _Draws) -> IntArray:
    """How many of each interval's packets are lost, each with the probability `share`.

    From one lost packet to the next it is geometrically far, on a clock that counts only these.
    """
    if share < _NEVER:
        return np.zeros_like(packets)
    ends = np.cumsum(packets)
    at = np.cumsum(draws.geometric(1 / share, _surely(ends[-1] * share)))
    return np.diff(np.searchsorted(at, ends, side="right"), prepend=0)


def _surely(mean: float) -> int:
    """A number that a count of independent events with this mean will hardly ever exceed."""
    return int(mean + 10 * mean**0.5) + 64


def _wander(network: NetworkClass, calls: Sequence[_Draws]) -> FloatArray:
    """Standard normal series, from one interval to the next correlated as the class says."""
    values = np.stack([draws.normal(INTERVALS) for draws in calls])
    values[:, 1:] *= np.sqrt(1 - network.correlation**2)
    for i in range(1, INTERVALS):
        values[:, i] += network.correlation * values[:, i - 1]
    return values
