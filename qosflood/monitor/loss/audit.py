"""Looking for accepted reports in the target: its sessions after the run, and a first look at what
it shows of them.

Reading all sessions back is a load of its own (a million are 184 MB and four seconds of a busy
collector): it is done when nobody watches any more, and not at all where memory is short.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import aiohttp
import psutil
from yarl import URL

from qosflood.base.failures import no_answer
from qosflood.base.header_values import redact, resolve_headers
from qosflood.base.text import printable
from qosflood.base.tls import tls_context
from qosflood.base.units import MS, SECOND, counted, format_bytes, format_count, format_duration
from qosflood.journal.loss_records import ABSENT, ReadBack, SentSession
from qosflood.journal.records import MemorySample, Record
from qosflood.monitor.http import exchange_failure, open_session
from qosflood.monitor.loss.counting import read_metric
from qosflood.monitor.loss.snapshot import Snapshot, SnapshotError, at_path, epoch_ms
from qosflood.plan.plan import Plan
from qosflood.plan.readback import Sampled, Source, looks_itself, sources
from qosflood.plan.watching import Audit

DEADLINE_NS = 60 * SECOND
"""A snapshot that takes longer is given up."""
COPIES = 4
"""What building a snapshot takes of a collector's memory, in sizes of the snapshot."""
_PEEK_BYTES = 1 << 18
_ODD_CHARS = 40
_READS = 2
"""Each over a connection of its own, so that two processes behind one port are noticed."""
_READS_OF_A_CHEAP_PAGE = 6
_CHEAP_BYTES = 1 << 20
_CHEAP_NS = SECOND // 2
_PAUSE_S = 0.1
_LOOKS = 6
_LOOK_AGAIN_S = 0.4
_COARSE_MS = 1000
"""Times that end in three zeros may be whole seconds."""
_CLOCKS_APART_MS = 86_400_000
"""A time that is further from ours is in another unit."""


class ReadBackError(Exception):
    """The snapshot cannot be had; the text says why."""


@dataclass(slots=True)
class Taken:
    """What has come of a snapshot so far; `odd` is the first time of observation that is none,
    `asked_ns` when it was asked for, on the monotonic clock."""

    status: int | None = None
    bytes: int = 0
    length: int | None = None
    samples: int = 0
    odd: str | None = None
    asked_ns: int = 0
    items: list[tuple[str, int | None]] = field(default_factory=list)


class Auditor:
    """Emits ReadBacks after the run. `headroom` returns how many bytes of memory the target has
    left, None if that is unknown."""

    def __init__(
        self,
        plan: Plan,
        mono_ns: int,
        emit: Callable[[Record], None],
        headroom: Callable[[], int | None],
    ) -> None:
        self._plan = plan
        self._mono_ns = mono_ns
        self._emit = emit
        self._headroom = headroom

    async def read_back(self) -> None:
        """Read every snapshot twice, a small one more often, one after the other; of the parts of a
        run, the one that watches does."""
        if not looks_itself(self._plan):
            return
        sampled = Sampled(self._plan)
        for source in sources(self._plan):
            await self._read_repeatedly(source, sampled)

    async def look(self, number: int, within_ns: int) -> int | None:
        """Read every snapshot once, as look `number` while the load runs; how long all took
        together, None if one could not be read."""
        sampled, took_ns = Sampled(self._plan), 0
        for source in sources(self._plan):
            one = replace(await self._read_back(source, sampled, within_ns), look=number)
            self._emit(one)
            if one.reason is not None:
                return None
            took_ns += one.done_t - one.t
        return took_ns

    async def _read_repeatedly(self, source: Source, sampled: Sampled) -> None:
        """Small snapshots are asked for at one time: a worker that is busy with one leaves the
        others to the next worker."""
        first = await self._read_back(source, sampled, DEADLINE_NS)
        self._emit(first)
        took_ns = first.done_t - first.t
        left_ns = DEADLINE_NS - took_ns
        if first.reason is not None or left_ns < took_ns:
            return
        await asyncio.sleep(_PAUSE_S)
        cheap = first.bytes <= _CHEAP_BYTES and took_ns <= _CHEAP_NS
        again = (_READS_OF_A_CHEAP_PAGE if cheap else _READS) - 1
        reads = (self._read_back(source, sampled, left_ns) for _ in range(again))
        for one in await asyncio.gather(*reads):
            self._emit(one)

    def _now(self) -> int:
        return time.monotonic_ns() - self._mono_ns

    async def _read_back(self, source: Source, sampled: Sampled, within_ns: int) -> ReadBack:
        began, taken = self._now(), Taken()
        secrets: dict[str, str] = {}
        latest: dict[int, tuple[int, str, int | None]] = {}
        reason = None
        try:
            secrets = resolve_headers(source.headers)
            self._refuse_large(self._expected_bytes())
            async with asyncio.timeout(within_ns / SECOND):
                async for text, ms in items(self._plan, source, taken, self._refuse_large):
                    if (place := sampled.place(text)) is not None:
                        number, session, session_id = place
                        _keep_latest(latest, number, (session, session_id, ms))
        except TimeoutError:
            reason = f"not read within {format_duration(within_ns)}"
        except Exception as error:  # whatever it is, it costs the read-back alone
            reason = words(error, secrets)
        return ReadBack(
            t=max(began, taken.asked_ns - self._mono_ns),
            done_t=self._now(),
            instance=source.instance,
            reason=reason,
            status=taken.status,
            bytes=taken.bytes,
            samples=taken.samples,
            held={session_id: ms for _, session_id, ms in latest.values()},
            odd=taken.odd if None in (ms for _, _, ms in latest.values()) else None,
        )

    def _expected_bytes(self) -> int:
        """How large the snapshot will be, by the look beforehand and the sessions of the plan."""
        plan, audit = self._plan, self._plan.audit
        sessions = plan.planned_sessions / plan.share if plan.share else 0
        return round(audit.before_bytes + audit.each_bytes * sessions)

    def _refuse_large(self, size: int) -> None:
        """Raise ReadBackError if building so many bytes may be too much for the target."""
        left = self._headroom()
        if left is not None and size * COPIES > left:
            raise ReadBackError(
                f"not read: about {format_bytes(size)} of sessions, and {COPIES} times that is "
                f"more than the {format_bytes(left)} of memory left"
            )


@dataclass(slots=True)
class _Look:
    """What the beginning of a snapshot shows: the time of observation of each session in it, and
    why it is no snapshot, None if it is one. `empty`: it may be one without sessions."""

    taken: Taken = field(default_factory=Taken)
    times: dict[str, int] = field(default_factory=dict)
    why: str | None = None
    empty: bool = False


async def look_at_metric(plan: Plan) -> tuple[str | None, tuple[str, ...]]:
    """What was seen of the counter or gauge once a report was sent, in words, None if there is
    nothing to look at; and warnings where a page has it not. A target may take a moment to count
    what it accepted, and to show it at all."""
    audit, kind = plan.audit, "counter" if plan.audit.counter else "gauge"
    if audit.metric is None or plan.scrape_interval_ns is None or not plan.floods:
        return None, ()
    total, warnings = 0.0, []
    for instance in plan.instances:
        for _ in range(_LOOKS):
            value, why, _ = await read_metric(plan, instance, 0)
            if value is not None or not (why or "").startswith(ABSENT):
                break
            await asyncio.sleep(_LOOK_AGAIN_S)
        total += value or 0.0
        if value is None:
            warnings.append(
                f"audit: {instance.scrape_url}: {printable(why)}; expected the {kind} that "
                f"audit.{kind} names, without it what it counts cannot be judged"
            )
    said = f"✗ {printable(why)}" if warnings else f"✓ {format_count(round(total))}"
    return f"{kind} {said}", tuple(warnings)


def _keep_latest(
    latest: dict[int, tuple[int, str, int | None]], number: int, found: tuple[int, str, int | None]
) -> None:
    """Of a client's sessions the last; of its samples the one observed last."""
    known = latest.get(number)
    if known is None or (found[0], found[2] or 0) >= (known[0], known[2] or 0):
        latest[number] = found


async def items(
    plan: Plan,
    source: Source,
    taken: Taken,
    check: Callable[[int], None] = lambda _: None,
    *,
    most_bytes: int | None = None,
) -> AsyncIterator[tuple[str, int | None]]:
    """Session and time of observation of each item of a snapshot, as it comes, up to the piece in
    which `most_bytes` are reached; `check` gets its announced size. Raises ReadBackError,
    SnapshotError, aiohttp.ClientError and OSError."""
    snapshot = Snapshot(plan.audit.samples)
    async with _answer(plan, source, taken) as response:
        taken.status, taken.length = response.status, response.content_length
        if response.status != 200:
            raise ReadBackError(f"status {response.status}")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise ReadBackError("it is compressed, though that was not asked for")
        check(response.content_length or 0)
        async for chunk in response.content.iter_any():
            taken.bytes += len(chunk)
            for item in snapshot.feed(chunk):
                taken.samples = snapshot.items
                session = at_path(item, plan.audit.session)
                if isinstance(session, str):
                    observed = at_path(item, plan.audit.observed)
                    if (ms := epoch_ms(observed)) is None and observed is not None:
                        taken.odd = taken.odd or printable(observed, _ODD_CHARS)
                    yield session, ms
            if most_bytes is not None and taken.bytes >= most_bytes:
                return
        pages = snapshot.goes_on or 'rel="next"' in response.headers.get("Link", "")
    snapshot.finish()
    if pages:
        raise ReadBackError("it is one page of several, expected one answer with all sessions")


@asynccontextmanager
async def _answer(
    plan: Plan, source: Source, taken: Taken
) -> AsyncIterator[aiohttp.ClientResponse]:
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": plan.user_agent,
        **resolve_headers(source.headers),
    }
    async with open_session(tls_context(plan.target), pinned=plan.target) as session:
        taken.asked_ns = time.monotonic_ns()
        url = URL(source.url, encoded=True)
        async with session.get(url, headers=headers, allow_redirects=False) as response:
            yield response


async def with_audit(
    plan: Plan, sent: SentSession | None = None, took_ns: int = 0
) -> tuple[Plan, str | None]:
    """The plan as a look at its snapshot leaves it, and what was seen in words, None if there is
    nothing to look at. Where the snapshot was not asked for, it has to look like one. `sent`: the
    report sent beforehand, answered within `took_ns`."""
    found = sources(plan)
    if not found or not looks_itself(plan):
        return plan, None
    looks = [await _look(plan, source) for source in found]
    # Only one of several instances has the report.
    shown = any(look.times for look in looks)
    refused = next((look.why for look in looks if look.why and not (shown and look.empty)), None)
    if refused is not None and not plan.audit.asked:
        where = found[0].url
        why = f"{where} shows no sessions to read back: {refused}"
        return replace(plan, audit=replace(plan.audit, readback=None, why=why)), f"✗ {refused}"
    sizes = [_sizes(look.taken) for look in looks]
    audit = replace(
        plan.audit,
        before_bytes=sum(before for before, _ in sizes),
        each_bytes=max(each for _, each in sizes),
    )
    if sent is not None:
        for look in looks:
            if (held_ms := look.times.get(sent.session)) is not None:
                audit = _with_stored_time(audit, held_ms, sent, took_ns)
    total = sum(look.taken.samples for look in looks)
    own = ", stored with the target's own times" if audit.own_times else ""
    said = f"✗ {refused}" if refused else f"✓ {counted(total, 'session')}{own}"
    return replace(plan, audit=audit), said


def _with_stored_time(audit: Audit, held_ms: int, sent: SentSession, took_ns: int) -> Audit:
    """With what the stored time of the report just sent shows. A target that stamps its own did so
    between the report and its answer."""
    off_ms = held_ms - sent.sent_ms
    if off_ms == 0:
        return replace(audit, held_off_ms=0)
    if abs(off_ms) > _CLOCKS_APART_MS:
        return audit
    unsure_ms = took_ns // MS + 1 + _COARSE_MS * (held_ms % _COARSE_MS == 0)
    return replace(audit, held_off_ms=off_ms, held_unsure_ms=unsure_ms)


async def _look(plan: Plan, source: Source) -> _Look:
    """The beginning of a snapshot. A target may take a moment until it shows what it has just
    accepted."""
    for _ in range(_LOOKS):
        look = await _peek(plan, source)
        if look.times or look.why is not None:
            return look
        await asyncio.sleep(_LOOK_AGAIN_S)
    session, observed = ".".join(plan.audit.session), ".".join(plan.audit.observed)
    look.empty = not look.taken.samples
    look.why = f"no item with {session} and {observed}, not even of the report just sent"
    if (odd := look.taken.odd) is not None:
        look.why = f"{observed} is {odd}, which is not a time; expected ms since 1970"
    return look


async def _peek(plan: Plan, source: Source) -> _Look:
    look = _Look()
    try:
        async with asyncio.timeout(plan.load.timeout_ns / SECOND):
            async for name, ms in items(plan, source, look.taken, most_bytes=_PEEK_BYTES):
                if ms is not None:
                    look.times[name] = ms
    except TimeoutError:
        look.why = no_answer(plan.load.timeout_ns)
    except Exception as error:  # whatever it is, there is nothing to read back
        look.why = words(error, resolve_headers(source.headers))
    return look


def _sizes(taken: Taken) -> tuple[int, float]:
    """Bytes of the whole snapshot, and of each session in it."""
    each = taken.bytes / taken.samples if taken.samples else 0.0
    return taken.length or taken.bytes, each


def words(error: Exception, secrets: dict[str, str]) -> str:
    """Why a snapshot was not read, without secrets."""
    if isinstance(error, ReadBackError | SnapshotError):
        return redact(str(error), secrets)
    if isinstance(error, aiohttp.ClientError | OSError):
        return redact(exchange_failure(error), secrets)
    return redact(f"{type(error).__name__}: {error}", secrets)


class LastMemory:
    """Passes records on to `emit` and remembers the target's memory."""

    def __init__(self, emit: Callable[[Record], None]) -> None:
        self._emit = emit
        self._last: MemorySample | None = None

    def __call__(self, record: Record) -> None:
        if isinstance(record, MemorySample):
            self._last = record
        self._emit(record)

    def headroom(self, plan: Plan) -> Callable[[], int | None]:
        """What returns the bytes of memory that the target has left."""
        return lambda: headroom(plan, self._last)


def headroom(plan: Plan, last: MemorySample | None) -> int | None:
    """Bytes of memory that the target has left: below its limit, and on this machine."""
    left = []
    limit = plan.watch.memory_limit_bytes or (last.limit_bytes if last else None)
    if limit is not None and last is not None:
        left.append(max(limit - (last.used_bytes or last.rss_bytes), 0))
    if plan.target.loopback:
        left.append(psutil.virtual_memory().available)
    return min(left, default=None)
