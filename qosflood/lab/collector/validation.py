"""What a request body must look like, and how its values are coerced before it is refused.

The rules are those of Ajv as Fastify sets it up (`coerceTypes: "array"`): a number-like string
is a number, a number or boolean is a string, null is empty, an array of one is its only item,
and unknown fields are kept. A field's `kind` is its JSON type.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from qosflood.base.errors import QosfloodError

Kind = Literal["string", "number", "boolean"]
_TYPES: dict[Kind, tuple[type, ...]] = {
    "string": (str,),
    "number": (float, int),
    "boolean": (bool,),
}
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_BOOLEANS = {"true": True, "false": False, 1: True, 0: False, None: False}
_MISSING = object()


class ShapeError(QosfloodError):
    """A body that cannot be coerced; the text names the field."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a body; `choices` lists the only values it may have."""

    name: str
    kind: Kind
    required: bool = True
    choices: tuple[str, ...] = ()


QOS_REPORT = (
    Field("sessionId", "string"),
    Field("mos", "number"),
    Field("packetLoss", "number"),
    Field("roundTripTime", "number"),
    Field("bridgeId", "string", required=False),
    Field("productionId", "string", required=False),
    Field("lineId", "string", required=False),
    Field("direction", "string", required=False, choices=("ingress", "egress")),
    Field("observedAt", "number", required=False),
)
NEW_SESSION = (
    Field("productionId", "string"),
    Field("lineId", "string"),
    Field("username", "string"),
)
DIAL = (
    Field("conferenceId", "string"),
    Field("phoneNumber", "string"),
    Field("callerId", "string", required=False),
)
_PRODUCTION = (Field("name", "string"),)
_LINE = (Field("name", "string"), Field("programOutputLine", "boolean", required=False))
_PIPELINE = (
    Field("id", "string"),
    Field("enabled", "boolean"),
    Field("type", "string", choices=("recording", "transcription", "streaming")),
)
_DESTINATION = (Field("provider", "string", choices=("mediaconnect", "kinesis", "s3", "custom")),)


def shape(body: Any, fields: Sequence[Field], where: str = "body") -> dict[str, Any]:
    """`body` with the given fields coerced in place; raises ShapeError."""
    if type(body) is not dict:
        raise ShapeError(f"{where} must be object")
    for field in fields:
        value = body.get(field.name, _MISSING)
        if value is _MISSING:
            if field.required:
                raise ShapeError(f"{where} must have required property '{field.name}'")
            continue
        if type(value) not in _TYPES[field.kind]:
            value = body[field.name] = _coerce(value, field, where)
        if field.choices and value not in field.choices:
            raise ShapeError(f"{where}/{field.name} must be one of {', '.join(field.choices)}")
    return body


def shape_production(body: Any) -> dict[str, Any]:
    """A new production: a name, its lines, perhaps media pipelines; raises ShapeError."""
    production = shape(body, _PRODUCTION)
    for line, where in _items(production, "lines"):
        shape(line, _LINE, where)
    if "mediaPipelines" in production:
        for pipeline, where in _items(production, "mediaPipelines"):
            shape(pipeline, _PIPELINE, where)
            shape(pipeline.get("destination"), _DESTINATION, f"{where}/destination")
    return production


def _items(body: dict[str, Any], name: str) -> list[tuple[Any, str]]:
    if name not in body:
        raise ShapeError(f"body must have required property '{name}'")
    if not isinstance(body[name], list):
        raise ShapeError(f"body/{name} must be array")
    return [(item, f"body/{name}/{index}") for index, item in enumerate(body[name])]


def _coerce(value: Any, field: Field, where: str) -> Any:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    result = _COERCIONS[field.kind](value)
    if result is None:
        raise ShapeError(f"{where}/{field.name} must be {field.kind}")
    return result


def _to_string(value: Any) -> str | None:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, (str, int, float)) else None


def _to_number(value: Any) -> float | None:
    if isinstance(value, str):
        value = float(value) if _NUMBER.fullmatch(value) else math.nan
    elif value is None or isinstance(value, bool):
        value = int(value or 0)
    return value if isinstance(value, (int, float)) and math.isfinite(value) else None


def _to_boolean(value: Any) -> bool | None:
    return None if isinstance(value, (list, dict)) else _BOOLEANS.get(value)


_COERCIONS = {"string": _to_string, "number": _to_number, "boolean": _to_boolean}
