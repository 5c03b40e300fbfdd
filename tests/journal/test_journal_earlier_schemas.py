"""Filling in what earlier versions did not write."""

from typing import Any

import msgspec
import orjson
import pytest
from plan_maker import make_plan
from record_maker import rollup, window

from qosflood.base.percentiles import PERCENTILES
from qosflood.journal.earlier_schemas import completed, completed_plan
from qosflood.journal.histograms import complete
from qosflood.journal.record_lines import decode_record, encode_record
from qosflood.journal.records import Rollup, Window
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


EARLIER = ("p50", "p90", "p99", "p99_9")
SERIES = ("response", "service", "failed", "send_lag")


def as_it_was(record: Window | Rollup) -> bytes:
    """The line that a version wrote whose percentiles had a key each."""
    line = orjson.loads(encode_record(record))
    for series in SERIES:
        if line[series] is not None:
            percentiles = line[series].pop("percentiles")
            line[series] |= {f"{name}_ns": percentiles[name] for name in EARLIER}
    return orjson.dumps(line) + b"\n"


def test_percentiles_that_had_a_key_each_are_read_by_their_names() -> None:
    made = window(
        3, "flood", response_ms=[float(ms) for ms in range(1, 200)], failed={"timeout": 2}
    )
    for record in (made, rollup("flood", [made], 4.0)):
        read = decode_record(as_it_was(record))
        assert isinstance(read, Window | Rollup)
        for series in SERIES:
            before, now = getattr(record, series), getattr(read, series)
            assert now.percentiles == {name: before.percentiles[name] for name in EARLIER}
            assert (now.count, now.max_ns, now.encoded) == (
                before.count,
                before.max_ns,
                before.encoded,
            )
            assert complete(now) == before


def test_a_reason_that_reads_like_an_earlier_key_changes_nothing() -> None:
    made = window(3, "flood", response_ms=[5.0], errors={"p50_ns": 1})
    assert b'"p50_ns"' in encode_record(made)
    assert decode_record(encode_record(made)) == made


def test_a_histogram_with_every_percentile_is_not_decoded_again() -> None:
    response = window(3, "flood", response_ms=[5.0]).response
    assert response is not None
    assert response.percentiles.keys() == PERCENTILES.keys()
    assert complete(response) is response
