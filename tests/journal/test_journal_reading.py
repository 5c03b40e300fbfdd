"""Reading a run directory back: torn ends are dropped, everything else that is wrong is named."""

from dataclasses import asdict
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from journals import MARK, SEGMENT, event, lines
from plan_maker import make_plan

from qosflood.base.errors import JournalError
from qosflood.journal.records import encode_record
from qosflood.journal.run_directory import (
    JOURNAL,
    RUN_JSON,
    RUN_SCHEMA,
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
