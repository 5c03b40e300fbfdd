"""Searches for capacity compared: how many clients a target carries now, and carried before."""

from collections.abc import Callable, Sequence
from statistics import geometric_mean

from qosflood.base.units import format_count, format_ratio
from qosflood.journal.trial_records import SearchAnswer
from qosflood.report.compare.capacity_change import CapacityChange, change
from qosflood.report.compare.values import CLIENTS, Change, Given, MinEffect, Word
from qosflood.report.document.schema_capacity import Capacity

_BLIND = 1.5
"""An interval of a change that is so many times as wide shows nothing."""
Read = Callable[[Capacity], SearchAnswer | None]
Values = tuple[float | None, ...]


def are_searches(runs: Sequence[Given]) -> bool:
    """Whether all of them have an answer."""
    return all(run.document.capacity is not None for run in runs)


def capacity_changes(
    base: Sequence[Given], new: Sequence[Given], effect: MinEffect
) -> tuple[Change, ...]:
    """How the clients carried changed; where targets were filled too, each of the two searches."""
    both = all(_of(run).filled is not None for run in (*base, *new))
    figures: list[tuple[str, str, Read]] = [(CLIENTS, "clients carried", lower)]
    if both:
        figures.append(("capacity.fresh", "clients carried, fresh", lambda one: one.fresh))
        figures.append(("capacity.filled", "clients carried, filled", lambda one: one.filled))
    return tuple(_changed(name, label, read, (base, new), effect) for name, label, read in figures)


def lower(capacity: Capacity) -> SearchAnswer:
    """The search whose answer counts."""
    filled = capacity.filled
    counts = filled is not None and filled.clients.low < capacity.fresh.clients.low
    return filled if counts and filled is not None else capacity.fresh


def _of(run: Given) -> Capacity:
    assert run.document.capacity is not None
    return run.document.capacity


def _changed(
    name: str,
    label: str,
    read: Read,
    sides: tuple[Sequence[Given], Sequence[Given]],
    effect: MinEffect,
) -> Change:
    base, new = (_answers(side, read) for side in sides)
    values = _mids(base), _mids(new)
    known = _posterior(base), _posterior(new)
    if not all(known):
        word, why = _by_bounds(base, new, effect)
        return _made(name, label, values, word, why)
    found = change(*known)
    word, why = _verdict(found, effect)
    middles = [round(geometric_mean([one for one in side if one])) for side in values]
    return _made(
        name,
        label,
        values,
        word,
        why,
        base_value=middles[0],
        new_value=middles[1],
        difference=middles[1] - middles[0],
        relative=found.mid - 1,
        low=found.low - 1,
        high=found.high - 1,
    )


def _answers(side: Sequence[Given], read: Read) -> list[SearchAnswer]:
    return [found for run in side if (found := read(_of(run))) is not None]


def _mids(side: Sequence[SearchAnswer]) -> Values:
    return tuple(one.clients.mid for one in side)


def _posterior(side: Sequence[SearchAnswer]) -> list[float]:
    """The quantiles of all searches of a side; none if one of them found no upper bound."""
    if not all(one.quantiles and one.clients.mid for one in side):
        return []
    return [quantile for one in side for quantile in one.quantiles or ()]


def _verdict(found: CapacityChange, effect: MinEffect) -> tuple[Word, str]:
    small = abs(found.mid - 1) < effect.share
    if found.verdict != "same":
        if small:
            return "same", f"a change under {format_ratio(effect.share)} does not matter"
        fewer = found.verdict == "fewer"
        sure = _probability(1 - found.more if fewer else found.more)
        words = f"{sure} probable that it carries {found.verdict}"
        return ("regressed" if fewer else "improved"), words
    if found.high / found.low > _BLIND:
        return "unknown", "the intervals are too wide: search with a smaller --width"
    return "same", "the interval includes no change"


def _probability(share: float) -> str:
    """The quantiles of a posterior, a fortieth apart, say no more of its ends."""
    return "over 99%" if share > 0.99 else format_ratio(round(share, 2))


def _by_bounds(
    base: Sequence[SearchAnswer], new: Sequence[SearchAnswer], effect: MinEffect
) -> tuple[Word, str]:
    """Where a side has only a bound: what lies wholly beyond it did change."""
    if all(_below(after, before) for before in base for after in new):
        return "regressed", "the new interval lies below the base's bound"
    if all(_below(before, after) for before in base for after in new):
        return "improved", "the base's interval lies below the new bound"
    lows = [one.clients.low for one in (*base, *new) if one.clients.high is None]
    if len(lows) == len(base) + len(new) and max(lows) <= min(lows) * (1 + effect.share):
        return "same", f"all of them carry at least {format_count(min(lows))}, and no limit broke"
    return "unknown", "a search found no upper bound, or no load that the target carries"


def _below(one: SearchAnswer, other: SearchAnswer) -> bool:
    high = one.clients.high
    return high is not None and high < other.clients.low


def _made(
    name: str,
    label: str,
    values: tuple[Values, Values],
    word: Word,
    why: str,
    **figures: float | None,
) -> Change:
    return Change(
        name=name,
        label=label,
        unit="clients",
        scale="relative",
        worse="lower",
        base=values[0],
        new=values[1],
        verdict=word,
        why=why,
        **figures,
    )
