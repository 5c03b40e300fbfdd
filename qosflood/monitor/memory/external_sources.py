"""Memory that others report: another exposition, a Prometheus, a command.

A reading has its source's own time where it has one, and what goes wrong is a value in words.
"""

import asyncio
import math
import os
import select
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

import aiohttp

from qosflood.base.failures import no_answer
from qosflood.base.foreign_numbers import whole_number
from qosflood.base.header_values import redact, resolve_headers, resolve_source
from qosflood.base.units import SECOND, format_duration
from qosflood.monitor.exposition.exposition import Exposition, ExpositionError, read_exposition
from qosflood.monitor.http import exchange_failure, receive
from qosflood.monitor.prometheus.client import Failure, Prometheus
from qosflood.monitor.scrape.body import BodyError
from qosflood.monitor.scrape.scraper import ACCEPT
from qosflood.plan.plan import Plan
from qosflood.plan.series_selector import Selector, parse_selector
from qosflood.plan.watching import MemorySource

_MOST_PRINTED = 1 << 16
_LOOK_S, _KILLED_S = 0.02, 1.0
_REFERENCES = ("env:", "file:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a source reported. `at_ms` is when it took the value (epoch), None if it does not say;
    `termination` why the instance ended the last time. `missing`: what was asked for with the
    bytes and is not there, in words."""

    used_bytes: int
    limit_bytes: int | None = None
    at_ms: int | None = None
    restarts: int | None = None
    termination: str | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unread:
    """Why there is no reading, without secrets; restarts may be known where memory is not."""

    words: str
    restarts: int | None = None
    termination: str | None = None


class ExternalSource(Protocol):
    """A source that can be asked."""

    async def read(self) -> Reading | Unread:
        """Ask once; never raises for what the source does."""
        ...


class Exposed:
    """A series of another exposition, such as cAdvisor's or the kubelet's."""

    def __init__(self, plan: Plan, source: MemorySource, session: aiohttp.ClientSession) -> None:
        self._source, self._session = source, session
        self._dialect = plan.watch.dialect
        self._read = parse_selector(source.read)
        self._limit = parse_selector(source.limit) if source.limit else None
        self._secrets = resolve_headers(source.headers)
        self._headers = {
            "Accept": ACCEPT[self._dialect],
            "Accept-Encoding": "gzip",
            "User-Agent": plan.user_agent,
        }

    async def read(self) -> Reading | Unread:
        """Fetch the page and find the one series that is asked for."""
        try:
            page = await self._fetch()
        except TimeoutError:
            return Unread(no_answer(self._source.timeout_ns))
        except (BodyError, ExpositionError) as refusal:
            return Unread(redact(str(refusal), self._secrets))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Unread(redact(exchange_failure(error), self._secrets))
        if isinstance(page, Unread):
            return page
        return self._found(page)

    async def _fetch(self) -> Exposition | Unread:
        async with self._session.get(
            self._source.url, headers=self._headers | self._secrets, allow_redirects=False
        ) as response:
            if response.status != 200:
                return Unread(f"status {response.status}")
            body = await receive(response)
            wanted = [one.name for one in (self._read, self._limit) if one is not None]
            content_type = response.headers.get("Content-Type")
            return await asyncio.to_thread(
                read_exposition, body, content_type, "", self._dialect, wanted=wanted
            )

    def _found(self, page: Exposition) -> Reading | Unread:
        values = _selected(page, self._read)
        if len(values) != 1:
            return Unread(_not_one(len(values), self._source.read))
        value, at_ms = values[0]
        if self._limit is None:
            return _reading(value, None, at_ms)
        limits = _selected(page, self._limit)
        if len(limits) == 1:
            return _reading(value, limits[0][0], at_ms)
        reading = _reading(value, None, at_ms)
        if isinstance(reading, Unread):
            return reading
        why = f"limit_from gave nothing: {_not_one(len(limits), self._source.limit)}"
        return replace(reading, missing=(why,))


def _selected(page: Exposition, selector: Selector) -> list[tuple[float, int | None]]:
    return [
        (sample.value, sample.timestamp_ms)
        for sample in page.wanted
        if selector.takes(sample.name, sample.labels)
    ]


class Queried:
    """An expression that a Prometheus evaluates.

    The value's own time is that of the sample behind it, which `timestamp()` returns of a selector;
    of any other expression it returns when it was evaluated.
    """

    def __init__(self, prometheus: Prometheus, source: MemorySource) -> None:
        self._prometheus, self._source = prometheus, source

    async def read(self) -> Reading | Unread:
        """Ask for the value, its time and what goes with it, as of one moment."""
        source, now_s = self._source, time.time()
        restarts, no_restarts = await self._value("restarts_from", source.restarts, now_s)
        count = whole_number(restarts)
        reason = await self._termination(now_s)
        found = await self._prometheus.query(source.read, now_s)
        if isinstance(found, Failure):
            return Unread(found.words, count, reason)
        if len(found) != 1:
            return Unread(_not_one(len(found), source.read), count, reason)
        at_s, _ = await self._value("", f"timestamp({source.read})", now_s)
        limit, no_limit = await self._value("limit_from", source.limit, now_s)
        at_ms = whole_number(at_s, 1000)
        reading = _reading(found[0].value, limit, at_ms)
        if isinstance(reading, Unread):
            return replace(reading, restarts=count, termination=reason)
        missing = (*no_limit, *no_restarts)
        return replace(reading, restarts=count, termination=reason, missing=missing)

    async def _value(
        self, key: str, expr: str, at_s: float
    ) -> tuple[float | None, tuple[str, ...]]:
        """The one finite value of an expression, and why there is none."""
        if not expr:
            return None, ()
        found = await self._prometheus.query(expr, at_s)
        if isinstance(found, Failure):
            return None, (f"{key} gave nothing: {found.words}",)
        if len(found) != 1:
            return None, (f"{key} gave nothing: {_not_one(len(found), expr)}",)
        if not math.isfinite(found[0].value):
            return None, (f"{key} gave no number: {expr}",)
        return found[0].value, ()

    async def _termination(self, at_s: float) -> str | None:
        asked = self._source.termination
        found = await self._prometheus.query(asked, at_s) if asked else ()
        ended = () if isinstance(found, Failure) else found
        reasons = (one.labels["reason"] for one in ended if one.value and "reason" in one.labels)
        return next(reasons, None)


class Command:
    """A command that prints bytes, run without a shell; raises PreflightError for its references.

    Nothing it prints is ever shown, nor are its words but the first.
    """

    def __init__(self, source: MemorySource) -> None:
        self._timeout_ns = source.timeout_ns
        self._words = [_word(word) for word in source.command]

    async def read(self) -> Reading | Unread:
        """Run it and read one number, or two: the bytes used and the limit."""
        return await asyncio.to_thread(self._run)

    def _run(self) -> Reading | Unread:
        # Not asyncio's: there a command that prints more than is read is waited for without end.
        try:
            process = subprocess.Popen(
                self._words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            return Unread(f"cannot be run: {getattr(error, 'strerror', None) or 'bad words'}")
        try:
            printed = _printed(process, time.monotonic() + self._timeout_ns / SECOND)
        finally:
            _end(process)
        if printed is None:
            return Unread(f"did not end within {format_duration(self._timeout_ns)}")
        if len(printed) > _MOST_PRINTED:
            return Unread("printed more than a number of bytes")
        if process.returncode:
            return Unread(f"ended with status {process.returncode}")
        return _parsed(printed)


def _printed(process: "subprocess.Popen[bytes]", deadline_s: float) -> bytes | None:
    """What it printed until it ended, or a little more than is wanted; None if it did not end.

    Once it has ended nobody waits for others that have its output open."""
    assert process.stdout is not None
    printed, fd = b"", process.stdout.fileno()
    os.set_blocking(fd, False)
    while len(printed) <= _MOST_PRINTED:
        over = process.poll() is not None
        ready, _, _ = select.select([fd], [], [], 0 if over else _LOOK_S)
        chunk = os.read(fd, _MOST_PRINTED) if ready else None
        printed += chunk or b""
        if over and not chunk:
            return printed
        if time.monotonic() > deadline_s:
            return None
        if chunk == b"":  # it closed its output and goes on
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(deadline_s - time.monotonic(), 0))
                return printed
            return None
    return printed


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Nothing of it stays behind: it leads a process group of its own."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.stdout is not None:
        process.stdout.close()
    with suppress(subprocess.TimeoutExpired):  # one that runs as somebody else may live on
        process.wait(_KILLED_S)


def _word(word: str) -> str:
    return resolve_source("memory.command", word) if word.startswith(_REFERENCES) else word


def _parsed(printed: bytes) -> Reading | Unread:
    words = printed[:_MOST_PRINTED].split()
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        return Unread("printed something else than a number of bytes")
    if len(numbers) not in (1, 2):
        return Unread(f"printed {len(numbers)} numbers, expected the bytes used")
    return _reading(numbers[0], numbers[1] if len(numbers) == 2 else None, None)


def _reading(value: float, limit: float | None, at_ms: int | None) -> Reading | Unread:
    used_bytes = whole_number(value)
    if not used_bytes:
        return Unread("gave no number of bytes above 0")
    return Reading(used_bytes=used_bytes, limit_bytes=whole_number(limit) or None, at_ms=at_ms)


def _not_one(count: int, what: str) -> str:
    if count == 0:
        return f"no series is {what}"
    return f"{count} series are {what}, expected one: name more labels, or sum() them"
