"""Asks a Prometheus: queries, targets, alerts, its version. What goes wrong is a value.

The HTTP API of Prometheus 2 and 3, under `/api/v1` of its URL. Samples have its own clock's times.
"""

import math
import re
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any, Literal, TypeVar

import aiohttp
import orjson
from yarl import URL

from qosflood.base.endpoint import HeaderRef
from qosflood.base.errors import PreflightError, UnitError
from qosflood.base.failures import no_answer
from qosflood.base.foreign_numbers import LATEST_NS, whole_number
from qosflood.base.header_values import redact, resolve_headers, resolve_source
from qosflood.base.secrets import hide_in_text
from qosflood.base.text import printable
from qosflood.base.units import SECOND, parse_duration
from qosflood.monitor.http import exchange_failure, open_session, receive
from qosflood.monitor.scrape.body import BodyError
from qosflood.plan.plan import Plan
from qosflood.plan.watching import Prometheus as Asked

T = TypeVar("T")
TIMEOUT_NS = 10 * SECOND
_MOST_BYTES = 64 * 1024 * 1024
_SHOWN = 200
_AT_ONCE = 4
_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_FRACTION = re.compile(r"\.(\d{6})\d+")

Kind = Literal["unreachable", "timeout", "unauthorised", "not_prometheus", "refused"]


@dataclass(frozen=True, slots=True)
class Failure:
    """A question that was not answered; `refused`: by Prometheus itself, which says why."""

    kind: Kind
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One series of an answer; a scalar has no labels. Times in ms since the epoch, ascending."""

    labels: dict[str, str]
    at_ms: tuple[int, ...]
    values: tuple[float, ...]

    @property
    def value(self) -> float:
        """The last value, the only one of an instant query."""
        return self.values[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveTarget:
    """A target that is scraped; `interval_ns` None where this version does not report it."""

    url: str
    labels: dict[str, str]
    health: str
    last_error: str
    interval_ns: int | None
    timeout_ns: int | None

    @property
    def job(self) -> str:
        """The `job` that its series carry."""
        return self.labels.get("job", "")

    @property
    def instance(self) -> str:
        """The `instance` that its series carry."""
        return self.labels.get("instance", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert that is pending or firing; `since_s` (epoch) is when its condition became true."""

    name: str
    labels: dict[str, str]
    state: str
    since_s: float | None
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Its clock against ours: `ahead_ns` give or take `error_ns`, half the exchange's time."""

    ahead_ns: int
    error_ns: int


@asynccontextmanager
async def open_prometheus(
    url: str,
    headers: tuple[HeaderRef, ...] = (),
    *,
    user_agent: str,
    cacert: str | None = None,
    timeout_ns: int = TIMEOUT_NS,
    hidden: tuple[HeaderRef, ...] = (),
) -> AsyncIterator["Prometheus"]:
    """A client over a few kept-alive connections; raises PreflightError for bad headers or CA.
    `hidden` are headers that are not sent and whose values no answer may show: what Prometheus
    says of a target may quote the target's."""
    secrets = resolve_headers(headers)
    try:
        context = ssl.create_default_context(cafile=cacert)
    except OSError as error:
        raise PreflightError(f"--cacert {cacert}: cannot be used ({error})") from None
    async with open_session(
        context,
        at_once=_AT_ONCE,
        timeout_ns=timeout_ns,
        headers={"User-Agent": user_agent, "Accept": "application/json"} | secrets,
    ) as session:
        yield Prometheus(url, session, secrets | _values_of(hidden), timeout_ns)


def _values_of(hidden: tuple[HeaderRef, ...]) -> dict[str, str]:
    """Those that can be read here; what cannot be is not sent from here either."""
    values: dict[str, str] = {}
    for ref in hidden:
        with suppress(PreflightError):
            values[f"hidden {ref.name}"] = resolve_source(ref.name, ref.source)
    return values


def open_planned(plan: Plan, asked: Asked) -> AbstractAsyncContextManager["Prometheus"]:
    """The client of the Prometheus that a plan names; raises PreflightError as open_prometheus."""
    return open_prometheus(
        asked.url,
        asked.headers,
        user_agent=plan.user_agent,
        cacert=plan.target.cacert,
        hidden=plan.target.headers,
    )


class Prometheus:
    """One Prometheus; each question is answered by values or a Failure, never by raising."""

    def __init__(
        self,
        url: str,
        session: aiohttp.ClientSession,
        secrets: dict[str, str] | None = None,
        timeout_ns: int = TIMEOUT_NS,
    ) -> None:
        self._base = URL(url.rstrip("/") + "/api/v1/", encoded=True)
        self._session = session
        self._secrets = secrets or {}
        self._timeout_ns = timeout_ns

    async def query(self, expr: str, at_s: float | None = None) -> tuple[Series, ...] | Failure:
        """An instant query, at its own now unless `at_s` (epoch). A range selector (`up[5m]`) gives
        the raw samples at their own times; a scalar is one series without labels."""
        asked = {"query": expr} | ({} if at_s is None else {"time": f"{at_s:.3f}"})
        return _read(await self._ask("query", asked), _series)

    async def query_range(
        self, expr: str, start_s: float, end_s: float, step_s: float
    ) -> tuple[Series, ...] | Failure:
        """The expression each `step_s` from `start_s` to `end_s` (epoch)."""
        times = {"start": f"{start_s:.3f}", "end": f"{end_s:.3f}", "step": f"{step_s:.3f}"}
        return _read(await self._ask("query_range", {"query": expr} | times), _series)

    async def targets(self) -> tuple[ActiveTarget, ...] | Failure:
        """Every target it scrapes."""
        found = _read(await self._ask("targets", {"state": "active"}), _targets)
        if isinstance(found, Failure):
            return found
        return tuple(
            replace(target, last_error=self._hidden_words(target.last_error)) for target in found
        )

    async def alerts(self) -> tuple[Alert, ...] | Failure:
        """Every alert that is pending or firing now."""
        found = _read(await self._ask("alerts", {}), _alerts)
        if isinstance(found, Failure):
            return found
        return tuple(
            replace(
                alert,
                name=self._hidden_words(alert.name),
                labels={name: self._hidden_words(text) for name, text in alert.labels.items()},
                summary=self._hidden_words(alert.summary),
            )
            for alert in found
        )

    async def version(self) -> str | Failure:
        """Its version, e.g. `2.42.0`."""
        return _read(await self._ask("status/buildinfo", {}), lambda data: str(data["version"]))

    async def started_s(self) -> float | Failure | None:
        """When it was started, in seconds since the epoch; None where it does not report that."""
        return _read(
            await self._ask("status/runtimeinfo", {}),
            lambda data: _epoch_s(data.get("startTime")),
        )

    async def clock(self) -> Clock | Failure:
        """What its clock says, against ours at the middle of the exchange."""
        sent_ns = time.time_ns()
        answer = await self.query("time()")
        got_ns = time.time_ns()
        if isinstance(answer, Failure):
            return answer
        if not answer:
            return Failure("not_prometheus", "time() has no value")
        theirs_ns = whole_number(answer[0].value, SECOND, LATEST_NS)
        if theirs_ns is None:
            return Failure("not_prometheus", f"time() is {answer[0].value:g}")
        ahead_ns = theirs_ns - (sent_ns + got_ns) // 2
        return Clock(ahead_ns=ahead_ns, error_ns=max(got_ns - sent_ns, 0) // 2)

    async def _ask(self, path: str, query: Mapping[str, str]) -> Any:
        """The answer's `data`, or a Failure."""
        try:
            async with self._session.get(
                self._base.join(URL(path)).with_query(query), allow_redirects=False
            ) as response:
                body = await receive(response, _MOST_BYTES)
                return _data(response, body, self._hidden)
        except TimeoutError:
            return Failure("timeout", no_answer(self._timeout_ns))
        except BodyError as error:
            return Failure("not_prometheus", str(error))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Failure("unreachable", self._hidden(exchange_failure(error)))

    def _hidden_words(self, text: str) -> str:
        """What somebody wrote at length, without our secrets and without what looks like one."""
        return redact(hide_in_text(text), self._secrets)

    def _hidden(self, text: object) -> str:
        return printable(redact(str(text), self._secrets), _SHOWN)


def quoted(text: str) -> str:
    """A label's value as PromQL takes it, in double quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def selector(metric: str, labels: Mapping[str, str]) -> str:
    """`up{job="qos",instance="a:1"}`."""
    return f"{metric}{{{','.join(f'{name}={quoted(text)}' for name, text in labels.items())}}}"


def _data(response: aiohttp.ClientResponse, body: bytes, hidden: Callable[[object], str]) -> Any:
    status = response.status
    if status in _REFUSED:
        return Failure("unauthorised", f"status {status}")
    if "Location" in response.headers and status // 100 == 3:
        return Failure("not_prometheus", f"status {status}, a redirect")
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        kind = hidden(response.headers.get("Content-Type", "no type").partition(";")[0])
        return Failure("not_prometheus", f"status {status} with a body of {kind}")
    if not isinstance(answer, dict) or answer.get("status") not in ("success", "error"):
        return Failure("not_prometheus", f"status {status} with JSON of another kind")
    if answer["status"] == "error":
        return Failure("refused", hidden(answer.get("error") or f"status {status}"))
    return answer.get("data")


def _read(data: Any, read: Callable[[Any], T]) -> T | Failure:
    """What `read` makes of an answer; one of another shape is no Prometheus's."""
    if isinstance(data, Failure):
        return data
    try:
        return read(data)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        return Failure("not_prometheus", f"an answer of another shape ({type(error).__name__})")


def _series(data: Any) -> tuple[Series, ...]:
    kind, result = data["resultType"], data["result"]
    if kind in ("scalar", "string"):
        return (_one({}, [result]),)
    key = "value" if kind == "vector" else "values"
    return tuple(
        _one(dict(each["metric"]), [each[key]] if key == "value" else each[key])
        for each in result
        # A series of native histograms alone has no plain value.
        if key in each
    )


def _one(labels: dict[str, str], points: list[Any]) -> Series:
    timed = [(whole_number(at, 1000), float(value)) for at, value in points]
    kept = [(at_ms, value) for at_ms, value in timed if at_ms is not None]
    return Series(
        labels=labels,
        at_ms=tuple(at_ms for at_ms, _ in kept),
        values=tuple(value for _, value in kept),
    )


def _targets(data: Any) -> tuple[ActiveTarget, ...]:
    return tuple(
        ActiveTarget(
            url=str(each["scrapeUrl"]),
            labels=dict(each["labels"]),
            health=str(each["health"]),
            last_error=str(each.get("lastError", "")),
            interval_ns=_duration(each.get("scrapeInterval")),
            timeout_ns=_duration(each.get("scrapeTimeout")),
        )
        for each in data["activeTargets"]
    )


def _alerts(data: Any) -> tuple[Alert, ...]:
    return tuple(
        Alert(
            name=str(each["labels"].get("alertname", "")),
            labels=dict(each["labels"]),
            state=str(each["state"]),
            since_s=_epoch_s(each.get("activeAt")),
            summary=str(each.get("annotations", {}).get("summary", "")),
        )
        for each in data["alerts"]
    )


def _duration(text: str | None) -> int | None:
    """`1m30s` in nanoseconds; None for a week, which is a unit of Prometheus alone."""
    try:
        return parse_duration(text) if text else None
    except UnitError:
        return None


def _epoch_s(text: str | None) -> float | None:
    """RFC 3339 with up to nine digits of fraction, as Go writes it."""
    if not text:
        return None
    seconds = datetime.fromisoformat(_FRACTION.sub(r".\1", text)).timestamp()
    return seconds if math.isfinite(seconds) and seconds > 0 else None
