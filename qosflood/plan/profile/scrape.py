"""How the monitor scrapes the target's metrics page, in a profile."""

from dataclasses import replace
from typing import Annotated, Literal

from qosflood.base.endpoint import parse_endpoint
from qosflood.base.units import MINUTE, SECOND, format_bytes
from qosflood.plan.plan import Target
from qosflood.plan.profile.fields import (
    Count,
    Duration,
    Expected,
    HeaderName,
    HeaderSource,
    Interval,
    Path,
    ScrapeUrl,
    Section,
    Size,
    key,
)
from qosflood.plan.profile.memory import MemorySection
from qosflood.plan.profile.problems import Problems
from qosflood.plan.watching import MOST_PAGE_BYTES, Watch


class ScrapeSection(Section):
    """How the target's metrics page is scraped, as Prometheus would scrape it."""

    path: Path = key("/metrics", "Path below the target's URL.")
    url: ScrapeUrl | None = key(
        None, "The whole URL, if it is not below the target's.", "http://127.0.0.1:9100/metrics"
    )
    headers: (
        Annotated[
            dict[HeaderName, HeaderSource], Expected("a table of NAME = env:VAR or file:PATH")
        ]
        | None
    ) = key(
        None,
        "Headers of the scrapes. Default: target.headers for a page on the target's own origin, "
        "none for any other.",
        {"Authorization": "env:QOSFLOOD_SCRAPE_TOKEN"},
    )
    interval: Interval | None = key(
        None, "Time from one scrape to the next, or off. Default: 5s, 1s for floods under 2m.", "5s"
    )
    timeout: Duration | None = key(
        None, "Timeout of a scrape, at most the interval. Default: 5s or the interval.", "5s"
    )
    body_size_limit: Size = key(
        "0B",
        "A page of this size or more is a failed scrape, as in Prometheus; 0B: only above 256MiB.",
        "64MiB",
    )
    sample_limit: Count | None = key(
        None, "A page with more samples is a failed scrape. Default: no limit.", 50_000
    )
    dialect: Annotated[Literal["2", "3"], Expected('"2" or "3"')] = key(
        "3", "Prometheus version, 3 or 2 (as of 2.42), that must accept a page.", "2"
    )


def _body_size_limit(asked: ScrapeSection, problems: Problems) -> int:
    limit = asked.body_size_limit
    if limit > MOST_PAGE_BYTES:
        most = format_bytes(MOST_PAGE_BYTES)
        problems.add(
            "scrape.body_size_limit",
            f"got {format_bytes(limit)}, expected at most {most}: no larger page is read",
        )
    return limit


def build_watch(
    asked: ScrapeSection,
    memory: MemorySection,
    target: Target,
    flood_ns: int,
    problems: Problems,
) -> Watch:
    """What the monitor looks at; the scrape's timeout is never above its interval."""
    interval, timeout = _scrape_times(asked, flood_ns, problems)
    return Watch(
        scrape_url=_scrape_url(asked, target),
        interval_ns=interval,
        timeout_ns=timeout,
        body_size_limit_bytes=_body_size_limit(asked, problems),
        pid=memory.pid,
        memory_interval_ns=SECOND,
        gauge=memory.gauge,
        memory_limit_bytes=memory.limit or None,
        memory_block_ns=memory.block,
        memory_warmup_ns=memory.warmup,
        memory_growth_bytes=memory.least_growth,
        dialect=asked.dialect,
        sample_limit=asked.sample_limit or 0,
    )


def _scrape_times(
    asked: ScrapeSection, flood_ns: int, problems: Problems
) -> tuple[int | None, int]:
    usual = SECOND if flood_ns < 2 * MINUTE else 5 * SECOND
    timeout = asked.timeout or usual
    interval = asked.interval
    if interval == "off":
        return None, timeout
    interval = problems.duration("scrape.interval", usual if interval is None else interval)
    return interval, min(timeout, interval)


def _scrape_url(asked: ScrapeSection, target: Target) -> str:
    """The asked URL, with the profile's path if it has none; else the target's with that path."""
    if asked.url is None:
        return f"{target.url}{asked.path}"
    endpoint = parse_endpoint(asked.url, allow_query=True)
    return endpoint.url if endpoint.path else replace(endpoint, path=asked.path).url
