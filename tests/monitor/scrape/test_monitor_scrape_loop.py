"""What becomes of the ticks that pass while a scrape is under way."""

import asyncio
import time
from dataclasses import replace

import pytest

from qosflood.base.units import MS, SECOND
from qosflood.journal.records import ScrapeSample
from qosflood.monitor.scrape import loop
from qosflood.monitor.scrape.changes import UNSAID
from qosflood.monitor.scrape.loop import ScrapeLoop
from qosflood.monitor.scrape.scraper import Page
from qosflood.monitor.ticks import Timer
from qosflood.plan.watching import Instance

INTERVAL_NS = 300 * MS
LONG_S = 1.0


class SlowScraper:
    """Its first page takes long to come or to be read."""

    def __init__(self, *, fetching: bool) -> None:
        self.instance = Instance(name="target", scrape_url="http://127.0.0.1:1/")
        self.secrets: dict[str, str] = {}
        self.change = UNSAID
        self._slow = {"fetch": fetching, "read": not fetching}

    async def fetch(self) -> Page:
        await self._take("fetch")
        return Page()

    async def read(self, t: int, _: Page) -> ScrapeSample:
        await self._take("read")
        return ScrapeSample(
            t=t,
            instance="target",
            ok=True,
            reason=None,
            duration_ns=1,
            parse_ns=1,
            status=200,
            bytes=4,
            series=1,
        )

    async def _take(self, what: str) -> None:
        slow, self._slow[what] = self._slow[what], False
        await asyncio.sleep(LONG_S if slow else 0)


def samples_of(scraper: SlowScraper) -> list[ScrapeSample]:
    """Those up to the second good one."""
    seen: list[ScrapeSample] = []

    async def run() -> None:
        timer = Timer(time.monotonic_ns())

        def emit(sample: ScrapeSample) -> None:
            seen.append(sample)
            if sum(each.ok for each in seen) == 2:
                timer.stop()

        loop = ScrapeLoop(scraper, timer, emit, lambda _: None, 2 * SECOND)  # type: ignore[arg-type]
        async with asyncio.timeout(30):
            await loop.run(timer.now(), INTERVAL_NS)

    asyncio.run(run())
    return seen


def test_ticks_that_pass_while_a_page_is_read_are_the_monitors_and_say_so():
    missed = [sample for sample in samples_of(SlowScraper(fetching=False)) if not sample.ok]
    assert missed
    for sample in missed:
        assert (sample.own_fault, sample.gap) == (True, False)
        assert sample.reason == "the page before it was still being read"


def test_ticks_that_pass_while_a_page_is_awaited_are_gaps_of_the_target():
    missed = [sample for sample in samples_of(SlowScraper(fetching=True)) if not sample.ok]
    assert missed
    for sample in missed:
        assert (sample.own_fault, sample.gap) == (False, True)
        assert sample.reason == "the scrape before it still ran"


class StarvedScraper(SlowScraper):
    """Its first page does not come in time, or is refused with `refusal`; `waited_ns` of that the
    monitor had no CPU."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, waited_ns: int, refusal: str | None = None
    ) -> None:
        super().__init__(fetching=False)
        self._slow = {"fetch": False, "read": False}
        self._fails, self._waited, self._waits_ns = True, 0, waited_ns
        self._refusal = refusal
        monkeypatch.setattr(loop, "waited_for_cpu_ns", lambda: self._waited)

    async def fetch(self) -> Page:
        fails, self._fails = self._fails, False
        self._waited += self._waits_ns if fails else 0
        if not fails:
            return Page(duration_ns=SECOND)
        late = self._refusal is None
        reason = self._refusal or "no answer within 1s"
        return Page(duration_ns=SECOND, reason=reason, timed_out=late)

    async def read(self, t: int, page: Page) -> ScrapeSample:
        sample = await super().read(t, page)
        return replace(sample, ok=page.reason is None, reason=page.reason)


@pytest.mark.parametrize(("waited_ns", "own_fault"), [(700 * MS, True), (300 * MS, False)])
def test_a_time_out_of_a_monitor_that_had_no_cpu_is_not_the_targets(
    monkeypatch: pytest.MonkeyPatch, waited_ns: int, own_fault: bool
) -> None:
    first, *others = samples_of(StarvedScraper(monkeypatch, waited_ns))
    assert (first.ok, first.own_fault) == (False, own_fault)
    assert not any(sample.own_fault for sample in others)


@pytest.mark.parametrize("refusal", ["connection refused", "status 404"])
def test_a_refusal_is_the_targets_however_long_the_monitor_had_no_cpu(
    monkeypatch: pytest.MonkeyPatch, refusal: str
) -> None:
    first, *_ = samples_of(StarvedScraper(monkeypatch, 900 * MS, refusal))
    assert (first.ok, first.reason, first.own_fault) == (False, refusal, False)
