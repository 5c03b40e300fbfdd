"""The figures of a trial that charts of a search draw: how each is read and written. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from qosflood.base.units import MS
from qosflood.report.document import cells
from qosflood.report.document.schema import JudgedLimit
from qosflood.report.document.schema_capacity import Capacity, TrialPart

MIB = 1024 * 1024
Read = Callable[[TrialPart], float | None]
_UNITS = {"": ("ns",), "%": ("ratio",), "MiB": ("bytes",)}


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of a trial: how it is read and written, its unit, and the metric of limits on it;
    `factor` makes a threshold of report.json one of the figure's unit."""

    name: str
    read: Read
    said: Callable[[float | None], str]
    unit: str
    metric: str = ""
    factor: float = 1.0

    @property
    def units(self) -> tuple[str, ...]:
        """Of thresholds that can be drawn."""
        return _UNITS.get(self.unit, ())


def _percent(value: float | None) -> float | None:
    return None if value is None else 100 * value


def _of_percent(value: float | None) -> str:
    return cells.ratio(None if value is None else value / 100)


def _mib(value: float | None) -> float | None:
    return None if value is None else value / MIB


def _of_mib(value: float | None) -> str:
    return cells.size(None if value is None else round(value * MIB))


P99 = Measure("p99", lambda trial: trial.response_p99_ms, cells.ms, "", "response.p99", 1 / MS)
P50 = Measure("p50", lambda trial: trial.response_p50_ms, cells.ms, "")
ACCEPTED = Measure("accepted", lambda trial: trial.accepted_per_s, cells.count, "reports/s")
ERRORS = Measure("errors", lambda trial: _percent(trial.errors), _of_percent, "%", "errors", 100.0)
SCRAPE = Measure(
    "scrape p99", lambda trial: trial.scrape_p99_ms, cells.ms, "", "scrape.p99", 1 / MS
)
MEMORY = Measure(
    "memory", lambda trial: _mib(trial.rss_bytes), _of_mib, "MiB", "memory.max", 1 / MIB
)
CORES = Measure("cores", lambda trial: trial.cores, cells.cores, "cores")


def judged(capacity: Capacity) -> list[TrialPart]:
    """The trials that say something of the target."""
    return [one for one in capacity.trials if one.outcome != "void"]


def by_load(capacity: Capacity, read: Read, state: str = "fresh") -> list[tuple[float, float]]:
    """Each load with the median of what trials there measured that were not void."""
    found: dict[int, list[float]] = {}
    for one in judged(capacity):
        value = read(one)
        if one.state == state and value is not None:
            found.setdefault(one.clients, []).append(value)
    return [(load, median(values)) for load, values in sorted(found.items())]


def levels(
    limits: Sequence[JudgedLimit], measure: Measure, capacity: Capacity
) -> list[tuple[str, float]]:
    """The limits on this figure, in its unit."""
    own = [one for one in limits if measure.metric and one.metric == measure.metric]
    heights = [(one.expr, _height(one, measure, capacity)) for one in own]
    return [(expr, height) for expr, height in heights if height]


def _height(limit: JudgedLimit, measure: Measure, capacity: Capacity) -> float | None:
    """None for what the figure's axis has no place for."""
    if isinstance(limit.threshold, str):
        return None
    if limit.unit in measure.units:
        return limit.threshold * measure.factor
    most = capacity.memory_limit_bytes
    if measure is MEMORY and limit.unit == "ratio" and most is not None:
        return limit.threshold * most * measure.factor
    return None
