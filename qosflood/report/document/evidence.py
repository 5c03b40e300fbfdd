"""The figures of an event, as text with units. Pure."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from qosflood.base.units import (
    MS,
    SECOND,
    counted,
    format_bytes,
    format_count,
    format_duration,
    format_moment,
    format_ratio,
    format_utc_words,
)
from qosflood.plan.watching import ONE_INSTANCE

_IN_THE_SENTENCE = frozenset(
    {
        *("t0", "phase", "in_that_second", "storm", "back", "took_s", "old_pid", "new_pid"),
        *("pid", "kills", "restarts", "termination", "limit", "value", "dropped", "connected"),
        *("response_max_ms", "response_max_ms_before", "response_p99_ms_before"),
        *("old_start_s", "reason", "seconds"),
    }
)
"""Figures that the event's own sentence contains, or that are shown with another figure."""


def evidence_words(what: str, evidence: Mapping[str, Any]) -> Iterator[str]:
    """One piece for each figure that the event's sentence, `what`, does not contain; None is left
    out."""
    for name, value in evidence.items():
        if (
            name in _IN_THE_SENTENCE
            or value in (None, {}, "")
            or _named_in_sentence(name, value, what)
        ):
            continue
        if words := _WORDS.get(name, _unit_of(name))(value, evidence):
            yield words


def _named_in_sentence(name: str, counts: Any, what: str) -> bool:
    """Whether all failures of that second were of the kind that the sentence names, or all failed
    scrapes of the one reason that it counts."""
    if name == "failed":
        return f"{counts:,} x " in what
    counted_by_kind = name in ("statuses", "errors") and isinstance(counts, Mapping)
    return counted_by_kind and all(str(kind) in what for kind in counts)


def _unit_of(name: str) -> Callable[[Any, Mapping[str, Any]], str]:
    """For a figure without a form of its own: its name, and its unit by the name's ending."""
    for suffix, form in _UNITS.items():
        if name.endswith(suffix):
            shown = name.removesuffix(suffix).replace("_", " ")
            return lambda value, _: f"{shown} {form(value)}"
    return lambda value, _: f"{name.replace('_', ' ')} {_plain(value)}"


_UNITS: dict[str, Callable[[Any], str]] = {
    "_ns": format_duration,
    "_ms": lambda value: format_duration(value * MS),
    "_s": lambda value: format_duration(value * SECOND),
    "_bytes": format_bytes,
    "_share": format_ratio,
}


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plain(one)}" for key, one in value.items())
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return format_count(value) if isinstance(value, int) else f"{value:.4g}"


def _instance(name: str, _: Mapping[str, Any]) -> str:
    return "" if name == ONE_INSTANCE else f"instance {name}"


def _reasons(reasons: Mapping[str, int], _: Mapping[str, Any]) -> str:
    return ", ".join(f'{format_count(number)} x "{why}"' for why, number in reasons.items())


def _statuses(statuses: Mapping[str, int], _: Mapping[str, Any]) -> str:
    each = (f"{format_count(number)} x {status}" for status, number in statuses.items())
    return f"status {', '.join(each)}"


def _labels(labels: Mapping[str, str], _: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={text}" for name, text in labels.items())


def _recovered(what: str) -> Callable[[float, Mapping[str, Any]], str]:
    return lambda seconds, _: (
        f"{what} recovered after {format_duration(seconds * SECOND)}"
        if seconds
        else f"{what} recovered at once"
    )


def _p99(ms: float, evidence: Mapping[str, Any]) -> str:
    before = evidence.get("response_p99_ms_before")
    then = "" if before is None else f", {format_duration(before * MS)} before"
    return f"response p99 {format_duration(ms * MS)} meanwhile{then}"


def _utc(epoch_s: float, _: Mapping[str, Any]) -> str:
    return f"started {format_utc_words(int(epoch_s * SECOND))}"


def _errors(errors: Any, evidence: Mapping[str, Any]) -> str:
    if isinstance(errors, Mapping):
        return _reasons(errors, evidence)
    return f"{counted(errors, 'error')} meanwhile" if isinstance(errors, int) else _plain(errors)


_WORDS: dict[str, Callable[[Any, Mapping[str, Any]], str]] = {
    "instance": _instance,
    "failed": lambda number, _: f"{format_count(number)} failed",
    "missing": lambda number, _: f"{counted(number, 'scrape')} without a sample",
    "until_s": lambda t_s, _: f"until {format_moment(t_s)}",
    "statuses": _statuses,
    "errors": _errors,
    "labels": _labels,
    "further": lambda number, _: f"{format_count(number)} more like this",
    "errors_s": _recovered("errors"),
    "response_s": _recovered("response p99"),
    "scrapes_s": _recovered("scrapes"),
    "response_p99_ms": _p99,
    "reconnects": lambda number, _: counted(number, "reconnect"),
    "counters_fell": lambda number, _: f"{counted(number, 'counter')} fell",
    "start_s": _utc,
    "new_start_s": _utc,
}


MARK = "mark"
"""The kind of event that an operator notes during a run."""
