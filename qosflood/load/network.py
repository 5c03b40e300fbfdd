"""What a client's call is like: loss, round trip and the MOS that follows from them.

MOS by the E-model in its simplified transport form: R = 93.2 - Id - Ie,eff (ITU-T G.107; Id for
one-way delay after Cole and Rosenbluth 2001; Ie,eff for Opus-like robustness with Bpl = 20), and
R to MOS by G.107 Annex B.
"""

from dataclasses import dataclass

import numpy as np

from qosflood.load.draws import FloatArray, Purpose, uniform

_BPL = 20.0
_CODEC_DELAY_MS = 40.0


@dataclass(frozen=True, slots=True)
class CallQuality:
    """One interval's figures as a client reports them: MOS 1-4.5, loss in percent, RTT in ms."""

    mos: float
    loss_percent: float
    rtt_ms: float


def mos(loss_percent: FloatArray, rtt_ms: FloatArray) -> FloatArray:
    """MOS (1 to 4.5) for packet loss in percent and round-trip time in milliseconds."""
    delay = rtt_ms / 2 + _CODEC_DELAY_MS
    impairment = 0.024 * delay + 0.11 * np.maximum(delay - 177.3, 0.0)
    equipment = 95.0 * loss_percent / (loss_percent + _BPL)
    r = np.clip(93.2 - impairment - equipment, 0.0, 100.0)
    value: FloatArray = np.clip(1 + 0.035 * r + 7e-6 * r * (r - 60) * (100 - r), 1.0, 4.5)
    return value


def healthy_calls(seed: int, count: int) -> tuple[CallQuality, ...]:
    """`count` intervals of good calls: 15-80 ms round trip, mostly no loss, never over 1%."""
    key = np.arange(count)
    u_rtt = uniform(seed, Purpose.NETWORK, key, 0)
    u_loss = uniform(seed, Purpose.NETWORK, key, 1)
    rtt = np.round(15 + 65 * u_rtt**2, 1)
    loss = np.round(np.maximum(u_loss - 0.6, 0.0) * 2.5, 2)
    quality = np.round(mos(loss, rtt), 2)
    return tuple(
        CallQuality(m, lo, r)
        for m, lo, r in zip(quality.tolist(), loss.tolist(), rtt.tolist(), strict=True)
    )
