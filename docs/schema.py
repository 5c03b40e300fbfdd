"""Writes qosflood/report/document/report.schema.json from the code: `make schema`."""

from pathlib import Path

import orjson

from qosflood.report.document.schema import json_schema

PATH = Path(__file__).parents[1] / "qosflood" / "report" / "document" / "report.schema.json"


def text() -> bytes:
    """The JSON Schema of report.json as it is shipped."""
    return orjson.dumps(json_schema(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


if __name__ == "__main__":
    PATH.write_bytes(text())
