"""What can be limited can be read: after the run, and while it goes on where it may abort."""

import pytest

from qosflood.analysis.verdict.metrics import READERS
from qosflood.plan.limit_language import METRICS, VALUES, parse_limit, value_text


def test_every_metric_is_read_after_the_run():
    assert set(READERS) == set(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_that_may_abort_is_read_while_the_run_goes_on_and_no_other(name):
    assert (READERS[name].live is not None) == METRICS[name].live


def test_what_is_known_only_at_the_end_aborts_nothing():
    assert not [name for name, metric in METRICS.items() if metric.at_end and metric.live]


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_says_what_it_measures_in_a_unit_that_can_be_written(name):
    assert METRICS[name].about
    assert METRICS[name].unit in VALUES


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("response.p99 < 250ms", "250ms"),
        ("memory.max < 512MiB", "512.0 MiB"),
        ("memory.max < 90%", "90%"),
        ("amplification < 1.5", "1.50"),
        ("restarts < 1000", "1,000"),
        ("loss == none", "none"),
    ],
)
def test_a_threshold_is_shown_as_values_are(text, shown):
    limit = parse_limit(text)
    assert value_text(limit.unit, limit.threshold) == shown
