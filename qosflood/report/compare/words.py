"""A comparison as sentences and cells, for every renderer: the answer first, with figures."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qosflood.analysis.verdict.capacity import span
from qosflood.base.text import printable
from qosflood.base.units import MS, counted, format_duration, format_ratio
from qosflood.report.compare.amounts import TIMES, amount, interval, moved, outcome, value
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

MARKS = {"regressed": "✗", "improved": "✓", "same": "=", "unknown": "?"}
_MOST_NAMED = 3
_MOST_LISTED = 3
SEARCH_NOISE = (
    "the interval follows from the posteriors of all searches, so it includes the noise of "
    "their trials, but not what differs between two days or two machines"
)
LONE_SHARE = format_ratio(math.expm1(LONE))
"""The largest change of a time that is called the same with a single base."""


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
    cell = row(change)
    values = f"{change.label} {cell.base} → {cell.new}"
    if change.base_value is None:
        shown = values if math.inf in (*change.base, *change.new) else change.label
        return f"{shown}: {change.verdict} ({change.why})"
    if change.unit == "clients":
        word = outcome(change) if change.verdict in ("regressed", "improved") else change.verdict
        return f"{values}: {word} (interval {interval(change)}; {change.why})"
    if change.verdict in ("regressed", "improved"):
        return f"{values}: {outcome(change)} ({_how_sure(change, bases)})"
    if change.verdict == "same" and bases == 1 and change.floor is None:
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


def sight(verdict: Overall, changes: Sequence[Change]) -> str | None:
    """Which change of the headline's figure would have been detected; None: of none. What did
    change is never said to be hidden by noise."""
    figure = next(iter(_deciding(changes, verdict)), None)
    if figure is None or figure.band is None:
        return None
    least = amount(figure.unit, figure.scale, figure.band).lstrip("+")
    if figure.verdict in ("regressed", "improved"):
        return f"This change of {figure.label} exceeds {least}, the least that would be detected."
    if figure.scale == "relative" and 1 + figure.band >= TIMES:
        return (
            f"These runs are too noisy for {figure.label}: a tenfold change would not be detected."
        )
    return f"A change of {figure.label} by more than {least} would be detected."


def floor_lines(changes: Sequence[Change]) -> list[str]:
    """Why figures that moved by a large share are the same: a line for each floor."""
    below = [change for change in changes if change.floor is not None]
    return _by_reason((f"{change.label} ({moved(change)})", change.why) for change in below)


def unknown_lines(changes: Sequence[Change]) -> list[str]:
    """The figures that could not be judged: a line for each reason."""
    unknown = [change for change in changes if change.verdict == "unknown"]
    return _by_reason((change.label, change.why) for change in unknown)


def _by_reason(named: Iterable[tuple[str, str]]) -> list[str]:
    """`response p50, p75: why`: what has the same reason, in one line."""
    found: dict[str, list[str]] = {}
    for name, why in named:
        found.setdefault(why, []).append(name)
    return [f"{', '.join(names)}: {why}" for why, names in found.items()]


def sentence_of(text: str) -> str:
    """Words that begin with a capital and end with a full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def _blocks(runs: Sequence[Given]) -> str:
    lengths = sorted({run.document.blocks.length_s for run in runs if run.document.blocks})
    shown = " and ".join(f"{length} s" for length in lengths)
    short = ", shorter than 30 s because the flood was short" if lengths and lengths[0] < 30 else ""
    return f"blocks of {shown} of its flood{short}"


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
    if run.clients is not None:
        carried = f"carries {span(run.clients)} clients"
        return printable(f"{run.name}: {run.id}, {run.started_utc}, {run.verdict}, {carried}")
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
        return _to_compare(comparison.differences)
    steps = []
    if comparison.verdict == "regressed":
        steps.append("open report.html of a base and of a new run side by side")
    if comparison.searches:
        return steps
    if bases < ENOUGH:
        steps.append(
            f"run {counted(ENOUGH - bases, 'more base')} to measure the noise between runs"
        )
    elif len(comparison.of("new")) == 1:
        steps.append(
            "run the new one once more: two new runs distinguish 20% from noise far better"
        )
    return steps


def _to_compare(apart: Sequence[Difference]) -> list[str]:
    """What makes runs comparable: what is wrong with a run itself, and what sets two apart."""
    steps = []
    if any(one.what == VALID for one in apart):
        steps.append("run again what was cut short or is not valid")
    if any(one.what != VALID for one in apart):
        steps.append("run base and new with the same command, on the same kind of machine")
    return steps


def refusal(apart: Sequence[Difference]) -> str:
    """Why nothing was compared, in a sentence."""
    if all(one.what == VALID for one in apart):
        return "Nothing was compared: a run was cut short or is not valid."
    return "Nothing was compared: these runs measured different things."
