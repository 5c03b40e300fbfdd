"""The table of figures that are compared: where each is read, and what of it matters."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from qosflood.base.percentiles import PERCENTILES, label
from qosflood.plan.watching import WATCH
from qosflood.report.compare.values import Scale, Unit
from qosflood.report.document.cells import error_ratio
from qosflood.report.document.schema import Document, Phase

Read = Callable[[Document], float | None]
_OF_RESPONSE = (*PERCENTILES, "mean")
_OF_SERVICE = ("p50", "p95", "p99")
LATENCY = tuple(dict.fromkeys(("response.p99", *(f"response.{name}" for name in _OF_RESPONSE))))
"""The figures that a headline speaks of, the first that is known."""
_MIB = 1024.0 * 1024.0
LONE = math.log(1.14)
_LONE_TAIL = math.log(1.25)
_TAIL_FROM = 99.0
"""Percentiles above this one vary more between runs than the others."""
_LONE_LOUD = math.log(1.35)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure of a run. `least` is the smallest absolute change that matters, in its unit (None:
    the `ms` of --min-effect); `lone` the band in its scale where the noise between runs is
    unknown. `grows`: it grows with the flood's length."""

    name: str
    label: str
    unit: Unit
    read: Read
    scale: Scale = "relative"
    worse: Literal["higher", "lower"] = "higher"
    least: float | None = None
    lone: float = LONE
    grows: bool = False

    @property
    def series(self) -> bool:
        """Whether it is read from a histogram, so that its noise within a run can be known."""
        return self.name.startswith(("response.", "service."))


def _flood(read: Callable[[Phase], float | None]) -> Read:
    """Of the flood, or the watch where there was no load; None if it was not reached."""

    def of_document(document: Document) -> float | None:
        phase = document.phase("flood") or document.phase(WATCH)
        return None if phase is None else read(phase)

    return of_document


def _latency(series: str, figure: str, phase: Phase) -> float | None:
    value: float | None = getattr(getattr(phase.latency_ms, series), figure)
    return value


def _offered(phase: Phase) -> float | None:
    if phase.rate.offered is None or not phase.rate.planned:
        return None
    return phase.rate.offered / phase.rate.planned


def _recovery(document: Document) -> float | None:
    """Seconds; infinite where it never recovered."""
    recovery = document.recovery
    if recovery is None or not recovery.judged:
        return None
    return math.inf if recovery.seconds is None else recovery.seconds


def _times(series: str, figures: tuple[str, ...]) -> tuple[Figure, ...]:
    return tuple(
        Figure(
            name=f"{series}.{figure}",
            label=f"{series} {label(figure)}",
            unit="ms",
            read=_flood(partial(_latency, series, figure)),
            lone=_LONE_TAIL if PERCENTILES.get(figure, 0.0) > _TAIL_FROM else LONE,
        )
        for figure in figures
    )


def _per_session(document: Document) -> float | None:
    """Earlier versions gave no interval, and a figure that was mostly connections and warm-up."""
    memory = document.memory
    return memory.bytes_per_session if memory.bytes_per_session_low is not None else None


FIGURES: tuple[Figure, ...] = (
    *_times("response", _OF_RESPONSE),
    *_times("service", _OF_SERVICE),
    Figure(
        name="errors",
        label="errors",
        unit="ratio",
        read=_flood(error_ratio),
        scale="absolute",
        least=0.001,
        lone=0.0025,
    ),
    Figure(
        name="offered",
        label="offered",
        unit="ratio",
        read=_flood(_offered),
        scale="absolute",
        worse="lower",
        least=0.01,
        lone=0.025,
    ),
    Figure(
        name="scrape.success",
        label="scrapes ok",
        unit="ratio",
        read=_flood(lambda phase: phase.scrapes.success_ratio),
        scale="absolute",
        worse="lower",
        least=0.01,
        lone=0.04,
    ),
    Figure(
        name="scrape.p50",
        label="scrape p50",
        unit="ms",
        read=_flood(lambda phase: phase.scrapes.duration_ms.p50),
        least=5.0,
        lone=_LONE_LOUD,
    ),
    Figure(
        name="scrape.p99",
        label="scrape p99",
        unit="ms",
        read=_flood(lambda phase: phase.scrapes.duration_ms.p99),
        least=5.0,
        lone=_LONE_LOUD,
    ),
    Figure(
        name="memory.max",
        label="memory max",
        unit="bytes",
        read=lambda document: document.memory.max_bytes,
        least=5 * _MIB,
        grows=True,
    ),
    Figure(
        name="memory.per_session",
        label="memory/session",
        unit="bytes",
        read=_per_session,
        least=100.0,
        lone=_LONE_LOUD,
    ),
    Figure(
        name="recovery",
        label="recovery",
        unit="s",
        read=_recovery,
        scale="absolute",
        least=5.0,
        lone=13.0,
    ),
    Figure(
        name="target.cpu",
        label="target cores",
        unit="cores",
        read=_flood(lambda phase: phase.target_cores),
        least=0.02,
    ),
)
