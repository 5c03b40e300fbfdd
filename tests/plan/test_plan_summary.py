"""The plan as a run shows it before it starts: six rows."""

import pytest
from resolving import plan_of

from qosflood.base.units import MINUTE, Rate
from qosflood.plan.plan import Plan
from qosflood.plan.summary import summarise
from qosflood.plan.without_load import as_watch


def rows(plan: Plan) -> dict[str, str]:
    return {row.label: row.value.replace("\u00a0", " ") for row in summarise(plan)}


def test_a_flood_has_six_rows_each_short_enough_for_a_line_of_80_columns():
    said = rows(plan_of(rate=Rate(multiple=10.0)))
    assert list(said) == ["load", "rate", "phases", "target", "watched", "limits"]
    assert all(len(value) <= 80 - 11 for value in said.values())
    assert said["load"] == "5,000 clients, 1,000 reports/s, a report every 5s"
    assert said["rate"] == "10x of a peak of 100 reports/s, 500 clients"
    assert said["phases"] == "18m30s: baseline 1m, ramp 1m, flood 15m, recovery 1m, settle 30s"
    assert said["target"] == "the embedded collector, POST /api/v1/metrics/qos"
    assert said["watched"] == "scrapes every 5s, memory every 1s"
    assert said["limits"] == "6 shipped limits; aborts at errors > 50% for 15s"


def test_a_limit_of_ones_own_is_named():
    said = rows(plan_of(limits=("response.p99 < 250ms",)))
    assert said["limits"].startswith("response.p99 < 250ms, 6 shipped limits; ")


def test_a_target_whose_certificate_is_not_checked_is_called_that():
    said = rows(plan_of(insecure=True))
    assert said["target"].endswith(", certificate not verified")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"scrape_interval": "off"}, "no scrapes, memory every 1s"),
        ({"control": "http://127.0.0.1:9200"}, "every 1s, a reference endpoint"),
    ],
)
def test_who_else_is_watched_is_said(options, words):
    assert rows(plan_of(target="http://127.0.0.1:1", **options))["watched"].endswith(words)


def test_a_watch_sends_nothing():
    plan = as_watch(plan_of(target="http://127.0.0.1:1", duration_ns=5 * MINUTE))
    said = rows(plan)
    assert list(said) == ["watch", "target", "watched", "limits", "note"]
    assert said["note"] == (
        "memory.leak == none: not judged in a watch of 5m; it takes --duration 12m"
    )
    assert said["watch"] == "5m, nothing is sent"
    assert said["target"] == "http://127.0.0.1:1"
