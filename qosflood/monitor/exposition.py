"""What a metrics page says: how many series, the memory gauge, the process's start. Pure.

prometheus_client's text parser stands in for Prometheus's. Its OpenMetrics parser refuses pages
that Prometheus accepts, so what that one refuses is a warning, not a failure.
"""

import io
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TextIO, cast

from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_fd_to_metric_families as _read_openmetrics
from prometheus_client.parser import text_fd_to_metric_families as _read_text
from prometheus_client.samples import Sample

START_TIME = "process_start_time_seconds"
_TEXT, _OPENMETRICS, _PROTOBUF = (
    "text/plain",
    "application/openmetrics-text",
    "application/vnd.google.protobuf",
)
_BATCH_LINES = 5_000
"""The parser holds a family's samples at once; in batches a page of millions stays small."""
_SHOWN = 120


class ExpositionError(Exception):
    """Prometheus would refuse the page; the text is the scrape's reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposition:
    """A page that was accepted. `series` is None if it could not be counted."""

    series: int | None
    rss_bytes: int | None = None
    process_start_s: float | None = None
    warnings: tuple[str, ...] = ()


def check_content_type(content_type: str | None) -> str:
    """The media type, if Prometheus 3 reads it; raises ExpositionError."""
    media = (content_type or "").partition(";")[0].strip().lower()
    if media not in (_TEXT, _OPENMETRICS, _PROTOBUF):
        raise ExpositionError(f"content type {media[:_SHOWN] or 'missing'}")
    return media


def read_exposition(body: bytes, content_type: str | None, gauge: str) -> Exposition:
    """Read a page; `gauge` names its memory metric. Raises ExpositionError."""
    media = check_content_type(content_type)
    if not body:
        return Exposition(series=0, warnings=("the page is empty",))
    if media == _PROTOBUF:
        return Exposition(series=None, warnings=("protobuf: the page was not read",))
    tally = _Tally(gauge)
    if media == _TEXT:
        tally.take(_samples(body, _text_families))
        return tally.exposition(tally.series)
    return _openmetrics(body, tally, gauge)


def _openmetrics(body: bytes, tally: "_Tally", gauge: str) -> Exposition:
    if not body.endswith((b"# EOF\n", b"# EOF")):
        raise ExpositionError("parse: data does not end with # EOF")
    try:
        tally.take(_samples(body, _strict_families))
    except ExpositionError as refusal:
        text = f"OpenMetrics that a strict parser refuses ({refusal}); series not counted"
        plain = _Tally(gauge)
        plain.take(_samples(_only(body, (gauge, START_TIME)), _text_families))
        return plain.exposition(None, text)
    return tally.exposition(tally.series)


def _only(body: bytes, names: tuple[str, ...]) -> bytes:
    starts = tuple(name.encode() for name in names)
    return b"".join(line for line in io.BytesIO(body) if line.startswith(starts))


class _Lines:
    """The lines of a page as text, counted; not one second copy of the whole page."""

    def __init__(self, body: bytes) -> None:
        self._file = io.BytesIO(body)
        self._size = len(body)
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._file:
            self.number += 1
            yield line.decode()

    @property
    def left(self) -> bool:
        return self._file.tell() < self._size


def _text_families(lines: _Lines) -> Iterator[Metric]:
    source = iter(lines)
    while lines.left:
        yield from _read_text(cast(TextIO, islice(source, _BATCH_LINES)))


def _strict_families(lines: _Lines) -> Iterator[Metric]:
    yield from _read_openmetrics(cast(TextIO, iter(lines)))  # type: ignore[no-untyped-call]


def _samples(body: bytes, read: Callable[[_Lines], Iterator[Metric]]) -> Iterator[Sample]:
    lines = _Lines(body)
    try:
        for family in read(lines):
            yield from family.samples
    except UnicodeDecodeError:
        raise ExpositionError(f"parse: line {lines.number}: not UTF-8") from None
    except Exception as error:  # the parser trips over some lines in ways of its own
        text = f"parse: line {lines.number}: {str(error) or 'invalid line'}"
        raise ExpositionError(text[:_SHOWN]) from None


class _Tally:
    """Counts samples and keeps the few that matter."""

    def __init__(self, gauge: str) -> None:
        self._gauge = gauge
        self._found: dict[str, list[Sample]] = {gauge: [], START_TIME: []}
        self._seen: set[int] = set()
        self._twice = 0
        self._first_twice = ""
        self.series = 0

    def take(self, samples: Iterable[Sample]) -> None:
        for sample in samples:
            self.series += 1
            self._note_twice(sample)
            if sample.name in self._found:
                self._found[sample.name].append(sample)

    def _note_twice(self, sample: Sample) -> None:
        # A hash of 64 bits in place of the key itself: a tenth of the memory on a large page.
        key = hash((sample.name, frozenset(sample.labels.items()), sample.timestamp))
        if key in self._seen:
            self._first_twice = self._first_twice or sample.name
            self._twice += 1
        self._seen.add(key)

    def exposition(self, series: int | None, *warnings: str) -> Exposition:
        rss = _value(self._found[self._gauge])
        return Exposition(
            series=series,
            rss_bytes=None if rss is None else round(rss),
            process_start_s=_value(self._found[START_TIME]),
            warnings=(*warnings, *self._warnings()),
        )

    def _warnings(self) -> Iterator[str]:
        if self._twice:
            yield f"{self._twice} duplicate samples, first of {self._first_twice}"
        gauges = self._found[self._gauge]
        if len(gauges) > 1 and all(sample.labels for sample in gauges):
            yield f"{len(gauges)} samples of {self._gauge}; the first one counts"


def _value(samples: list[Sample]) -> float | None:
    """The sample without labels, or the first; None unless it is a figure above 0."""
    plain = [sample for sample in samples if not sample.labels]
    for sample in (plain or samples)[:1]:
        if math.isfinite(sample.value) and sample.value > 0:
            return float(sample.value)
    return None
