"""One figure of all runs to its verdict."""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean

from qosflood.base.units import format_ratio
from qosflood.report.compare.amounts import floor_words
from qosflood.report.compare.figures import Figure
from qosflood.report.compare.noise import ENOUGH, Judged, Reading, judged
from qosflood.report.compare.resampling import Noise
from qosflood.report.compare.values import Change, MinEffect, Word

BLIND = math.log(1.3)
"""A relative band beyond which "same" would say nothing: 30%, and more of a figure so loud that a
single base hides nearly as much."""
_BLIND_TO_LONE = 1.5
_HOPELESS = math.log(100)
"""A band beyond which its size is no figure that anybody could use."""
Values = Sequence[float | None]
Noises = Sequence[Mapping[str, Noise]]


def change_of(
    figure: Figure,
    base: Values,
    new: Values,
    noises: tuple[Noises, Noises],
    effect: MinEffect,
) -> Change | None:
    """How a figure changed; None if no run measured it."""
    if all(value is None for value in (*base, *new)):
        return None
    if any(value is None for value in (*base, *new)):
        return _change(figure, base, new, "unknown", _missing(base, new))
    known = [float(value or 0.0) for value in base], [float(value or 0.0) for value in new]
    if any(math.isinf(value) for side in known for value in side):
        return _endless(figure, base, new, known)
    if figure.scale == "relative" and min(known[0] + known[1]) <= 0:
        return _change(figure, base, new, "unknown", "a ratio to 0 is undefined")
    readings = [
        [_reading(figure, value, noise) for value, noise in zip(side, own, strict=True)]
        for side, own in zip(known, noises, strict=True)
    ]
    found = judged(readings[0], readings[1], figure.lone)
    return _decide(figure, base, new, known, found, effect)


def _reading(figure: Figure, value: float, noises: Mapping[str, Noise]) -> Reading:
    noise = noises.get(figure.name)
    scaled = math.log(value) if figure.scale == "relative" else value
    return Reading(scaled) if noise is None else Reading(scaled, noise.error, noise.dof)


def _decide(
    figure: Figure,
    base: Values,
    new: Values,
    known: tuple[list[float], list[float]],
    found: Judged,
    effect: MinEffect,
) -> Change:
    middles = [_middle(figure, side) for side in known]
    least = effect.ms if figure.least is None else figure.least
    small = abs(middles[1] - middles[0]) <= least
    slight = figure.scale == "relative" and not _by_share(middles, effect)
    if slight:
        word, why = _same(f"a change under {format_ratio(effect.share)} does not matter")
    elif small:
        word, why = _same(floor_words(figure.unit, least))
    else:
        word, why = _verdict(figure, middles[0], middles[1], found, known[0])
    shown = math.expm1 if figure.scale == "relative" else float
    has_interval = found.within or len(known[0]) >= ENOUGH
    return _change(
        figure,
        base,
        new,
        word,
        why,
        base_value=middles[0],
        new_value=middles[1],
        difference=middles[1] - middles[0],
        relative=middles[1] / middles[0] - 1 if middles[0] else None,
        low=shown(found.difference - found.half) if has_interval else None,
        high=shown(found.difference + found.half) if has_interval else None,
        band=shown(found.band),
        floor=least if small and figure.scale == "relative" and not slight else None,
    )


def _same(why: str) -> tuple[Word, str]:
    return "same", why


def _by_share(middles: Sequence[float], effect: MinEffect) -> bool:
    """Whether a ratio is large enough to matter."""
    return abs(math.log(middles[1] / middles[0])) > math.log1p(effect.share)


def _middle(figure: Figure, values: list[float]) -> float:
    if figure.scale == "absolute":
        return fmean(values)
    return math.exp(fmean(math.log(value) for value in values))


def _verdict(
    figure: Figure,
    base: float,
    new: float,
    found: Judged,
    bases: list[float],
) -> tuple[Word, str]:
    if len(bases) == 2 and min(bases) <= new <= max(bases):
        return "same", "between the two bases"
    if abs(found.difference) > found.band:
        if figure.series and not found.within and len(bases) < ENOUGH:
            return "unknown", "neither the noise within a run nor between runs is known"
        worse = (new > base) == (figure.worse == "higher")
        return ("regressed" if worse else "improved"), _beyond(len(bases))
    if figure.scale == "relative" and found.band > max(BLIND, _BLIND_TO_LONE * figure.lone):
        return "unknown", f"too noisy: {_hidden(found.band)}"
    return "same", "same (one base)" if len(bases) == 1 else "within the noise between runs"


def _hidden(band: float) -> str:
    """What a band hides, a logarithm: `only a change beyond 45% would be detected`, or `to over
    3x`."""
    if band >= _HOPELESS:
        return "even a change as large as this one may be noise"
    ratio = math.exp(band)
    how = f"beyond {format_ratio(ratio - 1)}" if ratio < 2 else f"to over {ratio:.3g}x"
    return f"only a change {how} would be detected"


def _beyond(bases: int) -> str:
    if bases >= ENOUGH:
        return "beyond the noise between runs"
    return "beyond the difference of the two bases" if bases == 2 else "noise between runs unknown"


def _missing(base: Values, new: Values) -> str:
    named = (("base", base), ("new", new))
    sides = [name for name, side in named if None in side]
    never = [name for name, side in named if math.inf in side]
    words = f"not measured in {' and '.join(sides)}"
    return f"{words}, never in {' and '.join(never)}" if never else words


def _endless(
    figure: Figure, base: Values, new: Values, known: tuple[list[float], list[float]]
) -> Change:
    """Of a figure that is infinite in some run, such as a recovery that never happened."""
    before, after = (sum(math.isinf(value) for value in side) / len(side) for side in known)
    word: Word = "same" if before == after else "regressed" if after > before else "improved"
    sides = (("base", base), ("new", new))
    never = [_how_often(name, values) for name, values in sides if math.inf in values]
    return _change(figure, base, new, word, f"never in {' and '.join(never)}")


def _how_often(side: str, values: Values) -> str:
    """In which runs of a side the figure never came: `new`, or `1 of 3 base`."""
    never = values.count(math.inf)
    return side if never == len(values) else f"{never} of {len(values)} {side}"


def _change(
    figure: Figure, base: Values, new: Values, word: Word, why: str, **figures: float | None
) -> Change:
    return Change(
        name=figure.name,
        label=figure.label,
        unit=figure.unit,
        scale=figure.scale,
        worse=figure.worse,
        base=tuple(base),
        new=tuple(new),
        verdict=word,
        why=why,
        **figures,
    )
