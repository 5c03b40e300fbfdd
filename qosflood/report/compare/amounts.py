"""A figure's values and its change as text: `12.3ms`, `+23%`, `189x`, `189x slower`."""

import math
from collections.abc import Callable

from qosflood.report.compare.values import Change, Scale, Unit
from qosflood.report.document import cells

TIMES = 10
"""From this factor on, a change is shown as a factor instead of a percentage."""
_MOST_TIMES = 100
_WHOLE = 0.0995
_UNMOVED = "±0"
_NEVER = "never"
_SHOWN: dict[Unit, Callable[[float | None], str]] = {
    "ms": cells.ms,
    "s": cells.seconds,
    "bytes": cells.size,
    "ratio": cells.ratio,
    "cores": cells.cores,
    "clients": cells.count,
}
_MORE_AND_LESS: dict[Unit, tuple[str, str]] = {
    "ms": ("slower", "faster"),
    "s": ("longer", "shorter"),
    "bytes": ("larger", "smaller"),
    "ratio": ("higher", "lower"),
    "cores": ("more", "less"),
    "clients": ("more", "fewer"),
}


def value(unit: Unit, number: float | None) -> str:
    """A figure's value in its unit; infinite is one that never came."""
    return _NEVER if number == math.inf else _SHOWN[unit](number)


def moved(change: Change) -> str:
    """`+23%`, `189x`, or `+0.4 points` of a share."""
    if change.difference is None:
        return cells.NONE
    moved_by = change.difference if change.scale == "absolute" else change.relative
    if moved_by is None:
        return cells.NONE
    return amount(change.unit, change.scale, moved_by) if moved_by else _UNMOVED


def outcome(change: Change) -> str:
    """The word and the size of the change: `regressed by 23%`, or `regressed, 189x slower`."""
    if change.scale == "relative" and change.relative is not None and _by_factor(change.relative):
        more, less = _MORE_AND_LESS[change.unit]
        how = more if change.relative > 0 else less
        return f"{change.verdict}, {_factor(change.relative)} {how}"
    return f"{change.verdict} by {moved(change).lstrip('+-')}"


def interval(change: Change) -> str:
    """`+17% to +29%`; of a share in points, as the change is."""
    if change.low is None or change.high is None:
        return cells.NONE
    low, high = (_end(change, end) for end in (change.low, change.high))
    return low if low == high else f"{low} to {high}"


def _end(change: Change, end: float) -> str:
    """An end of an interval; one beyond 100 times is shown as `>100x` or `<1/100x`."""
    if change.scale == "relative" and 1 + end > _MOST_TIMES:
        return f">{_MOST_TIMES}x"
    if change.scale == "relative" and (1 + end) * _MOST_TIMES < 1:
        return f"<1/{_MOST_TIMES}x"
    return amount(change.unit, change.scale, end).removesuffix(" points")


def amount(unit: Unit, scale: Scale, moved_by: float) -> str:
    """A change with its sign, in its scale."""
    if scale == "relative":
        return percent(moved_by)
    if unit == "ratio":
        return f"{moved_by * 100:+.2f} points"
    return f"{moved_by:+.1f} {unit}"


def percent(share: float) -> str:
    """A relative change: `+23%`, `189x`, or `1/189x` of what is far smaller than it was."""
    if _by_factor(share):
        return _factor(share) if share > 0 else f"1/{_factor(share)}"
    return f"{share * 100:+.0f}%" if abs(share) >= _WHOLE else f"{share * 100:+.1f}%"


def _by_factor(share: float) -> bool:
    return 1 + share >= TIMES or (1 + share) * TIMES <= 1


def _factor(share: float) -> str:
    """How many times as much the larger one is."""
    ratio = 1 + share if share > 0 else 1 / max(1 + share, 1e-9)
    return f"{ratio:,.0f}x"


def floor_words(unit: Unit, least: float) -> str:
    """That a difference is smaller than the smallest one that matters: of `1ms`, `0.1 points`."""
    shown = {"ratio": f"{least * 100:g} points", "cores": f"{least:g} cores"}
    return f"a difference under {shown.get(unit) or value(unit, least)} does not matter"
