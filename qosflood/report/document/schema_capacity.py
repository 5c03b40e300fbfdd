"""The part of report.json about a search for capacity, and how it is made."""

from collections.abc import Iterable
from typing import Any, Literal

import msgspec
from pydantic.dataclasses import dataclass

from qosflood.journal.trial_records import CapacityAnswer, TrialRecord
from qosflood.report.document.parts import ms
from qosflood.report.document.schema_parts import STRICT, Part


class TrialPart(Part):
    """One trial; what was not measured in it is null. `why` says what made it void. `in_flight` is
    the mean of what was sampled."""

    clients: int
    outcome: Literal["good", "bad", "void"]
    purpose: Literal["climb", "search", "again", "confirm"]
    state: Literal["fresh", "filled"]
    started_s: float
    seconds: float
    broken: list[str]
    why: str
    response_p50_ms: float | None
    response_p99_ms: float | None
    service_mean_ms: float | None
    scrape_p99_ms: float | None
    errors: float | None
    accepted_per_s: float | None
    in_flight: float | None
    rss_bytes: float | None
    cores: float | None


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Capacity(CapacityAnswer):
    """The answer, and all trials in their order."""

    trials: list[TrialPart]


_AS_THEY_ARE = ("outcome", "purpose", "state", "started_s", "seconds", "why")
_FIGURES = ("errors", "accepted_per_s", "in_flight", "rss_bytes", "cores")
_TIMES = ("response_p50", "response_p99", "service_mean", "scrape_p99")


def capacity_part(answer: CapacityAnswer, trials: Iterable[TrialRecord]) -> Capacity:
    """The part; raises KeyError for trials of another shape."""
    made = msgspec.to_builtins(answer)
    return Capacity(**made, trials=[_trial(record.trial) for record in trials])


def _trial(trial: dict[str, Any]) -> TrialPart:
    figures = trial["figures"]
    made = {
        "clients": trial["load"],
        "broken": list(trial["broken"]),
        **{name: trial[name] for name in _AS_THEY_ARE},
        **{name: figures[name] for name in _FIGURES},
        **{f"{name}_ms": ms(figures[f"{name}_ns"]) for name in _TIMES},
    }
    return TrialPart(**made)
