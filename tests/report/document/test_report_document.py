"""report.json: its keys, its nulls, its schema."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files

import orjson
import pytest
from findings_maker import EMPTY, WALL_NS, make_memory
from pydantic import ValidationError
from stories import STORIES, Story, document_of, failing_run, good_run, unmeasured_run

from qosflood.base.units import format_utc_ms
from qosflood.report.build import json_text
from qosflood.report.document.document import to_json
from qosflood.report.document.schema import Document, json_schema

KEYS = {
    "schema", "verdict", "exit_code", "headline", "not_judged", "plan", "phases", "totals",
    "memory", "loss", "generator", "limited_by", "limits", "first_failure", "timeline",
    "warnings", "instances",
}  # fmt: skip


@pytest.mark.parametrize("make", STORIES)
def test_report_json_holds_every_key_of_the_contract(make: Callable[[], Story]) -> None:
    report = to_json(document_of(make()))
    assert set(report) >= KEYS
    for phase in report["phases"]:
        assert set(phase["rate"]) == {"planned", "offered", "acked", "answered"}
        assert set(phase["latency_ms"]) == {"response", "service", "failed"}
        figures = {"p50", "p90", "p99", "p99_9", "max", "mean", "count"}
        assert all(figures <= set(series) for series in phase["latency_ms"].values())
        assert set(phase["send_lag_ms"]) == {"p50", "p99", "max"}
        scrapes = {"count", "failed", "success_ratio", "duration_ms", "bytes", "series"}
        assert scrapes <= set(phase["scrapes"])
        assert set(phase["memory"]) == {"rss_start", "rss_end", "rss_max"}


@pytest.mark.parametrize("make", STORIES)
def test_report_json_survives_a_round_trip_through_its_schema(make: Callable[[], Story]) -> None:
    document = document_of(make())
    report = json.loads(json_text(document))
    assert to_json(Document.model_validate(report)) == report


def test_a_key_that_the_schema_does_not_know_is_refused() -> None:
    report = to_json(document_of(good_run()))
    with pytest.raises(ValidationError):
        Document.model_validate(report | {"surprise": 1})


def test_the_json_schema_requires_every_key_everywhere() -> None:
    schema = json_schema()
    for definition in [schema, *schema["$defs"].values()]:
        assert definition["required"] == list(definition["properties"])
        assert definition["additionalProperties"] is False


def test_what_was_not_measured_is_null_and_never_zero() -> None:
    report = to_json(document_of(unmeasured_run()))
    phase = report["phases"][0]
    response = phase["latency_ms"]["response"]
    assert response == dict.fromkeys(response) | {"count": 0, "overflow": 0}
    assert phase["send_lag_ms"] == {"p50": None, "p99": None, "max": None}
    assert phase["memory"] == {"rss_start": None, "rss_end": None, "rss_max": None}
    assert phase["scrapes"]["success_ratio"] is None
    assert report["memory"]["slope_bytes_per_hour"] == {"low": None, "mid": None, "high": None}
    assert report["restarts"] is None
    assert all(limit["value"] is None and limit["ok"] is None for limit in report["limits"])


def test_a_percentile_with_too_few_values_above_it_stays_null() -> None:
    story = failing_run()
    few = replace(EMPTY, count=12, max_ns=5_000_000, mean_ns=1e6)
    phases = (replace(story.findings.phases[0], response=few), *story.findings.phases[1:])
    story = replace(story, findings=replace(story.findings, phases=phases))
    response = document_of(story).phases[0].latency_ms.response
    assert (response.p50, response.p99, response.max, response.count) == (None, None, 5.0, 12)


def test_times_are_milliseconds_and_limits_are_in_base_units() -> None:
    story = failing_run()
    report = to_json(document_of(story))
    flood = story.findings.phases[2]
    p99_ns = flood.response.p99_ns
    assert p99_ns is not None
    assert report["phases"][2]["latency_ms"]["response"]["p99"] == p99_ns / 1e6
    limit = next(one for one in report["limits"] if one["metric"] == "response.p99")
    assert (limit["threshold"], limit["value"], limit["unit"]) == (250e6, 412e6, "ns")


def test_infinity_becomes_null_because_json_has_none() -> None:
    story = good_run()
    endless = make_memory(time_to_limit_low_s=3600.0, time_to_limit_high_s=float("inf"))
    story = replace(story, findings=replace(story.findings, memory=endless))
    report = json.loads(json_text(document_of(story)))
    assert report["memory"]["time_to_limit_s"] == {"low": 3600.0, "high": None}


def test_utc_is_iso_8601_with_milliseconds() -> None:
    assert format_utc_ms(WALL_NS + 1_234_567_890) == "2026-01-01T00:00:01.234Z"
    report = to_json(document_of(failing_run()))
    stamps = [entry["utc"] for entry in report["timeline"]]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", s) for s in stamps)


@pytest.mark.parametrize("make", STORIES)
def test_the_books_of_the_report_balance_or_say_so(make: Callable[[], Story]) -> None:
    totals = document_of(make()).totals
    known = sum(totals.outcomes.values())
    assert totals.balanced == (totals.in_flight == 0)
    assert totals.scheduled == known or not totals.balanced


def test_the_shipped_json_schema_is_the_models_own() -> None:
    shipped = files("qosflood.report.document").joinpath("report.schema.json").read_bytes()
    own = orjson.dumps(json_schema(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    assert shipped == own + b"\n", "report.schema.json is not what the code says: run `make schema`"
