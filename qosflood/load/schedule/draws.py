"""Random draws that are functions of their keys, so that any part can be computed anywhere.

The generator is SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
2014), used as a hash: the same seed, purpose and keys give the same number in every shard.
"""

from enum import IntEnum

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_ALL_BITS = 0xFFFFFFFFFFFFFFFF


class Purpose(IntEnum):
    """What a draw is for; draws for different purposes are independent."""

    PHASE = 1
    JITTER = 2
    NETWORK = 3
    LIFETIME = 4
    STARTUP = 5
    PATH = 6
    STORM = 7
    RETURN = 8
    STREAM = 9
    IDENTITY = 10


def uniform(seed: int, purpose: Purpose, key: IntArray, index: IntArray | int = 0) -> FloatArray:
    """Numbers in [0, 1), one for each `key` (and `index`, broadcast against it)."""
    root = np.uint64((seed ^ (int(purpose) * 0x5851F42D4C957F2D)) & _ALL_BITS)
    with np.errstate(over="ignore"):
        state = _mix(root + (key.astype(np.uint64) + np.uint64(1)) * _GAMMA)
        state = _mix(state + (np.asarray(index).astype(np.uint64) + np.uint64(1)) * _GAMMA)
    return (state >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _mix(z: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    return z ^ (z >> np.uint64(31))


def bits(seed: int, purpose: Purpose, key: int, index: int = 0) -> int:
    """The 64 bits that `uniform` makes a number of, for a single key; numpy takes 20 us for one."""
    state = _mix_one((seed ^ (int(purpose) * 0x5851F42D4C957F2D)) + (key + 1) * int(_GAMMA))
    return _mix_one(state + (index + 1) * int(_GAMMA))


def _mix_one(z: int) -> int:
    z &= _ALL_BITS
    z = ((z ^ (z >> 30)) * int(_MIX_1)) & _ALL_BITS
    z = ((z ^ (z >> 27)) * int(_MIX_2)) & _ALL_BITS
    return z ^ (z >> 31)
