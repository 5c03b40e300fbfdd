"""Memory as the target's own page exposes it, from scrape to scrape. Pure."""

from qosflood.journal.records import MemorySample, ScrapeSample
from qosflood.monitor.exposition.exposition import Exposition


class GaugeSampler:
    """Samples of the gauge; a value whose own time the page repeats is not a new one."""

    def __init__(self, gauge: str) -> None:
        self._gauge = gauge
        self._at_ms: int | None = None

    def note(self, scrape: ScrapeSample, page: Exposition | None) -> MemorySample | None:
        """The sample that a page that was taken makes, if it makes one."""
        if scrape.rss_bytes is None:
            return None
        at_ms = self._time_on(page)
        if at_ms is not None and at_ms == self._at_ms:
            return None
        self._at_ms = at_ms
        return MemorySample(
            t=scrape.t,
            instance=scrape.instance,
            source="gauge",
            rss_bytes=scrape.rss_bytes,
            start_s=scrape.process_start_s,
            source_ms=at_ms,
        )

    def _time_on(self, page: Exposition | None) -> int | None:
        samples = () if page is None else page.wanted
        return next((s.timestamp_ms for s in samples if s.name == self._gauge), None)
