"""Run directories of three parts of one run, as three commands would have written them."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

from plan_maker import make_plan
from record_maker import T0_NS, WALL_NS, healthy_run, window

from qosflood.base.units import SECOND
from qosflood.journal.record_lines import encode_record
from qosflood.journal.records import Event, FailureSample, JournalRecord, Segment, Window
from qosflood.journal.rollups import RollupMaker
from qosflood.journal.run_directory import FAILURES, RUN_SCHEMA, JournalWriter, write_run_json
from qosflood.plan.plan import Part, Plan

SHARDS = (1, 3, 2)
"""Of each part."""
START_AT_NS = WALL_NS + T0_NS
BEGAN_S = (0, -30, 1)
"""How long after the first each part's command was begun."""


def varied(same: Window) -> Window:
    """Latencies and failures of many kinds, different in each shard and second."""
    chance = random.Random(same.second * 31 + same.shard)
    times = [chance.lognormvariate(1.5, 1.0) for _ in range(same.scheduled)]
    failed = {"timeout": chance.randrange(3)} if same.phase == "flood" else {}
    return window(
        same.second, same.phase, response_ms=times, failed=failed, shard=same.shard, sessions=10
    )


PLAN = make_plan(load={"shards": sum(SHARDS)})


def whole_records() -> list[JournalRecord]:
    """The journal of the whole run, had it been played by one command."""
    records: list[JournalRecord] = []
    for shard in range(PLAN.load.shards):
        records += [
            replace(varied(replace(made, shard=shard)), shard=shard)
            for made in healthy_run(PLAN)
            if isinstance(made, Window) and made.shard == shard
        ]
    others = [record for record in healthy_run(PLAN) if not isinstance(record, Window)]
    *rest, end = others
    return [*sorted([*records, *rest], key=lambda record: record.t), end]


def part_records(index: int) -> list[JournalRecord]:
    """What the part's own journal holds: its shards from 0 on, its own clock, samples if it
    watches."""
    shift = -BEGAN_S[index] * SECOND
    first_shard = sum(SHARDS[:index])
    mine = range(first_shard, first_shard + SHARDS[index])
    kept = []
    for record in whole_records():
        if isinstance(record, Window):
            if record.shard not in mine:
                continue
            record = replace(record, shard=record.shard - first_shard)
        elif record.TAG in ("scrape", "memory") and index:
            continue
        elif isinstance(record, Event) and "t0" in record.evidence:
            record = replace(record, evidence={"t0": record.evidence["t0"] + shift})
        kept.append(replace(record, t=record.t + shift))
    return kept


def part_plan(index: int, **changes: Any) -> Plan:
    """The plan of a part; `changes` replace its fields."""
    part = Part(index=index + 1, of=3, start_at_ns=START_AT_NS, scrapes=not index, memory=not index)
    phases = tuple(replace(phase, planned=phase.planned * SHARDS[index]) for phase in PLAN.phases)
    load = replace(PLAN.load, shards=SHARDS[index])
    plan = replace(PLAN, part=part, load=load, phases=phases, planned_sessions=SHARDS[index])
    return replace(plan, **changes)


def write_part(
    folder: Path,
    index: int,
    plan: Plan | None = None,
    records: list[JournalRecord] | None = None,
    failures: bytes = b"",
    **facts: Any,
) -> Path:
    """`folder` with the part's run.json and its journal of `records`."""
    folder.mkdir(parents=True)
    plan = plan or part_plan(index)
    said = {"schema": RUN_SCHEMA, "plan": plan, "host": {"name": "h"}, "versions": {}}
    write_run_json(folder, said | facts)
    journal = JournalWriter(folder)
    wall_ns = WALL_NS + BEGAN_S[index] * SECOND
    journal.append(Segment(t=0, boot_id=str(index), wall_ns=wall_ns, mono_ns=5))
    rollups = RollupMaker()
    for record in part_records(index) if records is None else records:
        journal.append(record)
        if isinstance(record, Window):
            rollups.add(record)
            for rollup in rollups.take(record.t, record.phase):
                journal.append(rollup)
    journal.close()
    (folder / FAILURES).write_bytes(failures)
    return folder


def failure(shard: int, number: int) -> bytes:
    """The line of a report refused in a part's second `number`."""
    return encode_record(
        FailureSample(
            t=number,
            shard=shard,
            kind="rejected: status 503",
            outcome="rejected",
            phase="flood",
            client=number,
            session="s",
            local=None,
            remote=None,
            status=503,
            error=None,
            due_t=number,
            sent_t=None,
            done_t=number * SECOND,
            head=None,
            body=None,
        )
    )
