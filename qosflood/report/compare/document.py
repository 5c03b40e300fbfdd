"""A comparison as JSON, for machines; what was not measured or not compared is null."""

from typing import Any

import msgspec
import orjson

from qosflood.report.compare.values import Comparison

SCHEMA = "qosflood/compare/1"


def to_json(comparison: Comparison) -> dict[str, Any]:
    """The plain values: `low`, `high` and `band` as shares where a figure's scale is `relative`,
    else in its unit."""
    plain: dict[str, Any] = msgspec.to_builtins(comparison)
    return {"schema": SCHEMA} | plain


def json_text(comparison: Comparison) -> str:
    """compare.json as it is written."""
    return orjson.dumps(to_json(comparison), option=orjson.OPT_INDENT_2).decode() + "\n"
