"""What the page shows of a run that is over: the report's verdict, limits and timeline."""

from pathlib import Path
from typing import Any

import orjson

from qosflood.base.text import printable
from qosflood.live.so_far import observed
from qosflood.live.web.words import Json
from qosflood.report.build import REPORT_HTML, REPORT_JSON
from qosflood.report.document.cells import limit_value

_OF_VALUE = ("value", "unit", "op", "threshold")


def ending(run_dir: Path, exit_code: int) -> Json:
    """Read from report.json; without one only the exit code is known."""
    try:
        document = orjson.loads((run_dir / REPORT_JSON).read_bytes())
    except (OSError, ValueError):
        document = {}
    over = {
        "verdict": document.get("verdict", ""),
        "headline": printable(document.get("headline", "the report could not be written")),
        "exit_code": exit_code,
        "report": (run_dir / REPORT_HTML).exists(),
        "path": str(run_dir / REPORT_HTML),
    }
    return over | ({"judged": _judged(document)} if document else {})


def _judged(document: dict[str, Any]) -> Json:
    """The final limits and timeline, in the form of a SoFar."""
    return {
        "limits": [
            {
                "expr": printable(limit["expr"]),
                "value": limit_value(*(limit[key] for key in _OF_VALUE)),
                "over": observed(limit["metric"], limit["n"], document["loss"]["method"]),
                "ok": limit["ok"],
                "note": printable(limit["reason"]),
                "named_by": limit["named_by"],
            }
            for limit in document["limits"]
        ],
        "timeline": [
            {
                "t_s": entry["t_s"],
                "who": entry["who"],
                "kind": entry["kind"],
                "what": printable(entry["what"]),
            }
            for entry in document["timeline"]
        ],
    }
