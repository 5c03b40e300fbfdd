"""Retries and shared connections: what is asked for, what is refused, what is printed."""

import pytest
from resolving import plan_of

from qosflood.base.errors import PlanError, ProfileError
from qosflood.base.units import MS, SECOND
from qosflood.plan.describe import describe
from qosflood.plan.plan import Retries
from qosflood.plan.profile.files import load_profile

POOLED = {"report": {"connection": "pooled:3"}}


def rows(document: dict) -> dict[str, str]:
    return {row.label: row.value for row in describe(plan_of(document))}


def test_nothing_is_tried_again_and_nothing_is_shared_by_default():
    plan = plan_of()
    assert (plan.retries.most, plan.report.connection, plan.report.pool) == (0, "keep-alive", 0)
    assert not {"retries", "connection"} & set(rows({}))


def test_retries_are_as_asked():
    asked = {
        "most": 3,
        "backoff": "500ms",
        "factor": 1.5,
        "longest": "4s",
        "jitter": False,
        "on": ["503", "timeout"],
        "attempt_timeout": "2s",
        "retry_after": False,
    }
    assert plan_of({"retries": asked}).retries == Retries(
        most=3,
        backoff_ns=500 * MS,
        factor=1.5,
        longest_ns=4 * SECOND,
        jitter=False,
        on=("503", "timeout"),
        attempt_timeout_ns=2 * SECOND,
        retry_after=False,
    )
    assert rows({"retries": asked})["retries"] == (
        "at most 3, after 500ms growing 1.5-fold to 4s, on 503, timeout; "
        "an attempt is given up after 2s"
    )
    assert "a random share of it" in rows({"retries": {"most": 1}})["retries"]


def test_a_pool_has_its_size():
    report = plan_of(POOLED).report
    assert (report.connection, report.pool) == ("pooled", 3)
    assert rows(POOLED)["connection"] == "3 shared by all clients"
    per_report = {"report": {"connection": "per-report"}}
    assert rows(per_report)["connection"] == "one for each report"


@pytest.mark.parametrize(
    ("document", "line"),
    [
        (
            POOLED | {"retries": {"most": 1}},
            "retries.most: got 1 with report.connection pooled:3, expected 0",
        ),
        (
            POOLED | {"load": {"shards": 4}},
            "report.connection: got pooled:3 for 4 shards, expected at least pooled:4",
        ),
        (
            {"retries": {"attempt_timeout": "10s"}},
            "retries.attempt_timeout: got 10s, expected less than report.timeout (10s)",
        ),
        (
            {"retries": {"most": 1, "backoff": "10s", "jitter": False}},
            "retries.backoff: got 10s, expected less than report.timeout (10s)",
        ),
    ],
)
def test_what_cannot_work_together_is_one_clear_line(document, line):
    with pytest.raises(PlanError) as caught:
        plan_of(document)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('report.connection = "pooled"', '"pooled:N" such as "pooled:8"'),
        ('report.connection = "pooled:0"', '"pooled:N" such as "pooled:8"'),
        ('report.connection = "pooled:x"', '"pooled:N" such as "pooled:8"'),
        ('report.connection = "pooled:-1"', '"pooled:N" such as "pooled:8"'),
        ('report.connection = "pooled:99999999"', '"pooled:N" such as "pooled:8"'),
        ("report.connection = 8", '"pooled:N" such as "pooled:8"'),
        ("retries.most = -1", "a whole number from 0 to 100"),
        ("retries.factor = 0.5", "a number from 1 to 10"),
        ('retries.on = ["600"]', "a status such as"),
        ('retries.on = ["unsent"]', "a status such as"),
        ("retries.on = []", "a list of statuses and outcomes"),
        ('retries.backoff = "0s"', "more than 0s"),
    ],
)
def test_a_wrong_key_is_one_clear_line(tmp_path, line, expected):
    profile = tmp_path / "soak.toml"
    profile.write_text(line + "\n")
    with pytest.raises(ProfileError) as caught:
        load_profile(str(profile))
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
