"""Findings to parts of report.json: by name, in the units that the names end in. Pure."""

import math
from typing import Any, TypeVar

from pydantic import BaseModel

from qosflood.base.units import MS, US

_Part = TypeVar("_Part", bound=BaseModel)
_UNITS = {"ms": MS, "us": US}


def part_of(part: type[_Part], finding: object, **made: Any) -> _Part:
    """`finding` as `part`: a key of the finding's own name as it is, one that ends in `_ms` or
    `_us` from the nanoseconds of the finding; `made` are those whose shape is another."""
    own = part.model_fields.keys() - made.keys()
    return part(**{name: _value(finding, name) for name in own}, **made)


def _value(finding: object, name: str) -> Any:
    stem, _, unit = name.rpartition("_")
    if unit in _UNITS and not hasattr(finding, name):
        ns = getattr(finding, f"{stem}_ns")
        return None if ns is None else finite(ns / _UNITS[unit])
    value = getattr(finding, name)
    return finite(value) if isinstance(value, float) else value


def ms(ns: float | None) -> float | None:
    """Nanoseconds in milliseconds."""
    return None if ns is None else finite(ns / MS)


def finite(value: float | None) -> float | None:
    """JSON has no infinity: what has no bound is null, as what was not measured."""
    return value if value is not None and math.isfinite(value) else None
