"""What a metrics page says, and whether Prometheus would take it. Pure.

The page is read record by record as Prometheus reads it (`text_format`, `openmetrics`). One bad
record fails the whole scrape; what Prometheus tolerates is a warning.
"""

from array import array
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from qosflood.base.foreign_numbers import MOST, whole_number
from qosflood.monitor.exposition.content_type import PROTOBUF, READ, TEXT, media_type
from qosflood.monitor.exposition.grammar import Dialect, Series
from qosflood.monitor.exposition.labels import shown
from qosflood.monitor.exposition.scanner import ExpositionError, Scanner

__all__ = (
    "Exposition",
    "ExpositionError",
    "Sample",
    "check_content_type",
    "churn",
    "read_exposition",
)

START_TIME = "process_start_time_seconds"
_SHOWN = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One sample of a wanted metric. `timestamp_ms` (epoch) where the page gives one."""

    name: str
    labels: dict[str, str]
    value: float
    timestamp_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposition:
    """A page that was accepted.

    `samples` counts its samples, `series` those with different names or labels; None for a page
    that was not read. `wanted` are the samples of the metrics asked for, in the page's order;
    `keys` one number of 64 bits per series, which says the same series in this process only.
    """

    series: int | None
    samples: int | None = None
    rss_bytes: int | None = None
    process_start_s: float | None = None
    warnings: tuple[str, ...] = ()
    wanted: tuple[Sample, ...] = ()
    keys: "array[int]" = field(default_factory=lambda: array("q"), compare=False, repr=False)


def churn(before: Exposition, after: Exposition) -> tuple[int, int]:
    """Series that `after` has and `before` had not, and the other way round: added, removed."""
    old, new = set(before.keys), set(after.keys)
    shared = len(old & new)
    return len(new) - shared, len(old) - shared


def check_content_type(content_type: str | None, dialect: Dialect = "3") -> str:
    """The media type that Prometheus reads the page as; raises ExpositionError.

    Up to 2.x, whatever is neither OpenMetrics nor protobuf is read as text.
    """
    media = media_type(content_type or "", dialect)
    if dialect == "2":
        return media if media in READ else TEXT
    if media not in READ:
        said = (content_type or "").strip() if media is None else media
        raise ExpositionError(f"content type {shown(said.encode(), _SHOWN) or 'missing'}")
    return media


def read_exposition(
    body: bytes,
    content_type: str | None,
    gauge: str,
    dialect: Dialect = "3",
    *,
    wanted: Collection[str] = (),
) -> Exposition:
    """Read a whole page; `gauge` names its memory metric, `wanted` others to keep.

    Raises ExpositionError.
    """
    if not body and dialect == "3":
        return Exposition(series=0, samples=0, warnings=("the page is empty",))
    media = check_content_type(content_type, dialect)
    if media == PROTOBUF:
        return Exposition(series=None, warnings=("protobuf: the page was not read",))
    scanner = Scanner(media, (gauge, START_TIME, *wanted), dialect)
    scanner.read(body)
    return _conclude(scanner, gauge)


def _conclude(scanner: Scanner, gauge: str) -> Exposition:
    tally = scanner.tally
    found = tuple(_sample(series) for series in tally.wanted)
    sizes = [sample for sample in found if sample.name == gauge]
    rss = _figure(sizes)
    several = len(sizes) > 1 and all(sample.labels for sample in sizes)
    return Exposition(
        series=tally.series,
        samples=tally.samples,
        rss_bytes=whole_number(rss),
        process_start_s=_figure([sample for sample in found if sample.name == START_TIME]),
        warnings=(
            *scanner.warnings,
            *tally.warnings(),
            *_oddities(found),
            *([f"{len(sizes)} samples of {gauge}; the first one counts"] if several else ()),
            *(() if tally.samples else ("the page has no sample",)),
        ),
        wanted=found,
        keys=tally.keys,
    )


def _sample(series: Series) -> Sample:
    return Sample(
        name=series.name.decode(),
        labels={name.decode(): value.decode() for name, value in series.labels if value},
        value=series.value,
        timestamp_ms=series.timestamp_ms,
    )


def _figure(samples: list[Sample]) -> float | None:
    """The sample without labels, or the first; None unless it is a figure above 0."""
    plain = [sample for sample in samples if not sample.labels]
    for sample in (plain or samples)[:1]:
        if 0 < sample.value <= MOST:
            return sample.value
    return None


def _oddities(samples: Iterable[Sample]) -> Iterator[str]:
    """Values of the metrics that are read which no size, time or count has. NaN is none of them:
    runtimes expose it for what they have not measured yet."""
    odd = [sample for sample in samples if abs(sample.value) > MOST]
    for name in dict.fromkeys(sample.name for sample in odd):
        value = next(sample.value for sample in odd if sample.name == name)
        yield f"{name} is {value:g}, which is no size, time or count: it is not used"
