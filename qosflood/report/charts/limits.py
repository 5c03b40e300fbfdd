"""The limits that a chart judges, drawn as lines over the phase that each one judges. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from qosflood.analysis.findings import Findings, PhaseFigures
from qosflood.base.units import MS
from qosflood.plan.limit_language import RUN
from qosflood.report.charts.plotting import Json, Timeline, dashed, plotly_text

COLOUR = "@warn"


@dataclass(frozen=True, slots=True)
class Level:
    """A limit at a height of a chart, from one moment to another in seconds of the load."""

    expr: str
    value: float
    from_s: float
    to_s: float


class AnyLimit(Protocol):
    """A limit of the plan, or one of report.json."""

    @property
    def expr(self) -> str:
        """As it was written."""

    @property
    def metric(self) -> str:
        """What it judges."""

    @property
    def threshold(self) -> float | str:
        """In base units."""

    @property
    def unit(self) -> str:
        """Of the threshold."""

    @property
    def scope(self) -> str:
        """The phase, or `run`."""


def of_times(limits: Iterable[AnyLimit], findings: Findings, *metrics: str) -> list[Level]:
    """Limits on durations, in milliseconds; of those whose metric begins so."""
    return _levels(limits, findings, metrics, lambda limit, _: float(limit.threshold) / MS)


def of_shares(limits: Iterable[AnyLimit], findings: Findings, *metrics: str) -> list[Level]:
    """Limits on shares of the reports, in reports per second of those planned."""
    return _levels(limits, findings, metrics, lambda limit, p: float(limit.threshold) * p.planned)


def of_memory(limits: Iterable[AnyLimit], findings: Findings) -> list[Level]:
    """Limits on memory, in bytes."""
    most = findings.memory.limit_bytes or 0

    def at(limit: AnyLimit, _phase: PhaseFigures) -> float:
        return float(limit.threshold) * (most if limit.unit == "ratio" else 1)

    return [level for level in _levels(limits, findings, ("memory.max",), at) if level.value]


def _levels(
    limits: Iterable[AnyLimit],
    findings: Findings,
    metrics: tuple[str, ...],
    value: Callable[[AnyLimit, PhaseFigures], float],
) -> list[Level]:
    begun = [phase for phase in findings.phases if phase.seconds > 0]
    found = []
    for limit in limits:
        judged = [phase for phase in begun if limit.scope in (phase.name, RUN)]
        if limit.metric.startswith(metrics) and judged:
            last = judged[-1]
            to_s = last.start_s + last.seconds
            found.append(Level(limit.expr, value(limit, last), judged[0].start_s, to_s))
    return found


def limit_lines(time: Timeline, levels: Sequence[Level]) -> Iterator[Json]:
    """A trace for each, so that the axis reaches to it and the legend names it."""
    for level in levels:
        ends = [level.from_s, level.to_s]
        name = plotly_text(f"limit {level.expr}")
        yield dashed(time.line(name, ends, [level.value] * 2, COLOUR, 5), "dashdot")
