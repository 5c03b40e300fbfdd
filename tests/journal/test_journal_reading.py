"""Reading a run directory back: torn ends are dropped, everything else that is wrong is named."""

from dataclasses import asdict, replace
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from journals import MARK, SEGMENT, event, lines
from plan_maker import make_plan
from record_maker import rollup, window

from qosflood.base.errors import JournalError
from qosflood.journal.record_lines import encode_record
from qosflood.journal.run_directory import (
    JOURNAL,
    RUN_JSON,
    RUN_SCHEMA,
    LeftOut,
    read_damaged_run,
    read_failures,
    read_records,
    read_run,
    write_run_json,
)


def write_run(run_dir: Path, **facts: object) -> None:
    plan = make_plan()
    write_run_json(run_dir, {"schema": RUN_SCHEMA, "plan": plan} | facts)


def test_a_run_is_its_plan_its_facts_and_its_segment(run_dir, writer):
    write_run(run_dir, seed=3)
    writer.append(SEGMENT)
    run = read_run(run_dir)
    assert run.plan == make_plan()
    assert (run.facts["seed"], run.segment) == (3, SEGMENT)
    assert orjson.loads(orjson.dumps(asdict(run.plan))) == run.facts["plan"]


def test_a_torn_last_line_is_dropped_wherever_it_was_torn(run_dir, writer):
    for record in (SEGMENT, MARK, event()):
        writer.append(record)
    whole = (run_dir / JOURNAL).read_bytes()
    keep = len(b"".join(lines(run_dir)[:2]))
    for size in range(keep, len(whole)):
        (run_dir / JOURNAL).write_bytes(whole[:size])
        assert list(read_records(run_dir)) == [SEGMENT, MARK]


@given(st.binary(max_size=30))
def test_a_line_in_the_middle_that_is_no_record_is_named(tmp_path_factory, junk):
    run_dir = tmp_path_factory.mktemp("run")
    line = junk.replace(b"\n", b"") + b"\n"
    (run_dir / JOURNAL).write_bytes(encode_record(SEGMENT) + line + encode_record(MARK))
    with pytest.raises(JournalError, match="line 2"):
        list(read_records(run_dir))


@pytest.mark.parametrize(
    "line", [b'{"type":"clock","t":"x"}\n', b'{"type":"clock"}\n', b'{"type":"own"}\n', b"[]\n"]
)
def test_a_record_of_another_shape_is_named(run_dir, line):
    (run_dir / JOURNAL).write_bytes(encode_record(SEGMENT) + line)
    with pytest.raises(JournalError, match=r"journal\.jsonl: line 2: "):
        list(read_records(run_dir))


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b'{"plan":{"version":1}}'])
def test_a_run_json_that_is_none_is_refused_in_one_line(run_dir, writer, text):
    writer.append(SEGMENT)
    (run_dir / RUN_JSON).write_bytes(text)
    with pytest.raises(JournalError, match=r"run\.json: .*expected qosflood/run/1") as error:
        read_run(run_dir)
    assert error.value.exit_code == 2
    assert "\n" not in str(error.value)


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(JournalError, match="expected a run directory"):
        read_run(tmp_path)


def test_a_run_whose_journal_is_missing_or_empty_is_refused(run_dir):
    write_run(run_dir)
    with pytest.raises(JournalError):
        read_run(run_dir)
    (run_dir / JOURNAL).write_bytes(encode_record(SEGMENT)[:20])
    with pytest.raises(JournalError, match="has no first record"):
        read_run(run_dir)


def test_failure_samples_are_read_without_a_torn_end(run_dir, writer):
    assert read_failures(run_dir / "gone") == []
    writer.append_failure(b'{"type":"failure","n":1}\n')
    writer.append_failure(b'{"type":"fail')
    assert read_failures(run_dir) == [{"type": "failure", "n": 1}]
    writer.append_failure(b'\n[1]\n"text"\n{"type":"failure","n":2}\n')
    assert read_failures(run_dir)[0] == {"type": "failure", "n": 1}
    assert read_failures(run_dir)[-1] == {"type": "failure", "n": 2}
    assert all(isinstance(sample, dict) for sample in read_failures(run_dir))


def flipped(line: bytes, at: int) -> bytes:
    """The line with one character of its first histogram replaced."""
    start = line.index(b'"encoded":"') + len(b'"encoded":"') + at
    other = b"A" if line[start : start + 1] != b"A" else b"B"
    return line[:start] + other + line[start + 1 :]


@pytest.mark.parametrize("at", [11, 20, 30, 40])
def test_a_flipped_histogram_is_a_damaged_line(run_dir, at):
    whole = window(3, "flood", response_ms=[5.0, 7.0, 90.0])
    for record in (whole, rollup("flood", [whole], 4.0)):
        line = flipped(encode_record(record), at)
        (run_dir / JOURNAL).write_bytes(encode_record(SEGMENT) + line + encode_record(MARK))
        with pytest.raises(JournalError, match=r"line 2: .*histogram is damaged") as error:
            list(read_records(run_dir))
        assert f"qosflood report --salvage {run_dir}" in str(error.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"second": 10**12},
        {"second": -1},
        {"shard": 10**9},
        {"scheduled": 2**60},
        {"outcomes": {"acked": -5}},
        {"t": -1},
        {"t": 2**63},
    ],
)
def test_a_number_that_nobody_can_have_written_is_a_damaged_line(run_dir, changes):
    line = encode_record(replace(window(3, "flood"), **changes))
    (run_dir / JOURNAL).write_bytes(encode_record(SEGMENT) + line)
    with pytest.raises(JournalError, match=r"line 2: .*expected 0 to"):
        list(read_records(run_dir))


def test_damaged_lines_are_left_out_and_counted_where_that_is_asked(run_dir):
    bad = [b"junk\n", b"[]\n", b"\x00" * 40 + b"\n", b'{"type":"own"}\n', b"{\n", b"\n", b"3\n"]
    (run_dir / JOURNAL).write_bytes(
        encode_record(SEGMENT) + b"".join(bad) + encode_record(MARK) + b"torn"
    )
    left_out = LeftOut()
    assert list(read_records(run_dir, left_out)) == [SEGMENT, MARK]
    assert (left_out.lines, left_out.of) == (7, 9)
    assert left_out.words.startswith("7 of 9 lines left out: line 2: ")
    assert left_out.words.endswith("; and 2 more")


def test_a_damaged_first_record_is_made_up_for_by_run_json(run_dir):
    write_run(run_dir, wall_ns=SEGMENT.wall_ns)
    (run_dir / JOURNAL).write_bytes(b"junk\n" + encode_record(MARK))
    with pytest.raises(JournalError, match="line 1"):
        read_run(run_dir)
    run = read_damaged_run(run_dir)
    assert (run.plan, run.segment.wall_ns) == (make_plan(), SEGMENT.wall_ns)


def test_a_run_of_an_unknown_schema_is_refused(run_dir, writer):
    write_run(run_dir, schema="qosflood/run/9")
    writer.append(SEGMENT)
    for read in (read_run, read_damaged_run):
        with pytest.raises(JournalError, match="got schema qosflood/run/9, made by"):
            read(run_dir)
