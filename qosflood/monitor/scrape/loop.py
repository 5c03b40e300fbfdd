"""One instance's scrapes on a grid of their own, whatever the instance does."""

from collections.abc import Callable
from dataclasses import replace

from qosflood.base.header_values import redact
from qosflood.base.run_queue import waited_for_cpu_ns
from qosflood.journal.records import ScrapeSample
from qosflood.monitor.scrape.scraper import Scraper
from qosflood.monitor.ticks import Ticks, Timer

_STARVED = 0.5
"""A fetch that timed out says nothing of the target if the monitor waited for a CPU for this share
of it. A refusal or a bad answer is the target's, however long it took to read."""


class ScrapeLoop:
    """Emits one ScrapeSample for each tick; `taken` gets that of every page that was taken."""

    def __init__(
        self,
        scraper: Scraper,
        timer: Timer,
        emit: Callable[[ScrapeSample], None],
        taken: Callable[[ScrapeSample], None],
        timeout_ns: int,
    ) -> None:
        self._scraper = scraper
        self._timer = timer
        self._emit = emit
        self._taken = taken
        self._timeout_ns = timeout_ns
        self._scraping: int | None = None
        self._fetched_ns = 0
        self._read_ns = 0

    async def run(self, first_ns: int, interval_ns: int) -> None:
        """Scrape from `first_ns` on; an error of the monitor's own never ends it."""
        ticks = Ticks(first_ns, interval_ns)
        while await self._timer.until(ticks.next_ns):
            for tick in ticks.missed(self._timer.now()):
                self._emit(self._skipped(tick, ticks.tolerance_ns))
            if ticks.next_ns <= self._timer.now():
                await self._scrape(ticks.take(), ticks.tolerance_ns)

    def abandon(self) -> None:
        """The end has come: a page that is still being read is one of our own fault."""
        if self._scraping is not None:
            what = "its page was not read in time"
            self._emit(self._failed(self._scraping, what, own_fault=True))

    def _skipped(self, tick: int, tolerance_ns: int) -> ScrapeSample:
        if self._fetched_ns - tick > tolerance_ns:
            return self._failed(tick, "the scrape before it still ran", gap=True)
        # Prometheus would skip such a tick too, but only for a page of many times that size.
        reading = self._read_ns - tick > tolerance_ns
        what = "the page before it was still being read" if reading else "the monitor was late"
        return self._failed(tick, what, own_fault=True)

    async def _scrape(self, tick: int, tolerance_ns: int) -> None:
        self._scraping = tick
        try:
            sample = await self._sample(tick, tolerance_ns)
        except Exception as error:  # nothing one scrape does may end the monitor
            words = f"monitor error: {type(error).__name__}: {error}"
            sample = self._failed(tick, redact(words, self._scraper.secrets), own_fault=True)
        self._scraping = None
        self._emit(sample)
        if sample.ok:
            self._taken(sample)

    async def _sample(self, tick: int, tolerance_ns: int) -> ScrapeSample:
        before_ns = waited_for_cpu_ns()
        page = await self._scraper.fetch()
        starved_ns = waited_for_cpu_ns() - before_ns
        stalled = page.duration_ns > self._timeout_ns + tolerance_ns
        # A page that came in small pieces of CPU time may have been there in time.
        stalled |= page.timed_out and starved_ns > _STARVED * page.duration_ns
        # Only the target can make a gap: a fetch beyond its own timeout was the monitor's stall.
        self._fetched_ns = 0 if stalled else self._timer.now()
        sample = await self._scraper.read(tick, page)
        self._read_ns = self._timer.now()
        return replace(sample, own_fault=True) if stalled else sample

    def _failed(
        self, t: int, reason: str, *, gap: bool = False, own_fault: bool = False
    ) -> ScrapeSample:
        return ScrapeSample(
            t=t,
            instance=self._scraper.instance.name,
            ok=False,
            reason=reason,
            duration_ns=None,
            parse_ns=None,
            status=None,
            bytes=None,
            series=None,
            gap=gap,
            own_fault=own_fault,
        )
