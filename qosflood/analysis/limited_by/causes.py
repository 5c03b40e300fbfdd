"""What the target itself ran out of, or did beside answering, while reports failed or were slow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings import PhaseFigures
from qosflood.analysis.findings_of_target import Cause
from qosflood.analysis.findings_series import Second
from qosflood.base.units import (
    MS,
    SECOND,
    format_bytes,
    format_count,
    format_duration,
    format_ratio,
)
from qosflood.journal.records import MemorySample, ScrapeSample
from qosflood.plan.plan import Plan

_FULL_FILES = 0.98
"""Of its limit of open files; a server opens one to accept a connection and to look at anything."""
_LEAST_DROPPED = 10
_LEAST_OF_EACH = 3
"""So many seconds with a scrape in them, and so many without, tell them apart."""
_LEAST_SCRAPE_NS = 20 * MS
"""A page that is rendered faster cannot hold up posts for long enough to matter."""
_SLOWER, _SLOWER_NS = 3, 20 * MS
_USUALLY = 0.75
"""Of the seconds with a scrape, so many are slower than the middle one without."""
_SPIKE = 1.5
_SPIKE_SHARE = 0.1
_LEAST_SPIKE_BYTES = 64 * 1024 * 1024
_PAGE_GREW, _LEAST_SERIES = 2, 1000
_STANDS_STILL = 2
_LEAST_UNCHANGED = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """What was sampled of the target in the flood, and the flood's seconds."""

    plan: Plan
    clock: RunClock
    baseline: PhaseFigures | None
    flood: PhaseFigures
    seconds: Sequence[Second]
    scrapes: Sequence[ScrapeSample]
    memory: Sequence[MemorySample]


def causes(seen: Seen) -> tuple[Cause, ...]:
    """All that the samples of the flood show, the plainest first."""
    start, end = seen.flood.start_s, seen.flood.start_s + seen.flood.seconds
    scrapes = [s for s in seen.scrapes if start <= seen.clock.t_s(s.t) < end and not s.own_fault]
    memory = [s for s in seen.memory if start <= seen.clock.t_s(s.t) < end]
    return (
        *_files(seen.flood),
        *_backlog(seen.plan, seen.baseline, seen.flood),
        *_standing_instance(scrapes),
        *_scrapes_block(seen, scrapes),
        *_spike(seen.clock, memory),
        *_page_growth(scrapes),
        *_frozen_page(seen, scrapes),
    )


def _files(flood: PhaseFigures) -> Iterator[Cause]:
    if flood.target_files is None:
        return
    used, limit = flood.target_files
    if used >= _FULL_FILES * limit:
        yield Cause(
            kind="files",
            explains="failures",
            what=f"the target had {format_count(min(used, limit))} of at most "
            f"{format_count(limit)} files open",
        )


def _backlog(plan: Plan, baseline: PhaseFigures | None, flood: PhaseFigures) -> Iterator[Cause]:
    """Of a target on this machine, whose listeners' counters are this machine's: without slow or
    failed connects of the load, it was another listener whose backlog was full."""
    dropped, connects = flood.tcp.dropped if flood.tcp is not None else None, flood.connects
    if not plan.target.loopback or dropped is None or dropped < _LEAST_DROPPED:
        return
    if connects is None or not (connects.slow or connects.failed):
        return
    before = baseline.tcp.dropped if baseline is not None and baseline.tcp is not None else None
    before_words = "" if before is None else f", {format_count(before)} in the baseline"
    yield Cause(
        kind="backlog",
        explains="any",
        what=f"listeners on this machine dropped {format_count(dropped)} connects in the flood"
        f"{before_words}, because their backlog was full",
    )


def _standing_instance(scrapes: Sequence[ScrapeSample]) -> Iterator[Cause]:
    """One of several instances that answered no scrape while another answered all."""
    by_name: dict[str, list[bool]] = {}
    for sample in scrapes:
        by_name.setdefault(sample.instance, []).append(sample.ok)
    well = [name for name, answered in by_name.items() if all(answered)]
    for name, answered in by_name.items():
        if well and len(answered) >= _STANDS_STILL and not any(answered):
            yield Cause(
                kind="instance",
                explains="any",
                what=f"instance {name} answered none of its {format_count(len(answered))} scrapes "
                f"in the flood, {well[0]} answered all of them",
            )


def _scrapes_block(seen: Seen, scrapes: Sequence[ScrapeSample]) -> Iterator[Cause]:
    """Posts that are slow in just the seconds in which a page was rendered."""
    busy = {
        second
        for sample in scrapes
        if (sample.duration_ns or 0) >= _LEAST_SCRAPE_NS
        for second in _seconds_of(seen, sample)
    }
    timed = [(s.t_s in busy, ns) for s, ns in _slowest(seen.seconds)]
    during = [ns for scraped, ns in timed if scraped]
    apart = [ns for scraped, ns in timed if not scraped]
    if min(len(during), len(apart)) < _LEAST_OF_EACH:
        return
    usual, slow = median(apart), median(during)
    slower = sum(ns > usual for ns in during)
    if slow < _SLOWER * usual or slow - usual < _SLOWER_NS or slower < _USUALLY * len(during):
        return
    longest = max(sample.duration_ns or 0 for sample in scrapes)
    size = max((sample.bytes or 0 for sample in scrapes), default=0)
    yield Cause(
        kind="page",
        explains="slow",
        what=f"slow answers took {format_duration(round(slow))} in the "
        f"{format_count(len(during))} seconds in which the metrics page was being fetched, "
        f"{format_duration(round(usual))} in the others; the page of {format_bytes(size)} took up "
        f"to {format_duration(longest)}",
    )


def _seconds_of(seen: Seen, sample: ScrapeSample) -> Iterator[float]:
    """The flood's seconds that a scrape touched; a duration read from a damaged journal may be
    longer than any run."""
    first = int(seen.clock.t_s(sample.t))
    last = int(seen.clock.t_s(sample.t + (sample.duration_ns or 0)))
    end = int(seen.flood.start_s + seen.flood.seconds)
    return (float(second) for second in range(first, min(last, end) + 1))


def _slowest(seconds: Sequence[Second]) -> list[tuple[Second, int]]:
    """What reports took in each second: by p99 where every second has one, else by the slowest
    answer; without the seconds in which the generator was late."""
    answered = [s for s in seconds if not s.late and s.service_max_ns is not None]
    by_p99 = [(s, s.response_p99_ns) for s in answered if s.response_p99_ns is not None]
    if len(by_p99) == len(answered):
        return by_p99
    return [(s, s.service_max_ns) for s in answered if s.service_max_ns is not None]


def _spike(clock: RunClock, memory: Sequence[MemorySample]) -> Iterator[Cause]:
    """Memory far above its middle for a small part of the flood."""
    for name in dict.fromkeys(sample.instance for sample in memory):
        mine = [sample for sample in memory if sample.instance == name]
        highest = max(mine, key=lambda sample: sample.rss_bytes)
        middle = median(sample.rss_bytes for sample in mine)
        half_way = (highest.rss_bytes + middle) / 2
        above = sum(sample.rss_bytes > half_way for sample in mine)
        rose = highest.rss_bytes - middle
        if (
            highest.rss_bytes < _SPIKE * middle
            or rose < _LEAST_SPIKE_BYTES
            or above > max(_SPIKE_SHARE * len(mine), 1)
        ):
            continue
        yield Cause(
            kind="spike",
            explains="memory",
            what=f"memory rose to {format_bytes(highest.rss_bytes)} "
            f"{format_duration(round(clock.t_s(highest.t)) * SECOND)} into the load and was "
            f"{format_bytes(middle)} for most of the flood; it was above half of that rise in "
            f"{format_ratio(above / len(mine))} of the samples",
        )


def _page_growth(scrapes: Sequence[ScrapeSample]) -> Iterator[Cause]:
    for name in dict.fromkeys(sample.instance for sample in scrapes):
        series = [s.series for s in scrapes if s.instance == name and s.series is not None]
        if not series or series[-1] - series[0] < _LEAST_SERIES:
            continue
        if series[-1] >= _PAGE_GREW * max(series[0], 1):
            yield Cause(
                kind="series",
                explains="page",
                what=f"the metrics page grew from {format_count(series[0])} to "
                f"{format_count(series[-1])} series in the flood",
            )


def _frozen_page(seen: Seen, scrapes: Sequence[ScrapeSample]) -> Iterator[Cause]:
    """A page that stays the same while reports are accepted: it stands still, or it is kept for
    longer than there is between two scrapes."""
    for name in dict.fromkeys(sample.instance for sample in scrapes):
        taken = [sample for sample in scrapes if sample.instance == name and sample.ok]
        runs = [list(run) for same, run in groupby(taken, lambda s: s.unchanged) if same]
        longest = max(runs, key=len, default=[])
        if len(longest) < _LEAST_UNCHANGED:
            continue
        since_s, until_s = seen.clock.t_s(longest[0].t), seen.clock.t_s(longest[-1].t)
        # Whole seconds between the first of them and the last: what was accepted then is not on it.
        between = (s for s in seen.seconds if since_s <= s.t_s and s.t_s + 1 <= until_s)
        if not any(second.acked for second in between):
            continue
        yield Cause(
            kind="frozen",
            explains="page",
            what=f"{len(longest)} scrapes in a row from "
            f"{format_duration(round(since_s) * SECOND)} into the load returned the same metrics "
            "page, byte for byte, while reports were accepted",
        )
