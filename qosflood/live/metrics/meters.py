"""A run's own metrics, from its records as they come in: counters, gauges and histograms. Pure.

Names follow Prometheus: `qosflood_`, base units, `_total`. Histograms have fixed bounds, five to
the decade, filled from the shards' histograms: counts are exact, and values are resolved to 0.1%,
the resolution of those histograms.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from qosflood.base.text import printable
from qosflood.base.units import SECOND
from qosflood.journal.histograms import counts_of, decode, values_of_indexes
from qosflood.journal.records import Latency
from qosflood.live.metrics.catalogue import METRICS, Metric

BOUNDS_S = (
    *(0.0001, 0.00016, 0.00025, 0.0004, 0.00063),
    *(0.001, 0.0016, 0.0025, 0.004, 0.0063),
    *(0.01, 0.016, 0.025, 0.04, 0.063),
    *(0.1, 0.16, 0.25, 0.4, 0.63),
    *(1.0, 1.6, 2.5, 4.0, 6.3),
    *(10.0, 16.0, 25.0, 40.0, 63.0),
    100.0,
)
_BOUNDS_NS = np.array([round(bound * SECOND) for bound in BOUNDS_S], dtype=np.int64)
Labels = tuple[str, ...]


@dataclass(slots=True)
class Buckets:
    """A histogram; `counts[i]` values lie above bound i - 1 and up to bound i, the last ones above
    all bounds. Extremes are None as long as it is empty."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    sum_ns: float = 0.0
    min_ns: int | None = None
    max_ns: int | None = None

    @property
    def count(self) -> int:
        """How many values there are."""
        return sum(self.counts)

    def add(self, latency: Latency) -> None:
        """Take in a shard's histogram of one second."""
        recorded = counts_of(decode(latency.encoded))
        used = np.flatnonzero(recorded)
        highest, middle = values_of_indexes()
        lowest = 2 * middle[used].astype(np.int64) - highest[used] - 1
        places = np.searchsorted(_BOUNDS_NS, lowest)
        folded = np.zeros(len(self.counts), dtype=np.int64)
        np.add.at(folded, places, recorded[used])
        self.counts = [old + new for old, new in zip(self.counts, folded.tolist(), strict=True)]
        self.sum_ns += latency.mean_ns * latency.count
        least = int(lowest[0])
        self.min_ns = least if self.min_ns is None else min(self.min_ns, least)
        self.max_ns = max(self.max_ns or 0, latency.max_ns)

    def copy(self) -> "Buckets":
        """As it is now."""
        return Buckets(list(self.counts), self.sum_ns, self.min_ns, self.max_ns)


Value = float | Buckets


@dataclass(frozen=True, slots=True)
class Family:
    """A metric with all its series by their labels' values."""

    metric: Metric
    series: tuple[tuple[Labels, Value], ...]


class Meters:
    """The values of all metrics of the catalogue. Text in labels is made printable."""

    def __init__(self) -> None:
        self._values: dict[str, dict[Labels, float]] = {name: {} for name in METRICS}
        self._histograms: dict[str, dict[Labels, Buckets]] = {name: {} for name in METRICS}

    def add(self, name: str, by: float, *labels: str) -> None:
        """Let a counter grow."""
        values, key = self._values[name], _key(labels)
        values[key] = values.get(key, 0) + by

    def set(self, name: str, value: float | None, *labels: str) -> None:
        """Set a gauge, or a counter kept elsewhere; None removes the series."""
        if value is None:
            self._values[name].pop(_key(labels), None)
        else:
            self._values[name][_key(labels)] = value

    def set_only(self, name: str, value: float, *labels: str) -> None:
        """Set a gauge and remove its other series."""
        self._values[name] = {_key(labels): value}

    def observe(self, name: str, latency: Latency | None, *labels: str) -> None:
        """Add to a histogram; None adds nothing, but creates the series."""
        buckets = self._histograms[name].setdefault(_key(labels), Buckets())
        if latency is not None:
            buckets.add(latency)

    def families(self) -> Iterator[Family]:
        """Every metric that has a series, in the catalogue's order."""
        for name, metric in METRICS.items():
            series: Iterable[tuple[Labels, Value]] = (
                *self._values[name].items(),
                *((key, buckets.copy()) for key, buckets in self._histograms[name].items()),
            )
            if found := tuple(series):
                yield Family(metric, found)


def _key(labels: Labels) -> Labels:
    return tuple(printable(label, 200) for label in labels)
