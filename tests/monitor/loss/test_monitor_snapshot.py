"""A snapshot of sessions, item by item, whatever the pieces it comes in."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qosflood.monitor.loss.snapshot import LARGEST, Snapshot, SnapshotError, at_path, epoch_ms

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
ITEMS = st.lists(st.dictionaries(st.text(max_size=6), VALUES, max_size=4), max_size=5)


def read(text, path, *, step=None):
    """The items of a whole answer, fed `step` bytes at a time."""
    data = text if isinstance(text, bytes) else text.encode()
    snapshot, found = Snapshot(path), []
    for at in range(0, len(data), step or len(data) or 1):
        found += snapshot.feed(data[at : at + (step or len(data))])
    snapshot.finish()
    return found


@given(
    ITEMS,
    st.lists(st.sampled_from(["samples", "data", 'a"b', "ü"]), max_size=3, unique=True),
    st.dictionaries(st.sampled_from(["first", "zero"]), VALUES),
    st.integers(1, 9),
    st.booleans(),
)
@example([], ["samples"], {"first": 0.5, "zero": 1e-300}, 1, False)
def test_items_are_those_of_the_whole_answer_in_whatever_pieces(items, path, beside, step, ascii_):
    answer = items
    for name in reversed(path):
        answer = beside | {name: answer}
    text = json.dumps(answer, ensure_ascii=ascii_)
    assert read(text, tuple(path)) == items
    assert read(text, tuple(path), step=step) == items


@given(ITEMS, st.data())
def test_an_answer_that_is_cut_short_is_never_taken_for_a_whole_one(items, data):
    text = json.dumps({"samples": items})
    cut = data.draw(st.integers(0, len(text) - 2))
    with pytest.raises(SnapshotError, match=r"cut short|has no list"):
        read(text[:cut], ("samples",))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<html>", 'the answer has no list "samples"'),
        ("", 'the answer has no list "samples"'),
        ("[]", 'the answer has no list "samples"'),
        ('{"samples": {}}', 'the answer has no list "samples"'),
        ('{"other": []}', 'the answer has no list "samples"'),
        ("{}", 'the answer has no list "samples"'),
        ('{"samples": [1]}', 'the answer has something else than objects in its list "samples"'),
        (
            '{"samples": [{"a": 1}, {"a": NaN}]}',
            "the answer has NaN or Infinity in its list, which is no JSON",
        ),
        (b'{"samples": ["\xff"]}', "the answer is no JSON that can be read"),
        ('{"samples": [{"a": ' + "[" * 200_000, "the answer is no JSON that can be read"),
        ('{"samples": [{"a": "' + "x" * LARGEST, "the answer has an item of 1 MiB or more"),
        ('{"a": "' + "x" * LARGEST, 'the answer has no list "samples" in its first MiB'),
    ],
)
def test_what_is_no_snapshot_says_why(text, why):
    with pytest.raises(SnapshotError) as refused:
        read(text, ("samples",))
    assert str(refused.value) == why


def test_what_stands_behind_the_list_is_not_looked_at():
    assert read('{"samples": [{"a": 1}], "aggregates": <junk>', ("samples",)) == [{"a": 1}]


def test_a_field_is_found_by_its_path():
    item = {"report": {"at": 5}, "sessionId": "s"}
    assert at_path(item, ("report", "at")) == 5
    assert at_path(item, ("sessionId", "at")) is None
    assert at_path(item, ("none",)) is None


@pytest.mark.parametrize(
    ("value", "ms"),
    [(5, 5), (5.0, 5), ("5", 5), (1.8e12, 1_800_000_000_000), (None, None), ("soon", None)],
)
def test_a_time_of_observation_is_a_number_or_its_digits(value, ms):
    assert epoch_ms(value) == ms


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [], {}, None, 1e300, -1])
def test_what_is_no_time_is_none(value):
    assert epoch_ms(value) is None


@pytest.mark.parametrize(
    ("beside", "goes_on"),
    [
        ('"next": "/held?page=2"', True),
        ('"hasMore": true', True),
        ('"page": {"number": 1, "next_cursor": "abc"}', True),
        ('"next": null, "hasMore": false, "nextCursor": ""', False),
        ('"aggregates": {"sampleCount": 9}', False),
        ('"next": "cut', False),
        ('"_links": {"next": {"href": "/held?page=2"}}', True),
        ('"next": {}, "page": {"next": []}', False),
        ('"a": {"b": {"next": 2}}, "c": [{"next": 2}]', False),
    ],
)
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("step", [1, 7, 1000])
def test_what_stands_beside_the_list_tells_of_further_pages(beside, goes_on, before, step):
    rows = '"samples": [{"a": 1}, {"a": 2}]'
    if before and "cut" not in beside:
        text = f"{{{beside}, {rows}}}".encode()
    else:
        text = f"{{{rows}, {beside}}}".encode()
    snapshot = Snapshot(("samples",))
    items = [one for at in range(0, len(text), step) for one in snapshot.feed(text[at : at + step])]
    assert (len(items), snapshot.goes_on) == (2, goes_on)
