"""Selectors of series, as PromQL spells them."""

import pytest

from qosflood.base.errors import PlanError
from qosflood.plan.series_selector import parse_selector

POD = {"pod": "qos-0", "container": "qos", "image": "a,b}"}


@pytest.mark.parametrize(
    "text",
    [
        "m",
        "m{}",
        ' m { pod = "qos-0" } ',
        'm{pod="qos-0",container="qos",}',
        "m{pod='qos-0'}",
        'm{pod=~"qos-[0-9]+"}',
        'm{pod!="qos-1",container!~"side.*"}',
        'm{absent=""}',
        'm{image="a,b}"}',
    ],
)
def test_what_is_selected_is_taken(text):
    assert parse_selector(text).takes("m", POD)


@pytest.mark.parametrize(
    "text",
    ["n", 'm{pod="qos"}', 'm{pod=~"qos"}', 'm{pod!="qos-0"}', 'm{pod!~"qos.*"}', 'm{absent!=""}'],
)
def test_what_is_not_selected_is_left(text):
    assert not parse_selector(text).takes("m", POD)


def test_escaped_characters_in_a_value_are_those_themselves():
    assert parse_selector(r'm{a="x\"y\\z"}').takes("m", {"a": 'x"y\\z'})


@pytest.mark.parametrize(
    "text", ["", "0m", "m{pod}", 'm{pod="a"', 'm{pod="a" other="b"}', "m{a=b}"]
)
def test_what_is_no_selector_is_refused_with_an_example(text):
    with pytest.raises(PlanError, match="expected one such as container_memory"):
        parse_selector(text)


def test_a_pattern_that_is_none_is_refused():
    with pytest.raises(PlanError, match="which is no pattern"):
        parse_selector('m{pod=~"("}')
