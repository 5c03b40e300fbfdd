"""Records as lines of the journal, and read back from them."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qosflood.journal.record_lines import decode_record, encode_record
from qosflood.journal.records import (
    ClockMark,
    End,
    Event,
    FailureSample,
    MemorySample,
    Rollup,
    ScrapeSample,
    Segment,
    Window,
)

KINDS = (
    Window,
    Rollup,
    ScrapeSample,
    MemorySample,
    Event,
    Segment,
    ClockMark,
    End,
    FailureSample,
)
finite = st.floats(allow_nan=False, allow_infinity=False)
st.register_type_strategy(float, finite)
# Only what JSON can carry, and integers that fit 64 bits as all times and sizes do.
st.register_type_strategy(int, st.integers(-(2**63), 2**63 - 1))
json_values = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | finite | st.text()
events = st.builds(Event, evidence=st.dictionaries(st.text(), json_values))
others = st.one_of(*(st.from_type(kind) for kind in KINDS if kind is not Event))


@given(others | events)
def test_any_record_is_read_back_from_its_line(record):
    line = encode_record(record)
    assert line.startswith(b'{"type":"%s",' % record.TAG.encode())
    assert line.count(b"\n") == 1
    assert line.endswith(b"}\n")
    assert orjson.loads(line)["t"] == record.t
    assert decode_record(line) == record


@pytest.mark.parametrize(
    "line",
    [b"", b"{}", b"[]", b"null", b'"window"', b'{"type":"unheard"}', b'{"type":["clock"]}',
     b'{"type":null}', b'{"type":"clock","t":"x","wall_ns":1}', b'{"type":"clock","t":1}',
     b'{"type":"end","t":1.5,"reason":"x"}', b"\xff\xfe"],
)  # fmt: skip
def test_any_other_line_is_a_value_error(line):
    with pytest.raises(ValueError):
        decode_record(line)


@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_but_a_value_error(line):
    with pytest.raises(ValueError):
        decode_record(line)


def test_a_field_of_a_later_version_is_ignored():
    assert decode_record(b'{"type":"clock","t":1,"wall_ns":2,"new":3}') == ClockMark(t=1, wall_ns=2)
