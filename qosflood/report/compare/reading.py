"""report.json's bytes to its Document, or one line that says what is wrong with it."""

import zlib
from collections.abc import Iterator
from typing import Any

import orjson
from hdrh.codec import HdrCookieException, HdrHistogramSettingsException, HdrLengthException
from pydantic import ValidationError

from qosflood.base.errors import JournalError
from qosflood.base.text import printable
from qosflood.journal.histograms import counts_of, decode, make_histogram
from qosflood.report.document.earlier_schemas import report_of_today
from qosflood.report.document.schema import SCHEMA, Document

_BROKEN = (
    ValueError,
    zlib.error,
    HdrCookieException,
    HdrHistogramSettingsException,
    HdrLengthException,
)


def document_from(raw: bytes, name: str) -> Document:
    """The report; raises JournalError for a file that is not one, or whose schema is unknown."""
    try:
        report = report_of_today(orjson.loads(raw))
    except orjson.JSONDecodeError as error:
        raise JournalError(f"{name}: got no JSON ({error}), expected a report.json") from None
    found = report.get("schema") if isinstance(report, dict) else None
    if found != SCHEMA:
        raise JournalError(f"{name}: {_other_schema(found)}")
    try:
        document = Document.model_validate(report)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise JournalError(f"{name}: {_damaged(where, first['msg'])}") from None
    for broken in _broken_series(document):
        raise JournalError(f"{name}: {broken}")
    return document


def _damaged(where: str, what: object) -> str:
    again = "build the report again with `qosflood report RUN`"
    return f"{printable(where)}: {printable(what)}; {again}"


def _broken_series(document: Document) -> Iterator[str]:
    """What the schema cannot check: histograms that cannot be decoded, curves of two lengths."""
    size = counts_of(make_histogram()).size
    for number, block in enumerate(document.blocks.blocks if document.blocks else ()):
        for encoded in (block.response, block.service):
            try:
                if encoded is not None and counts_of(decode(encoded)).size != size:
                    raise ValueError("its range is not that of qosflood")
            except _BROKEN as error:
                yield _damaged(f"blocks.blocks.{number}", f"got no histogram ({error})")
    for phase in document.phases:
        for curve in (phase.curves.response, phase.curves.service):
            if curve is not None and not len(curve.quantiles) == len(curve.ms) > 0:
                yield _damaged(f"phases.{phase.name}.curves", "expected a value for each quantile")


def _other_schema(found: Any) -> str:
    if not isinstance(found, str) or not found.startswith("qosflood/report/"):
        return f'expected a report of qosflood (schema "{SCHEMA}")'
    return (
        f'got schema "{printable(found, 60)}", expected "{SCHEMA}": made by another version; build '
        "it again with `qosflood report RUN`"
    )
