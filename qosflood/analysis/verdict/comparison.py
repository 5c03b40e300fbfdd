"""A reading compared with a limit: the one place where that is done. Pure."""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

from qosflood.plan.plan import Limit, Op

_OPERATORS: dict[Op, Callable[[float | str, float | str], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The value a limit is about, in base units, and how many observations stand behind it.

    Where `value` cannot be given, `least` and `most` bound it if anything does, and `reason` says
    why. `chance`: how far the value may lie beyond a threshold by chance alone. `whose`: the
    instance it is about, where there are several.
    """

    value: float | str | None = None
    n: int = 0
    least: float | None = None
    most: float | None = None
    reason: str = ""
    chance: float = 0.0
    whose: str = ""


def compare(limit: Limit, reading: Reading) -> tuple[bool | None, float | str | None]:
    """Whether the limit's condition is met (None: that is not known), and the value that decides
    it: where only bounds are known, the bound beyond which the unknown value cannot lie."""
    op, threshold = _OPERATORS[limit.op], limit.threshold
    if reading.value is not None:
        return op(
            _without_chance(reading.value, reading.chance, threshold), threshold
        ), reading.value
    upward = limit.op in (">", ">=")
    worst, best = (reading.least, reading.most) if upward else (reading.most, reading.least)
    if limit.op != "==" and worst is not None and op(worst, threshold):
        return True, _finite(worst)
    if limit.op != "==" and best is not None and not op(best, threshold):
        return False, _finite(best)
    if limit.op == "==" and _outside(threshold, reading):
        return False, None
    return None, None


def _without_chance(value: float | str, chance: float, threshold: float | str) -> float | str:
    """The value, as much closer to the threshold as chance may have taken it away."""
    if not chance or isinstance(value, str) or isinstance(threshold, str):
        return value
    towards = min(chance, abs(value - threshold))
    return value - towards if value > threshold else value + towards


def _outside(threshold: float | str, reading: Reading) -> bool:
    """Whether the bounds that are known leave out the threshold."""
    if isinstance(threshold, str):
        return False
    below = reading.least is not None and threshold < reading.least
    return below or (reading.most is not None and threshold > reading.most)


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
