"""One scrape exactly as Prometheus makes it: same request, same ways to fail."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from yarl import URL

from qosflood.base.endpoint import same_origin
from qosflood.base.failures import no_answer
from qosflood.base.header_values import redact, resolve_headers
from qosflood.base.tls import tls_context
from qosflood.base.units import SECOND
from qosflood.journal.records import ScrapeSample
from qosflood.monitor.exposition.exposition import Exposition, ExpositionError, check_content_type
from qosflood.monitor.http import as_stranger
from qosflood.monitor.scrape.answer import Answer, AnswerError
from qosflood.monitor.scrape.body import Body, BodyError
from qosflood.monitor.scrape.changes import UNSAID, History
from qosflood.monitor.scrape.connection import Connection
from qosflood.plan.plan import Plan, Target
from qosflood.plan.watching import Instance

ACCEPT = {
    "2": "application/openmetrics-text;version=1.0.0,"
    "application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "3": "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REQUESTS = 10
"""Go's client follows nine redirects."""


@dataclass(slots=True, kw_only=True)
class Page:
    """What one exchange brought; `reason` says why it failed, None if it did not, and `timed_out`
    whether that was for time alone.

    `duration_ns` runs from before the connect to the last byte.
    """

    began_ns: int = field(default_factory=time.monotonic_ns)
    duration_ns: int = 0
    reason: str | None = None
    timed_out: bool = False
    status: int | None = None
    content_type: str | None = None
    body: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads further fields of a ScrapeSample from the samples of metrics called `names`."""

    names: frozenset[str]
    read: Callable[[Exposition], dict[str, Any]]


class ScrapeError(Exception):
    """The answer is none that Prometheus takes; the text is the scrape's reason."""


@asynccontextmanager
async def open_scraper(
    plan: Plan, instance: Instance | None = None, readers: Iterable[Reader] = ()
) -> AsyncIterator["Scraper"]:
    """A Scraper of an instance (None: the first) with its one kept-alive connection.

    `readers` add to its samples. Raises PreflightError for bad headers or CA.
    """
    instance = instance or plan.instances[0]
    headers = resolve_headers(instance.headers)
    connection = Connection(_tls_of_page(plan.target, instance), plan.target, plan.watch.dialect)
    try:
        yield Scraper(plan, instance, connection, headers, readers)
    finally:
        connection.close()


def _tls_of_page(target: Target, instance: Instance) -> ssl.SSLContext:
    own = instance.trusted or same_origin(instance.scrape_url, target.url)
    return tls_context(target if own else as_stranger(target))


class Scraper:
    """Scrapes an instance's page over one connection.

    `wanted` are metrics to keep of each page. `exposition` is what the last page that was taken
    says, and `change` what it says compared with the one before.
    """

    def __init__(
        self,
        plan: Plan,
        instance: Instance,
        connection: Connection,
        headers: dict[str, str],
        readers: Iterable[Reader],
    ) -> None:
        self._plan = plan
        self._connection = connection
        self._history = History(plan.watch)
        self.instance = instance
        self._url = URL(instance.scrape_url)
        self._readers = tuple(readers)
        self.wanted = {name for reader in self._readers for name in reader.names}
        self.exposition: Exposition | None = None
        self.change = UNSAID
        self._timeout_s = plan.watch.timeout_ns / SECOND
        self.secrets = headers
        self._strangers_tls: ssl.SSLContext | None = None
        self._headers = {
            "Accept": ACCEPT[plan.watch.dialect],
            "Accept-Encoding": "gzip",
            "User-Agent": plan.user_agent,
            "X-Prometheus-Scrape-Timeout-Seconds": f"{self._timeout_s:.9f}".rstrip("0").rstrip("."),
        }

    async def scrape(self, t: int) -> ScrapeSample:
        """Fetch and read the page once; `t` is the moment it was due. Never fails by raising."""
        return await self.read(t, await self.fetch())

    async def fetch(self) -> Page:
        """The exchange alone, up to the last byte or the timeout."""
        page = Page()
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._exchange(page)
        except TimeoutError:
            page.reason, page.timed_out = no_answer(self._plan.watch.timeout_ns), True
        except (ScrapeError, AnswerError, BodyError, ExpositionError) as failure:
            page.reason = str(failure)
        if page.reason is not None:
            self._connection.close()
        page.duration_ns = time.monotonic_ns() - page.began_ns
        return page

    async def read(self, t: int, page: Page) -> ScrapeSample:
        """The sample a page makes; its parsing runs in a thread, so that nothing waits for it."""
        began = time.monotonic_ns()
        parse_ns: int | None = None
        reason, exposition = page.reason, Exposition(series=None)
        self.change = UNSAID
        further: dict[str, Any] = {}
        if reason is None and page.body is not None:
            try:
                exposition, self.change = await asyncio.to_thread(
                    self._history.read, page.body, page.content_type, frozenset(self.wanted)
                )
            except ExpositionError as refusal:
                reason = str(refusal)
            else:
                self.exposition = exposition
                for reader in self._readers:
                    further |= reader.read(exposition)
            parse_ns = time.monotonic_ns() - began
        return ScrapeSample(
            t=t,
            instance=self.instance.name,
            ok=reason is None,
            reason=reason and redact(reason, self.secrets),
            duration_ns=page.duration_ns,
            parse_ns=parse_ns,
            status=page.status,
            bytes=None if page.body is None else len(page.body),
            series=exposition.series,
            samples=exposition.samples,
            added=self.change.added,
            removed=self.change.removed,
            unchanged=self.change.unchanged,
            resets=self.change.fall.resets,
            **further,
            warnings=tuple(
                redact(text, self.secrets) for text in (*exposition.warnings, *self.change.warnings)
            ),
            rss_bytes=exposition.rss_bytes,
            process_start_s=exposition.process_start_s,
        )

    async def _exchange(self, page: Page) -> None:
        url = self._url
        for _ in range(_MOST_REQUESTS):
            answer = await self._ask(url)
            page.status = answer.status
            location = answer.get("Location")
            if answer.status not in _REDIRECTS or not location:
                await self._receive(page, answer)
                return
            await self._connection.skim(answer)
            url = _next_url(url, location)
        raise ScrapeError(f"stopped after {_MOST_REQUESTS} redirects")

    async def _receive(self, page: Page, answer: Answer) -> None:
        if answer.status != 200:
            raise ScrapeError(f"status {answer.status}")
        page.content_type = answer.get("Content-Type")
        body = Body(
            self._plan.watch.body_size_limit_bytes,
            gzipped=answer.get("Content-Encoding") == "gzip",
        )
        async for piece in answer.pieces():
            for _ in body.feed(piece):
                await asyncio.sleep(0)
            if body.size:  # an empty page is one of any type
                check_content_type(page.content_type, self._plan.watch.dialect)
        page.body = body.finish()
        self._connection.done(answer)

    async def _ask(self, url: URL) -> Answer:
        """The answer up to its body: a redirect must not carry the target's secrets, nor show its
        certificate, to somebody else."""
        if url.origin() == self._url.origin():
            return await self._connection.get(url, self._headers | self.secrets)
        if self._strangers_tls is None:
            self._strangers_tls = tls_context(as_stranger(self._plan.target))
        return await self._connection.get(url, self._headers, self._strangers_tls)


def _next_url(url: URL, location: str) -> URL:
    try:
        following = url.join(URL(location))
    except ValueError:
        following = URL()
    if following.scheme not in ("http", "https") or not following.host:
        raise ScrapeError("redirected to what is no http address")
    return following
