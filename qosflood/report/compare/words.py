"""A comparison as sentences and cells, for every renderer: the answer first, with figures."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qosflood.base.text import printable
from qosflood.base.units import MS, counted, format_duration, format_ratio
from qosflood.report.compare.figures import LATENCY, LONE
from qosflood.report.compare.noise import ENOUGH
from qosflood.report.compare.values import (
    VALID,
    Change,
    Comparison,
    Difference,
    Given,
    MinEffect,
    Overall,
    RunFacts,
    Unit,
)
from qosflood.report.document import cells

MARKS = {"regressed": "✗", "improved": "✓", "same": "=", "unknown": "?"}
_MOST_NAMED = 3
_MOST_LISTED = 3
_WHOLE = 0.0995
_TIMES = 10
"""From this relative change on, a factor is shown instead of a percentage."""
_MOST_TIMES = 100
_UNMOVED = "±0"
LONE_SHARE = format_ratio(math.expm1(LONE))
"""The largest change of a time that is called the same with a single base."""
_SHOWN: dict[Unit, Callable[[float | None], str]] = {
    "ms": cells.ms,
    "s": cells.seconds,
    "bytes": cells.size,
    "ratio": cells.ratio,
    "cores": cells.cores,
}


@dataclass(frozen=True, slots=True)
class Row:
    """A figure as text: the two middles, the change, its interval, and the word."""

    label: str
    base: str
    new: str
    change: str
    interval: str
    word: str
    why: str


def headline(
    verdict: Overall, changes: Sequence[Change], apart: Sequence[Difference], bases: int
) -> str:
    """The answer in one sentence, with absolute figures."""
    if verdict == "not comparable":
        return f"not comparable: {_apart(apart)}"
    deciding = _deciding(changes, verdict)
    if not deciding:
        return "unknown: no figure was measured in every run"
    others = [change.label.removeprefix("response ") for change in deciding[1:]]
    more = f"; also {_listed(others)}" if others and verdict in ("regressed", "improved") else ""
    return f"{sentence(deciding[0], bases)}{more}"


def sentence(change: Change, bases: int) -> str:
    """`response p99 12.3ms → 15.1ms: regressed by 23% (interval 17% to 29%)`."""
    values = f"{change.label} {value(change.unit, change.base_value)} → "
    values += value(change.unit, change.new_value)
    if change.base_value is None:
        return f"{change.label}: {change.verdict} ({change.why})"
    if change.verdict in ("regressed", "improved"):
        return f"{values}: {change.verdict} {_size_of(change)} ({_how_sure(change, bases)})"
    if change.verdict == "same" and bases == 1:
        return f"{values}: same (one base) ({moved(change)})"
    words = {"same": "same", "unknown": "unknown"}[change.verdict]
    return f"{values}: {words} ({moved(change)}, {change.why})"


def _how_sure(change: Change, bases: int) -> str:
    """The interval; with fewer than three bases it leaves out the noise between runs."""
    if bases >= ENOUGH:
        return f"interval {interval(change)}"
    count = "one base" if bases == 1 else "two bases"
    if change.low is None:
        return f"{count}: noise unknown"
    return f"{count}: noise between runs unknown; within them {interval(change)}"


def _deciding(changes: Sequence[Change], verdict: Overall) -> list[Change]:
    """The changes that make the verdict, those of latency first, in the order of their weight."""
    known = [change for change in changes if change.base_value is not None] or list(changes)
    alike = [change for change in changes if change.verdict == verdict]
    if verdict == "same":
        alike = [change for change in alike if change in known] or known
    order = {name: place for place, name in enumerate(LATENCY)}
    return sorted(alike, key=lambda change: order.get(change.name, len(order)))


def _listed(labels: Sequence[str]) -> str:
    shown = ", ".join(labels[:_MOST_LISTED])
    rest = len(labels) - _MOST_LISTED
    return f"{shown} and {rest} more" if rest > 0 else shown


def _apart(apart: Sequence[Difference]) -> str:
    shown = "; ".join(difference_line(one) for one in apart[:_MOST_NAMED])
    rest = len(apart) - _MOST_NAMED
    return f"{shown} and {counted(rest, 'more difference')}" if rest > 0 else shown


def difference_line(one: Difference) -> str:
    """What differs, in which run, and how."""
    if one.what == VALID:
        return f"{one.run} is not {one.what}: {one.new}"
    return f"{one.what} {one.base} → {one.new}"


def noise_words(runs: Sequence[Given], bases: int) -> str:
    """What is known of the noise, between runs and within them."""
    between = {
        1: "noise between runs is unknown with one base: a change of a time by less than "
        f"{LONE_SHARE} is called same (one base); use three or more bases to measure it",
        2: f"two bases: their difference counts as noise, and for times at least {LONE_SHARE}; use "
        "three or more bases to measure it",
    }.get(bases, f"noise between runs is measured from {bases} bases")
    blind = dict.fromkeys(run.name for run in runs if run.document.blocks is None)
    if blind:
        why = "too short, or without a load"
        return f"{between}. Noise within the run is unknown for {', '.join(blind)}: {why}"
    return f"{between}. Noise within a run is estimated from {_blocks(runs)}"


def sight(changes: Sequence[Change]) -> str | None:
    """Which change of the headline's figure would have been detected; None: of none."""
    by_name = {change.name: change for change in changes if change.band is not None}
    figure = next((by_name[name] for name in LATENCY if name in by_name), None)
    if figure is None or figure.band is None:
        return None
    if figure.band >= _TIMES:
        return (
            f"These runs are too noisy for {figure.label}: a tenfold change would not be detected."
        )
    share = _percent(figure.band).lstrip("+")
    return f"A change of {figure.label} by more than {share} would be detected."


def sentence_of(text: str) -> str:
    """Words that begin with a capital and end with a full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def _blocks(runs: Sequence[Given]) -> str:
    lengths = sorted({run.document.blocks.length_s for run in runs if run.document.blocks})
    shown = " and ".join(f"{length} s" for length in lengths)
    short = ", shorter than 30 s because the flood was short" if lengths and lengths[0] < 30 else ""
    return f"blocks of {shown} of its flood{short}"


def value(unit: Unit, number: float | None) -> str:
    """A figure's value in its unit."""
    return _SHOWN[unit](number)


def _size_of(change: Change) -> str:
    """The size of the change, without a sign: `by 23%`, `to 112 times`."""
    size = moved(change).lstrip("+-−")
    return f"to {size}" if size.endswith("times") else f"by {size}"


def moved(change: Change) -> str:
    """`+23%`, or `+0.4 points` of a share."""
    if change.difference is None:
        return cells.NONE
    amount = change.difference if change.scale == "absolute" else change.relative
    if amount is None:
        return cells.NONE
    return _amount(change, amount) if amount else _UNMOVED


def interval(change: Change) -> str:
    """`+17% to +29%`; of a share in points, as the change is."""
    if change.low is None or change.high is None:
        return cells.NONE
    low, high = (_end(change, end) for end in (change.low, change.high))
    return low if low == high else f"{low} to {high}"


def _end(change: Change, amount: float) -> str:
    """An end of an interval; one above 100 times is shown as `over 100 times`."""
    if change.scale == "relative" and amount > _MOST_TIMES:
        return f"over {_MOST_TIMES} times"
    return _amount(change, amount).removesuffix(" points")


def _amount(change: Change, amount: float) -> str:
    if change.scale == "relative":
        return _percent(amount)
    if change.unit == "ratio":
        return f"{amount * 100:+.2f} points"
    return f"{amount:+.1f} {change.unit}"


def _percent(share: float) -> str:
    if share >= _TIMES:
        return f"{1 + share:,.0f} times"
    return f"{share * 100:+.0f}%" if abs(share) >= _WHOLE else f"{share * 100:+.1f}%"


def effect_words(effect: MinEffect) -> str:
    """`5% and 1ms`."""
    return f"{format_ratio(effect.share)} and {format_duration(effect.ms * MS)}"


def row(change: Change) -> Row:
    """A figure as text."""
    several = change.base_value is None
    return Row(
        label=change.label,
        base=_each(change.unit, change.base) if several else value(change.unit, change.base_value),
        new=_each(change.unit, change.new) if several else value(change.unit, change.new_value),
        change=moved(change),
        interval=interval(change),
        word=change.verdict,
        why=change.why,
    )


def _each(unit: Unit, values: Sequence[float | None]) -> str:
    return " ".join(value(unit, one) for one in values)


def run_line(run: RunFacts) -> str:
    """`base  run1  20260101T…  PASS  generator on time`."""
    late = (
        f"generator late in {run.late_windows} of {run.windows} s"
        if run.late_windows
        else "generator on time"
    )
    return printable(f"{run.name}: {run.id}, {run.started_utc}, {run.verdict}, {late}")


def advice(comparison: Comparison) -> list[str]:
    """What makes the answer more certain, or what to look at."""
    bases = len(comparison.of("base"))
    if comparison.verdict == "not comparable":
        return ["run base and new with the same command, on the same kind of machine"]
    steps = []
    if comparison.verdict == "regressed":
        steps.append("open report.html of a base and of a new run side by side")
    if bases < ENOUGH:
        steps.append(
            f"run {counted(ENOUGH - bases, 'more base')} to measure the noise between runs"
        )
    elif len(comparison.of("new")) == 1:
        steps.append(
            "run the new one once more: two new runs distinguish 20% from noise far better"
        )
    return steps
