from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qosflood.lab.collector.validation import QOS_REPORT, ShapeError, shape, shape_production

REPORT = {"sessionId": "s", "mos": 4.1, "packetLoss": 0.5, "roundTripTime": 40}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def shaped(**changes: Any) -> dict[str, Any]:
    return shape({**REPORT, **changes}, QOS_REPORT)


@pytest.mark.parametrize(
    ("field", "given_value", "kept"),
    [
        ("mos", "4.1", 4.1),
        ("mos", " 4e0 ", 4.0),
        ("mos", True, 1),
        ("mos", None, 0),
        ("mos", [3.5], 3.5),
        ("observedAt", "1700000000000", 1.7e12),
        ("sessionId", "", ""),
        ("sessionId", 7, "7"),
        ("sessionId", 7.0, "7"),
        ("sessionId", 7.5, "7.5"),
        ("sessionId", True, "true"),
        ("sessionId", False, "false"),
        ("sessionId", None, ""),
        ("lineId", ["3"], "3"),
        ("direction", "egress", "egress"),
        ("extra", {"any": [1]}, {"any": [1]}),
    ],
)
def test_a_value_is_coerced_as_the_reference_does(field: str, given_value: Any, kept: Any) -> None:
    assert shaped(**{field: given_value})[field] == kept


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("mos", "good", "body/mos must be number"),
        ("mos", "", "body/mos must be number"),
        ("mos", "1_0", "body/mos must be number"),
        ("mos", "1e999", "body/mos must be number"),
        ("mos", [], "body/mos must be number"),
        ("mos", [1, 2], "body/mos must be number"),
        ("mos", {}, "body/mos must be number"),
        ("sessionId", {}, "body/sessionId must be string"),
        ("sessionId", ["a", "b"], "body/sessionId must be string"),
        ("direction", "sideways", "body/direction must be one of ingress, egress"),
        ("direction", None, "body/direction must be one of ingress, egress"),
    ],
)
def test_a_value_that_cannot_be_coerced_is_named(field: str, value: Any, problem: str) -> None:
    with pytest.raises(ShapeError, match=f"^{problem}$"):
        shaped(**{field: value})


@pytest.mark.parametrize("field", sorted(REPORT))
def test_a_missing_field_is_named(field: str) -> None:
    body = {name: value for name, value in REPORT.items() if name != field}
    with pytest.raises(ShapeError, match=f"^body must have required property '{field}'$"):
        shape(body, QOS_REPORT)


@pytest.mark.parametrize("body", [None, [], "text", 3, True])
def test_a_body_that_is_no_object_is_refused(body: Any) -> None:
    with pytest.raises(ShapeError, match=r"^body must be object$"):
        shape(body, QOS_REPORT)


@given(st.dictionaries(st.sampled_from([field.name for field in QOS_REPORT]), JSON))
def test_what_is_accepted_has_numbers_to_add_up_and_can_be_read_back(body: dict[str, Any]) -> None:
    body = orjson.loads(orjson.dumps({**REPORT, **body}))
    try:
        report = shape(body, QOS_REPORT)
    except ShapeError:
        return
    for field in QOS_REPORT:
        wanted = str if field.kind == "string" else (int, float)
        assert isinstance(report.get(field.name, "" if wanted is str else 0), wanted)
    orjson.dumps(report)


PIPELINE = {"id": "p", "enabled": True, "type": "recording", "destination": {"provider": "s3"}}


@pytest.mark.parametrize(
    "body",
    [
        {"name": "show", "lines": []},
        {"name": "show", "lines": [{"name": "a"}, {"name": "b", "programOutputLine": "true"}]},
        {"name": "show", "lines": [], "mediaPipelines": [PIPELINE]},
    ],
)
def test_a_production_has_a_name_and_lines(body: Any) -> None:
    assert shape_production(body) is body


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"lines": []}, "body must have required property 'name'"),
        ({"name": "show"}, "body must have required property 'lines'"),
        ({"name": "show", "lines": {}}, "body/lines must be array"),
        ({"name": "show", "lines": [{}]}, "body/lines/0 must have required property 'name'"),
        ({"name": "show", "lines": ["a"]}, "body/lines/0 must be object"),
        (
            {"name": "show", "lines": [{"name": "a", "programOutputLine": "maybe"}]},
            "body/lines/0/programOutputLine must be boolean",
        ),
        (
            {"name": "show", "lines": [], "mediaPipelines": [{**PIPELINE, "type": "tape"}]},
            "body/mediaPipelines/0/type must be one of recording, transcription, streaming",
        ),
        (
            {"name": "show", "lines": [], "mediaPipelines": [{**PIPELINE, "destination": None}]},
            "body/mediaPipelines/0/destination must be object",
        ),
    ],
)
def test_a_malformed_production_is_explained(body: Any, problem: str) -> None:
    with pytest.raises(ShapeError) as caught:
        shape_production(body)
    assert str(caught.value) == problem
