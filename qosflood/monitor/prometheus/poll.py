"""Asks the Prometheus that scrapes the target too: at the start, now and then, and at the end."""

import asyncio
import math
import re
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

from qosflood.base.units import HOUR, MS
from qosflood.journal.prometheus_records import (
    AlertSeen,
    PrometheusReading,
    PrometheusSamples,
    TargetSeen,
)
from qosflood.monitor.http import unless_stopped
from qosflood.monitor.prometheus.client import (
    ActiveTarget,
    Alert,
    Clock,
    Failure,
    Prometheus,
    selector,
)
from qosflood.monitor.prometheus.client import Series as Found
from qosflood.monitor.prometheus.targets import is_of, matched
from qosflood.monitor.ticks import Timer
from qosflood.plan.plan import Plan
from qosflood.plan.watching import Prometheus as Asked

LAST_READING_S = 4.0
"""How long the reading at the end may take, beyond the stop."""
OF_TARGETS = ("up", "scrape_duration_seconds")
FIRING = 'ALERTS{alertstate="firing"}'
_MANY_TARGETS = 1000
"""So many targets are listed at the start and at the end alone: the list is megabytes."""
_MOST_ALERTS = 200
_CHUNK_MS = HOUR // MS
_QUERY = re.compile(r"""(?<=\S)\?[^\s"'<>]+""")
"""What stands behind a URL in an error: it may be a secret of Prometheus's."""
_OVERLAP_MS = 30_000
"""A scrape is exported once it is over, with the time at which it began."""

Emit = Callable[[PrometheusReading | PrometheusSamples], None]


@dataclass(slots=True)
class _Emitted:
    """What was emitted of one query: up to when it is known, and which samples."""

    until_ms: int
    at_ms: dict[str, set[int]] = field(default_factory=dict)


class PrometheusPoll:
    """Emits readings and samples from `run` until the timer is stopped; never raises."""

    def __init__(
        self, plan: Plan, asked: Asked, client: Prometheus, timer: Timer, emit: Emit
    ) -> None:
        self._plan = plan
        self._asked = asked
        self._client = client
        self._timer = timer
        self._emit = emit
        self._targets: dict[str, ActiveTarget] = {}
        self._many = False
        self._version: str | None = None
        self._began_ns = time.time_ns()
        self._emitted: dict[str, _Emitted] = {}

    async def run(self) -> None:
        """Ask until the timer is stopped, and once more."""
        self._began_ns = time.time_ns()
        due = self._timer.now()
        while await self._timer.until(due):
            await unless_stopped(self._safely(self._look(last=False)), self._timer)
            due = max(due + self._asked.every_ns, self._timer.now())
        try:
            async with asyncio.timeout(LAST_READING_S):
                await self._safely(self._look(last=True))
        except TimeoutError:
            self._failed("the last reading took too long")

    async def _safely(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # nothing one reading does may end the monitor
            self._failed(f"monitor error: {type(error).__name__}: {error}")

    def _failed(self, words: str) -> None:
        self._emit(PrometheusReading(t=self._timer.now(), failure=words))

    async def _look(self, *, last: bool) -> None:
        t = self._timer.now()
        clock = await self._client.clock()
        if isinstance(clock, Failure):
            self._version = None  # what comes back may be another
            self._failed(clock.words)
            return
        self._emit(await self._reading(t, clock, last=last))
        # All at once: the last reading has little time, however slowly it answers.
        await asyncio.gather(
            *(self._samples(expr, metric, clock, whole=last) for expr, metric in self._queries())
        )

    async def _reading(self, t: int, clock: Clock, *, last: bool) -> PrometheusReading:
        client = self._client
        listed = last or not self._many
        started, alerts, targets, version = await asyncio.gather(
            client.started_s(),
            client.alerts(),
            client.targets() if listed else _nothing(),
            client.version() if self._version is None else _nothing(),
        )
        if isinstance(version, str):
            self._version = version
        return PrometheusReading(
            t=t,
            version=self._version,
            started_s=None if isinstance(started, Failure) else started,
            ahead_ns=clock.ahead_ns,
            clock_error_ns=clock.error_ns,
            targets=self._seen(targets),
            alerts=None if isinstance(alerts, Failure) else _firing(alerts),
        )

    def _seen(
        self, targets: tuple[ActiveTarget, ...] | Failure | None
    ) -> tuple[TargetSeen, ...] | None:
        if targets is None or isinstance(targets, Failure):
            return None
        self._many = len(targets) > _MANY_TARGETS
        found = matched(self._asked, self._plan.instances, targets)
        self._targets |= found
        return tuple(
            TargetSeen(
                instance=name,
                url=target.url,
                labels=target.labels,
                health=target.health,
                last_error=_QUERY.sub("?…", target.last_error),
                interval_ns=target.interval_ns,
            )
            for name, target in found.items()
        )

    def _queries(self) -> Iterator[tuple[str, str]]:
        """Expressions and their metrics: one for all targets of a job, or for its only one."""
        by_job: dict[str, list[ActiveTarget]] = {}
        for target in self._targets.values():
            by_job.setdefault(target.job, []).append(target)
        for job, targets in by_job.items():
            one = {"instance": targets[0].instance} if len(targets) == 1 else {}
            for metric in OF_TARGETS:
                yield selector(metric, {"job": job} | one), metric
        yield FIRING, "ALERTS"

    async def _samples(self, expr: str, metric: str, clock: Clock, *, whole: bool) -> None:
        """Emit the samples that are new; `whole`: of the whole run, for some may come late."""
        ahead_ms = clock.ahead_ns // MS
        began_ms = self._began_ns // MS + ahead_ms
        emitted = self._emitted.setdefault(expr, _Emitted(began_ms))
        start_ms = began_ms if whole else max(began_ms, emitted.until_ms - _OVERLAP_MS)
        now_ms = time.time_ns() // MS + ahead_ms
        while start_ms < now_ms:
            end_ms = min(start_ms + _CHUNK_MS, now_ms)
            found = await self._client.query(f"{expr}[{end_ms - start_ms}ms]", end_ms / 1000)
            if isinstance(found, Failure):
                self._failed(f"{metric}: {found.words}")
                return
            self._emit_new(metric, found, emitted)
            start_ms = end_ms
        emitted.until_ms = now_ms

    def _emit_new(self, metric: str, found: tuple[Found, ...], emitted: _Emitted) -> None:
        for series in found[:_MOST_ALERTS] if metric == "ALERTS" else found:
            instance = self._instance_of(series)
            if instance is None and metric != "ALERTS":
                continue
            seen = emitted.at_ms.setdefault(repr(sorted(series.labels.items())), set())
            new = [
                (at, value)
                for at, value in zip(series.at_ms, series.values, strict=True)
                if at not in seen
            ]
            seen.update(at for at, _ in new)
            if new:
                self._emit(
                    PrometheusSamples(
                        t=self._timer.now(),
                        metric=metric,
                        instance=instance if metric != "ALERTS" else None,
                        labels=_plain(series.labels),
                        at_ms=tuple(at for at, _ in new),
                        values=tuple(value if math.isfinite(value) else None for _, value in new),
                    )
                )

    def _instance_of(self, series: Found) -> str | None:
        owners = (name for name, target in self._targets.items() if is_of(series.labels, target))
        return next(owners, None)


async def _nothing() -> None:
    """Not asked for this time."""


def _firing(alerts: tuple[Alert, ...]) -> tuple[AlertSeen, ...]:
    return tuple(
        AlertSeen(
            name=alert.name,
            labels=_plain(alert.labels),
            since_s=alert.since_s,
            summary=alert.summary,
        )
        for alert in alerts
        if alert.state == "firing"
    )[:_MOST_ALERTS]


def _plain(labels: dict[str, str]) -> dict[str, str]:
    """Without what every series of its kind has."""
    left_out = ("__name__", "alertstate")
    return {name: text for name, text in labels.items() if name not in left_out}
