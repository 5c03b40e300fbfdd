"""What each chart shows, as a sentence and a small table, for those who cannot see it. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from qosflood.analysis.findings import Findings, LatencyFigures, PhaseFigures
from qosflood.analysis.findings_series import MemoryPoint, PercentileCurve, ScrapePoint
from qosflood.base.percentiles import PERCENTILES, SHOWN, label
from qosflood.base.units import MS, counted, format_bytes, format_count
from qosflood.plan.watching import WATCH
from qosflood.report.document import cells

Point = TypeVar("Point", MemoryPoint, ScrapePoint)
Rows = tuple[tuple[str, ...], ...]
_MOST_NAMED = 4
"""Instances that a sentence names; the chart and the instances' table have them all."""


@dataclass(frozen=True, slots=True)
class Words:
    """A chart as text: a sentence made of its figures, and a table of a few rows."""

    said: str
    headers: tuple[str, ...]
    rows: Rows


def main_phase(findings: Findings) -> PhaseFigures | None:
    """The flood, or the watch; if neither was reached, none."""
    return next((phase for phase in findings.phases if phase.name in ("flood", WATCH)), None)


def throughput(findings: Findings) -> Words:
    """Planned, offered and answered."""
    rows = _by_phase(
        findings,
        lambda p: (cells.count(p.planned), cells.count(p.offered), cells.count(p.answered)),
    )
    headers = ("phase", "planned /s", "offered /s", "answered /s")
    flood = main_phase(findings)
    if flood is None:
        return Words("The flood was not reached.", headers, rows)
    return Words(
        f"In the flood {cells.count(flood.planned)} reports/s were planned, "
        f"{cells.count(flood.offered)} offered and {cells.count(flood.answered)} answered"
        f"{_answered_per_second(findings, flood)}.",
        headers,
        rows,
    )


def _answered_per_second(findings: Findings, flood: PhaseFigures) -> str:
    """The extremes, and what was left to be answered after the flood."""
    acked = [second.acked for second in findings.seconds if second.phase == flood.name]
    if not acked:
        return ""
    later = flood.answered_later or 0
    after = f"; {counted(later, 'report')} of it {'was' if later == 1 else 'were'} answered later"
    between = f"{format_count(min(acked))} to {format_count(max(acked))}"
    return f", from {between} per second{after * (later > max(flood.planned, 1.0))}"


def latency(findings: Findings) -> Words:
    """Response times."""
    answered = [phase for phase in findings.phases if phase.response.count]
    rows = tuple(
        (phase.name, *(_ns(phase.response.figure(name)) for name in (*SHOWN, "max")))
        for phase in answered
    )
    headers = ("phase", *map(label, SHOWN), "max")
    longest = max(findings.seconds, key=lambda s: s.response_max_ns or 0)
    most = f"the longest was {_ns(longest.response_max_ns)}, at {cells.moment(longest.t_s)}."
    flood = main_phase(findings)
    if flood is None or flood.response.p50_ns is None:
        return Words(most.capitalize(), headers, rows)
    rare = flood.response.p99_ns
    also = "" if rare is None else f", p99 {_ns(rare)}"
    counting = "; a report that was not accepted counts at least its timeout" * _failed(flood)
    return Words(
        f"In the flood the median was {_ns(flood.response.p50_ns)}{also}{counting}; {most}",
        headers,
        rows,
    )


def _failed(phase: PhaseFigures) -> bool:
    return phase.scheduled > phase.outcomes.get("acked", 0)


def percentiles(findings: Findings, curves: Sequence[PercentileCurve]) -> Words:
    """The figures of each curve's phase, so that they are those of the other tables."""
    each = [_figures(findings, curve) for curve in curves]
    ranks = {**PERCENTILES, "max": 100.0}
    rows = tuple(
        (f"{rank:g}%", *(_ns(figures.figure(name)) for figures in each))
        for name, rank in ranks.items()
    )
    said = "; ".join(
        f"{curve.phase} {curve.series}: {_within(figures)}"
        for curve, figures in zip(curves, each, strict=True)
    )
    names = (f"{curve.phase} {curve.series}" for curve in curves)
    return Words(f"{said[:1].upper()}{said[1:]}.", ("percentile", *names), rows)


def _figures(findings: Findings, curve: PercentileCurve) -> LatencyFigures:
    phase = next(phase for phase in findings.phases if phase.name == curve.phase)
    return {"response": phase.response, "service": phase.service}[curve.series]


def _within(figures: LatencyFigures) -> str:
    shares = (("half", figures.p50_ns), ("99%", figures.p99_ns), ("all", figures.max_ns))
    return ", ".join(f"{share} within {_ns(value)}" for share, value in shares if value is not None)


def memory(findings: Findings) -> Words:
    """Resident memory and CPU."""
    points = _from_the_start(findings, findings.memory_points)
    most = max(points, key=lambda point: point.rss_bytes)
    names = list(dict.fromkeys(point.instance for point in points))
    owner = f" of {most.instance}" if len(names) > 1 else ""
    return Words(
        f"{_first_and_last(points, names)}; at most {format_bytes(most.rss_bytes)}{owner}, at "
        f"{cells.moment(most.t_s)}.",
        ("phase", "at its start", "at its end", "max", "CPU cores"),
        _by_phase(
            findings,
            lambda p: (
                cells.size(p.rss_start),
                cells.size(p.rss_end),
                cells.size(p.rss_max),
                cells.cores(p.target_cores),
            ),
        ),
    )


def _first_and_last(points: Sequence[MemoryPoint], names: Sequence[str]) -> str:
    if len(names) == 1:
        first, last = _ends(points)
        return f"From {first} at the start to {last} at the end"
    ranges = []
    for name in names[:_MOST_NAMED]:
        first, last = _ends([point for point in points if point.instance == name])
        ranges.append(f"{name} from {first} to {last}")
    return f"By instance: {', '.join(ranges)}"


def _ends(points: Sequence[MemoryPoint]) -> tuple[str, str]:
    return format_bytes(points[0].rss_bytes), format_bytes(points[-1].rss_bytes)


def scrapes(findings: Findings) -> Words:
    """qosflood's scrapes: how long they took, and which failed."""
    rows = _by_phase(
        findings,
        lambda p: (
            cells.count(p.scrapes.count),
            cells.count(p.scrapes.failed),
            _ns(p.scrapes.duration_p50_ns),
            _ns(p.scrapes.duration_max_ns),
        ),
    )
    points = _from_the_start(findings, findings.scrape_points)
    return Words(_timed(points, "scrape"), _TIMED, rows)


def up(findings: Findings, points: Sequence[ScrapePoint]) -> Words:
    """Prometheus's scrapes."""
    phases = findings.prometheus.phases if findings.prometheus is not None else ()
    rows = tuple(
        (
            one.name,
            cells.count(one.count),
            cells.count(one.failed),
            _ns(one.duration_p50_ns),
            _ns(one.duration_max_ns),
        )
        for one in phases
    )
    return Words(_timed(points, "scrape by Prometheus", "scrapes by Prometheus"), _TIMED, rows)


def control(findings: Findings, points: Sequence[ScrapePoint]) -> Words:
    """Requests to the reference endpoint."""
    rows = tuple(
        (
            phase.name,
            cells.count(phase.control.count),
            cells.count(phase.control.failed),
            _ns(phase.control.duration_p50_ns),
            _ns(phase.control.duration_max_ns),
        )
        for phase in findings.phases
        if phase.control is not None
    )
    said = _timed(points, "request to the reference endpoint", "requests to the reference endpoint")
    return Words(said, ("phase", "requests", *_TIMED[2:]), rows)


_TIMED = ("phase", "scrapes", "failed", "p50", "slowest")


def _timed(points: Sequence[ScrapePoint], one: str, several: str = "") -> str:
    good = [point for point in points if point.ok]
    noun = one if len(points) == 1 else several or f"{one}s"
    failed = f"{len(points) - len(good):,} of {len(points):,} {noun} failed"
    slowest = max(good, key=lambda point: point.duration_ns or 0, default=None)
    if slowest is None:
        return f"{failed}."
    took, when = _ns(slowest.duration_ns), cells.moment(slowest.t_s)
    return f"{failed}; the slowest good one took {took}, at {when}."


def pages(findings: Findings, *, level: bool) -> Words:
    """The size of the metrics page; one that stays `level` needs no more words, and no chart."""
    taken = [point for point in findings.scrape_points if point.bytes is not None]
    points = _from_the_start(findings, taken)
    largest = max(point.bytes or 0 for point in points)
    series = max((point.series or 0 for point in points), default=0)
    held = f" and {format_count(series)} series" if series else "; no series could be read from it"
    several = len({point.instance for point in points}) > 1
    first = "" if several else f"The page had {format_bytes(points[0].bytes or 0)} at first, "
    most = "The largest page had" if several else "at most"
    said = f"{first}{most} {format_bytes(largest)}{held}."
    return Words(
        _kept(points, several=several) if level else said,
        ("phase", "largest page", "series"),
        _by_phase(
            findings, lambda p: (cells.size(p.scrapes.bytes_max), cells.count(p.scrapes.series_max))
        ),
    )


def _kept(points: Sequence[ScrapePoint], *, several: bool) -> str:
    whose = "Each instance's page" if several else "The page"
    sizes = _from_to([point.bytes or 0 for point in points], format_bytes)
    series = _from_to([point.series or 0 for point in points], format_count)
    held = "no series could be read from it" if series == "0" else f"{series} series"
    return f"{whose} kept its size: {sizes}; {held}."


def _from_to(values: Sequence[int], shown: Callable[[float], str]) -> str:
    least, most = shown(min(values)), shown(max(values))
    return most if least == most else f"{least} to {most}"


def errors(findings: Findings, kinds: Iterable[str]) -> Words:
    """Reports with any outcome but acked."""
    named = tuple(kinds)
    totals = {name: sum(s.errors.get(name, 0) for s in findings.seconds) for name in named}
    worst = max(findings.seconds, key=lambda second: sum(second.errors.values()))
    listed = ", ".join(f"{number:,} {name}" for name, number in totals.items())
    return Words(
        f"{counted(sum(totals.values()), 'report')} failed ({listed}); most in one "
        f"second, {sum(worst.errors.values()):,}, at {cells.moment(worst.t_s)}.",
        ("phase", *named),
        _by_phase(findings, lambda p: tuple(cells.count(p.outcomes.get(n, 0)) for n in named)),
    )


def _from_the_start(findings: Findings, points: Sequence[Point]) -> Sequence[Point]:
    """Without those from before the first phase, which belong to no phase's figures."""
    begin_s = min((phase.start_s for phase in findings.phases), default=0.0)
    return [point for point in points if point.t_s >= begin_s] or points


def _by_phase(findings: Findings, figures: Callable[[PhaseFigures], tuple[str, ...]]) -> Rows:
    return tuple((phase.name, *figures(phase)) for phase in findings.phases)


def _ns(value: int | None) -> str:
    return cells.ms(None if value is None else value / MS)
