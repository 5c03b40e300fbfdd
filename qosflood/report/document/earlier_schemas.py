"""report.json of earlier schemas as today's, so that new runs are compared with old ones. Pure.

A key that came later is null, empty or 0, as in a run that did not measure it.
"""

from contextlib import suppress
from typing import Any

import msgspec

from qosflood.analysis.prometheus.otel import NOT_CHECKED
from qosflood.base.percentiles import PERCENTILES
from qosflood.journal.earlier_schemas import Later, completed, completed_plan
from qosflood.report.document.schema import SCHEMA

_SCHEMA_1 = "qosflood/report/1"
_RETRIES = {"retries": 0, "retried": {}, "acked_after_retry": 0, "amplification": None}
_SCRAPES = {
    "samples": None,
    "parse_ms": {"p50": None, "max": None},
    "added": None,
    "removed": None,
    "resets": 0,
}
_PHASE = {
    **_RETRIES,
    "scrapes_by_instance": {},
    "connects": None,
    "control": None,
    "tcp": None,
    "target_cores": None,
    "target_throttled": None,
    "curves": {"response": None, "service": None},
}
_MEMORY = {
    "figure": None,
    "heap": "unseen",
    "given_back": None,
    "retained_bytes_per_session": None,
    "retained_bytes_per_1000_reports": None,
    "clears_bytes_per_hour": None,
    "needed_s": None,
}
_LATER_THAN_1: Later = {
    (): {
        "limited_evidence": [],
        "recovery": None,
        "prometheus": None,
        "otel": msgspec.to_builtins(NOT_CHECKED),
        "blocks": None,
    },
    ("totals",): _RETRIES,
    ("memory",): _MEMORY,
    ("loss",): {"checked": None, "foreign": None},
    ("generator",): {"loop_stall_max_ms": None, "throttled_windows": 0},
    ("phases", "*"): _PHASE,
    ("phases", "*", "scrapes"): _SCRAPES,
    ("instances", "*"): {"memory": None, "scrape_words": []},
    ("instances", "*", "scrapes"): _SCRAPES,
}
_SESSION_MEMORY = {
    "bytes_per_session_low": None,
    "bytes_per_session_high": None,
    "bytes_per_session_reason": "",
}
_LATER_IN_2: Later = {
    (): {"gaps": [], "capacity": None},
    ("memory",): _SESSION_MEMORY,
    ("instances", "*", "memory"): _SESSION_MEMORY,
    ("phases", "*"): {"target_loop_lag_ms": None, "waiting": None, "answered_later": None},
    ("phases", "*", "rate"): {"answered": None},
    ("phases", "*", "latency_ms", "*"): dict.fromkeys(PERCENTILES),
}


def report_of_today(report: Any) -> Any:
    """A copy of `report` in today's schema; one of another schema, or none, as it is."""
    if not isinstance(report, dict) or report.get("schema") not in (_SCHEMA_1, SCHEMA):
        return report
    if report["schema"] == _SCHEMA_1:
        report = _from_1(report)
    report = completed(report, _LATER_IN_2)
    if "plan" in report:
        report["plan"] = completed_plan(report["plan"])
    return report


def _from_1(report: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = completed(report, _LATER_THAN_1) | {"schema": SCHEMA}
    with suppress(KeyError, TypeError):  # what is damaged is refused by the schema, in its words
        made["totals"].setdefault("sent", sum(phase["sent"] for phase in made["phases"]))
    return made
