"""The control in a profile, on the command line and in a plan."""

import pytest
from resolving import plan_of

from qosflood.base.errors import PlanError
from qosflood.base.units import MS, SECOND
from qosflood.plan.describe import describe

URL = "http://127.0.0.1:9200/health"
TARGET = "http://127.0.0.1:3000"


def test_without_one_there_is_no_control():
    assert plan_of().control is None


def test_a_control_is_asked_each_second_unless_told_otherwise():
    control = plan_of({"control": {"url": URL}}).control
    assert (control.url, control.interval_ns, control.timeout_ns) == (URL, SECOND, SECOND)


def test_the_timeout_is_never_above_the_interval():
    control = plan_of({"control": {"url": URL, "interval": "200ms"}}).control
    assert control.timeout_ns == 200 * MS


def test_the_option_names_it_and_a_path_is_added_where_there_is_none():
    plan = plan_of(control="http://127.0.0.1:9200", target=TARGET)
    assert plan.control.url == "http://127.0.0.1:9200/"
    row = next(row for row in describe(plan) if row.label == "control")
    assert row == ("control", "http://127.0.0.1:9200/ every 1s, timeout 1s", "option --control")


def test_the_target_cannot_be_its_own_control():
    with pytest.raises(PlanError, match=r"--control: got http://127.0.0.1:3000, the target itself"):
        plan_of(control=f"{TARGET}/health", target=TARGET)
