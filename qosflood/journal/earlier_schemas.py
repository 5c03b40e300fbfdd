"""Run directories of earlier versions: the keys they lack, and the values read instead. Pure.

A key that came later is filled in with what its absence means: not measured, none or off. A key
without a default in its class has to stand here; the golden runs of the tests say whether it does.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

Path = tuple[str, ...]
Later = Mapping[Path, Mapping[str, Any]]
"""Keys that came later with their values, by the path of the objects that have them; a step `*`
is every item of a list and every value of an object."""

_PLAN: Later = {(): {"networks": []}}
EARLIER_LATENCY = b'"p50_ns"'
"""What occurs in the windows and roll-ups whose percentiles had a key each."""
_SERIES = ("response", "service", "failed", "send_lag")
_EARLIER_PERCENTILES = {"p50_ns": "p50", "p90_ns": "p90", "p99_ns": "p99", "p99_9_ns": "p99_9"}


def record_of_today(record: Any) -> Any:
    """A window or roll-up in its JSON form, with its percentiles by name; one of another shape as
    it is."""
    if not isinstance(record, dict):
        return record
    found = {series: record[series] for series in _SERIES if isinstance(record.get(series), dict)}
    return record | {series: _latency_of_today(latency) for series, latency in found.items()}


def _latency_of_today(latency: dict[str, Any]) -> dict[str, Any]:
    named = {name: latency[key] for key, name in _EARLIER_PERCENTILES.items() if key in latency}
    return {"percentiles": named} | latency


def completed_plan(plan: Any) -> Any:
    """A copy of a run's plan in its JSON form, with the keys that came later."""
    return completed(plan, _PLAN)


def completed(data: Any, later: Later) -> Any:
    """A copy of `data` with the keys that it lacks; what has another shape is left as it is."""
    copy = deepcopy(data)
    for path, keys in later.items():
        for place in _places(copy, path):
            for key in keys.keys() - place.keys():
                place[key] = deepcopy(keys[key])
    return copy


def _places(data: Any, path: Path) -> Iterator[dict[str, Any]]:
    if not path:
        if isinstance(data, dict):
            yield data
        return
    for inner in _steps(data, path[0]):
        yield from _places(inner, path[1:])


def _steps(data: Any, step: str) -> list[Any]:
    if isinstance(data, dict):
        return list(data.values()) if step == "*" else [data[step]] if step in data else []
    return data if step == "*" and isinstance(data, list) else []
