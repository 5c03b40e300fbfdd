"""One instance's pages in turn: what each says, and what changed since the one before. Pure."""

import zlib
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from qosflood.base.units import format_count
from qosflood.monitor.exposition.exposition import (
    Exposition,
    ExpositionError,
    check_content_type,
    churn,
    read_exposition,
)
from qosflood.monitor.scrape.counters import NO_FALL, Counters, Fall, counter_names
from qosflood.plan.watching import Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What changed since the last page that was taken; `added` and `removed` are series, None
    for the first page and for one whose series were not read. `unchanged`: not a byte did."""

    added: int | None = None
    removed: int | None = None
    unchanged: bool = False
    fall: Fall = NO_FALL
    warnings: tuple[str, ...] = ()


UNSAID = Change()


class History:
    """Reads page after page; one that was refused leaves no trace."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._counters = Counters()
        self._before: Exposition | None = None
        self._media: str | None = None
        self._look = True
        self._checksum: int | None = None

    def read(
        self, body: bytes, content_type: str | None, wanted: AbstractSet[str] = frozenset()
    ) -> tuple[Exposition, Change]:
        """What the page says; raises ExpositionError where Prometheus fails the scrape."""
        watch, names = self._watch, self._counters.names
        candidates = counter_names(body) if self._look and not names else ()
        exposition = read_exposition(
            body,
            content_type,
            watch.gauge,
            watch.dialect,
            wanted={*wanted, *names, *candidates},
        )
        self._check_limit(exposition)
        if candidates:
            self._counters.choose(exposition.wanted, candidates)
        added, removed = self._churn(exposition)
        # Looking costs a sixth of a large page's reading: only new series are worth another try.
        self._look = bool(added)
        media = check_content_type(content_type, watch.dialect) if body else None
        checksum = zlib.crc32(body)
        change = Change(
            added=added,
            removed=removed,
            unchanged=checksum == self._checksum,
            fall=self._counters.note(exposition.wanted),
            warnings=self._new_type(media),
        )
        self._before, self._media = exposition, media or self._media
        self._checksum = checksum
        return exposition, change

    def _check_limit(self, exposition: Exposition) -> None:
        """Prometheus's `sample_limit`: every sample counts, a repeated one too."""
        limit, samples = self._watch.sample_limit, exposition.samples
        if limit and samples is not None and samples > limit:
            raise ExpositionError(
                f"{format_count(samples)} samples, over sample_limit {format_count(limit)}"
            )

    def _churn(self, exposition: Exposition) -> tuple[int | None, int | None]:
        before = self._before
        if before is None or before.series is None or exposition.series is None:
            return None, None
        return churn(before, exposition)

    def _new_type(self, media: str | None) -> tuple[str, ...]:
        if None in (media, self._media) or media == self._media:
            return ()
        return (f"the page's type went from {self._media} to {media}",)
