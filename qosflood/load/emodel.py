"""MOS out of loss, delay and jitter, by the E-model (ITU-T G.107).

R = 93.2 - Id - Ie,eff, with every other parameter of G.107 at its default. Id, the impairment by
delay, is the fit of Cole and Rosenbluth (Voice over IP performance monitoring, 2001); Ie,eff, the
impairment by loss, is G.107's own with its burst ratio; R to MOS is G.107's Annex B.
"""

import numpy as np

from qosflood.load.draws import FloatArray

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
