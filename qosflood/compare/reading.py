"""report.json's bytes to its Document, or one line that says what is wrong with it."""

from typing import Any

import orjson
from pydantic import ValidationError

from qosflood.errors import JournalError
from qosflood.report.schema import SCHEMA, Document
from qosflood.text import printable


def document_from(raw: bytes, name: str) -> Document:
    """The report; raises JournalError for one that is none, or of another schema."""
    try:
        report = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise JournalError(f"{name}: got no JSON ({error}), expected a report.json") from None
    found = report.get("schema") if isinstance(report, dict) else None
    if found != SCHEMA:
        raise JournalError(f"{name}: {_other_schema(found)}")
    try:
        return Document.model_validate(report)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise JournalError(
            f"{name}: {printable(where)}: {printable(first['msg'])}; build the report again with "
            "`qosflood report RUN`"
        ) from None


def _other_schema(found: Any) -> str:
    if not isinstance(found, str) or not found.startswith("qosflood/report/"):
        return f'expected a report of qosflood (schema "{SCHEMA}")'
    return (
        f'got schema "{printable(found, 60)}", expected "{SCHEMA}": made by another version; build '
        "it again with `qosflood report RUN`"
    )
