"""A comparison as JSON, for machines; what was not measured, not compared, or
never came is null."""

import math
from typing import Any

import msgspec
import orjson

from qosflood.report.compare.values import Comparison

SCHEMA = "qosflood/compare/1"


def to_json(comparison: Comparison) -> dict[str, Any]:
    """The plain values: `low`, `high` and `band` as shares where a figure's scale is `relative`,
    else in its unit."""
    plain: dict[str, Any] = msgspec.to_builtins(comparison)
    changes = tuple(
        change | {side: tuple(map(_finite, change[side])) for side in ("base", "new")}
        for change in plain["changes"]
    )
    return {"schema": SCHEMA} | plain | {"changes": changes}


def _finite(value: float | None) -> float | None:
    return None if value == math.inf else value


def json_text(comparison: Comparison) -> str:
    """compare.json as it is written."""
    return orjson.dumps(to_json(comparison), option=orjson.OPT_INDENT_2).decode() + "\n"
