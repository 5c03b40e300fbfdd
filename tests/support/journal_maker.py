"""A run directory for tests, written as a supervisor would have written it."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from record_maker import WALL_NS, healthy_run

from qosflood.journal.records import JournalRecord, Segment, Window
from qosflood.journal.rollups import RollupMaker
from qosflood.journal.run_directory import RUN_SCHEMA, JournalWriter, write_run_json
from qosflood.plan.plan import Plan


def write_run(run_dir: Path, plan: Plan, records: Iterable[JournalRecord] | None = None) -> Path:
    """`run_dir` with run.json and a journal of `records`; without any, of a healthy run."""
    run_dir.mkdir(parents=True, exist_ok=True)
    facts = {"schema": RUN_SCHEMA, "plan": plan, "host": {"name": "h"}, "versions": {"x": "1"}}
    write_run_json(run_dir, facts)
    journal = JournalWriter(run_dir)
    journal.append(Segment(t=0, boot_id="boot", wall_ns=WALL_NS, mono_ns=0))
    for record in healthy_run(plan) if records is None else records:
        journal.append(record)
    journal.close()
    return run_dir


def with_rollups(records: Iterable[JournalRecord]) -> Iterator[JournalRecord]:
    """`records` with the roll-ups that belong between them, but for the last ones."""
    rollups = RollupMaker()
    for record in records:
        yield record
        if isinstance(record, Window):
            rollups.add(record)
            yield from rollups.take(record.t, record.phase)
