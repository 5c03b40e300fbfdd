"""The percentiles that are read from histograms: one table, by which everything else goes.

Windows, findings, limits (`response.p95`), report.json, CSV and comparisons hold all of them, by
their names. Tables for people show a few of them. A percentile that is added here is added
everywhere; a run that was recorded before has its histograms, from which it is read.

Ranks are those of HdrHistogram's Java reader (2.1.12 on): the lowest value at or below which lies
at least the percentile's share of all values. Its Python port rounds to the nearest rank instead,
and so reads a value too low in small phases.
"""

from math import ceil, inf, nextafter

PERCENTILES: dict[str, float] = {
    "p50": 50.0,
    "p75": 75.0,
    "p90": 90.0,
    "p95": 95.0,
    "p99": 99.0,
    "p99_9": 99.9,
}
"""Rank in percent by name, lowest first."""
SHOWN = ("p50", "p90", "p95", "p99", "p99_9")
"""Those in the wide tables: of the HTML report, and of a terminal of 120 columns or more."""
ESSENTIAL = ("p50", "p95", "p99")
"""Those in narrow tables: of a terminal of 80 columns, and of report.md."""
LIVE = ("p50", "p99")
"""Those shown and judged while the run goes on, of its last seconds."""
LEAST_ABOVE = 10
"""A percentile is given only when at least this many values lie above it."""


def label(name: str) -> str:
    """The name for people, e.g. `p99.9`."""
    return name.replace("_", ".")


def share_above(name: str) -> float:
    """Which share of the values lies above the percentile."""
    return round(1.0 - PERCENTILES[name] / 100.0, 9)


def values_needed(name: str) -> int:
    """How many values it takes for the percentile to be given."""
    return ceil(round(LEAST_ABOVE / share_above(name), 6))


def rank(percentile: float, count: int) -> int:
    """How many of `count` values lie at or below the percentile (0 to 100)."""
    # One step down, so that 99.9% of 1,000 is 999 and not, by rounding, 1,000.
    exact = min(max(nextafter(percentile, -inf), 0.0), 100.0)
    return max(ceil(exact * count / 100.0), 1)
