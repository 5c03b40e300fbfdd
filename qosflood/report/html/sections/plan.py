"""The plan with the origin of every value, and the machine it ran on."""

from collections.abc import Iterator, Mapping
from typing import Any

from qosflood.report.html.section import Report, Values


def plan(report: Report) -> Values:
    """Every value of the plan with where it came from, and the machine it ran on."""
    document = report.document
    sources = document.plan.get("sources", {})
    values = {name: part for name, part in document.plan.items() if name != "sources"}
    return {
        "rows": [(name, value, str(sources.get(name, ""))) for name, value in _flat(values)],
        "machine": [*_flat(document.run.versions), *_flat(document.run.host)],
    }


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    nested: Iterator[tuple[Any, Any]] | None = None
    if isinstance(value, Mapping):
        nested = iter(value.items())
    elif isinstance(value, list | tuple) and any(isinstance(v, Mapping | list) for v in value):
        nested = ((index, item) for index, item in enumerate(value))
    if nested is None:
        yield path, ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        return
    for name, item in nested:
        yield from _flat(item, f"{path}.{name}" if path else str(name))
