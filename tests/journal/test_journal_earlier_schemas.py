"""Filling in what earlier versions did not write."""

from typing import Any

import msgspec
import pytest
from plan_maker import make_plan

from qosflood.journal.earlier_schemas import completed, completed_plan
from qosflood.plan.plan import plan_from_builtins


def test_a_key_that_is_there_keeps_its_value() -> None:
    assert completed({"a": 1}, {(): {"a": 2, "b": 3}}) == {"a": 1, "b": 3}
    assert completed({"a": None}, {(): {"a": 2}}) == {"a": None}


@pytest.mark.parametrize(
    ("path", "data"),
    [
        (("one",), {"one": {}}),
        (("all", "*"), {"all": [{}, {}]}),
        (("all", "*"), {"all": {"x": {}, "y": {}}}),
        (("all", "*", "one"), {"all": [{"one": {}}, {"one": {}}]}),
    ],
)
def test_a_path_leads_to_every_object_below_it(path: tuple[str, ...], data: Any) -> None:
    before = msgspec.json.encode(data)
    made = msgspec.json.encode(completed(data, {path: {"new": 0}}))
    assert made == before.replace(b"{}", b'{"new":0}')
    assert msgspec.json.encode(data) == before


@pytest.mark.parametrize("data", [None, 7, "text", [], {}, {"all": 7}, {"all": [7, None]}])
def test_what_has_another_shape_is_left_for_its_reader_to_refuse(data: Any) -> None:
    assert completed(data, {("all", "*"): {"new": 0}}) == data


def test_objects_that_are_filled_in_are_not_shared() -> None:
    made = completed([{}, {}], {("*",): {"new": {}}})
    made[0]["new"]["x"] = 1
    assert made[1] == {"new": {}}


def test_a_plan_without_networks_has_none_and_one_of_today_is_left_as_it_is() -> None:
    today = msgspec.to_builtins(make_plan())
    assert completed_plan(today) == today
    earlier = {key: value for key, value in today.items() if key != "networks"}
    assert plan_from_builtins(completed_plan(earlier)).networks == ()
