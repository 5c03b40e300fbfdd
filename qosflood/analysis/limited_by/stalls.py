"""Stretches in which the target answered no report, and resumed afterwards."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qosflood.analysis.findings import PhaseFigures
from qosflood.analysis.findings_series import Second
from qosflood.base.units import SECOND

_LEAST_S = 2
_ANSWERED = ("rejected", "bad_response")


@dataclass(frozen=True, slots=True)
class Stall:
    """No report was answered in the `seconds` whole seconds from `start_s` on; the slowest report
    answered after them took `waited_ns`."""

    start_s: float
    seconds: int
    waited_ns: int


def stalls(seconds: Sequence[Second]) -> Iterator[Stall]:
    """Every stretch of at least two whole seconds in which reports were due, the generator was on
    time and nothing was answered; only if answers that took as long confirm it. A report that
    failed counts at its timeout and was never answered, so it confirms nothing."""
    silent: list[Second] = []
    for second in seconds:
        if _is_silent(second) and (not silent or second.t_s == silent[-1].t_s + 1):
            silent.append(second)
            continue
        yield from _stall(silent, second)
        silent = [second] if _is_silent(second) else []


def _is_silent(second: Second) -> bool:
    return bool(second.scheduled) and not _is_answered(second) and not second.late


def _is_answered(second: Second) -> bool:
    return bool(second.acked) or any(second.errors.get(name) for name in _ANSWERED)


def _stall(silent: list[Second], after: Second) -> Iterator[Stall]:
    waited_ns = (after.service_max_ns or 0) if _is_answered(after) else 0
    if len(silent) >= _LEAST_S and waited_ns >= (len(silent) - 1) * SECOND:
        yield Stall(silent[0].t_s, len(silent), waited_ns)


def in_flood(flood: PhaseFigures, found: Sequence[Stall]) -> list[Stall]:
    """The stalls that began in the flood."""
    end_s = flood.start_s + flood.seconds
    return [stall for stall in found if flood.start_s <= stall.start_s < end_s]
