"""Writes the run directory of a whole run from those of its parts, record by record."""

import gc
import heapq
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from qosflood.base.errors import JournalError
from qosflood.base.units import format_utc
from qosflood.journal.first_and_last import FirstAndLast
from qosflood.journal.merge.parts import (
    PartRun,
    check_part,
    events_before,
    in_order,
    merged_plan,
    missing,
)
from qosflood.journal.merge.stream import PartStream, closing_events, merged_end
from qosflood.journal.record_lines import encode_record
from qosflood.journal.records import (
    FIRST,
    LAST,
    ClockMark,
    Event,
    FailureSample,
    JournalRecord,
    Segment,
    Window,
)
from qosflood.journal.rollups import RollupMaker
from qosflood.journal.run_directory import (
    RUN_SCHEMA,
    JournalWriter,
    check_run_directory,
    create_run_directory,
    is_running,
    read_failures,
    read_records,
    read_run,
    write_run_json,
)
from qosflood.plan.plan import Plan


def open_parts(folders: Sequence[Path]) -> list[PartRun]:
    """The parts in these run directories, by number; raises JournalError unless they are parts of
    one run."""
    return in_order([_open(folder) for folder in folders])


def _open(folder: Path) -> PartRun:
    run = read_run(folder)
    check_part(str(folder), run.plan)
    if is_running(folder):
        raise JournalError(f"{folder}: this part still runs; merge it once it has ended")
    offset_ns, zero_t = run.segment.wall_ns, None
    for record in read_records(folder):
        if isinstance(record, ClockMark):
            offset_ns = record.wall_ns - record.t
        elif isinstance(record, Event) and record.kind == "load_started":
            zero_t = record.evidence["t0"]
            break
    zero_ns = None if zero_t is None else offset_ns + zero_t
    return PartRun(str(folder), run.plan, run.facts, offset_ns, zero_ns)


def merge(parts: Sequence[PartRun], out: Path, arguments: Sequence[str]) -> Plan:
    """Write `out`, new or empty, as the run directory of all `parts`; the merged plan.

    Raises RunDirectoryError, JournalError and JournalWriteError.
    """
    check_run_directory(out)
    plan = merged_plan(parts)
    wall_ns = min(part.offset_ns for part in parts)
    create_run_directory(out)
    write_run_json(out, _facts(parts, plan, wall_ns, arguments))
    journal = JournalWriter(out)
    try:
        streams = list(_streams(parts, wall_ns))
        _write_records(journal, parts, streams, wall_ns)
        _write_failures(journal, parts, streams)
    finally:
        journal.close()
    return plan


def _streams(parts: Sequence[PartRun], wall_ns: int) -> Iterator[PartStream]:
    own_instance = sum(part.part.memory for part in parts) > 1
    first_shard, machines = 0, set[str]()
    for part in parts:
        machine = str(part.facts.get("host", {}).get("name") or part.part.name)
        yield PartStream(
            part,
            wall_ns,
            first_shard,
            own_instance=own_instance,
            own_machine=machine not in machines,
        )
        machines.add(machine)
        first_shard += part.plan.load.shards


def _write_records(
    journal: JournalWriter, parts: Sequence[PartRun], streams: list[PartStream], wall_ns: int
) -> None:
    _append_all(journal, _head(parts, wall_ns))
    # Decoded histograms leave reference cycles of 90 KB each: collect them often.
    gc.freeze()
    rollups = RollupMaker()
    for record in _in_time(parts, streams):
        journal.append(record)
        if isinstance(record, Window):
            rollups.add(record)
            if record.health is not None and (made := rollups.take(record.t, record.phase)):
                _append_all(journal, made)
                gc.collect()
    last_t = max(stream.last_t for stream in streams)
    _append_all(journal, rollups.take(last_t, None))
    for stream in streams:
        _append_all(journal, stream.events_after())
    _append_all(journal, closing_events(streams, last_t))
    journal.append(merged_end(streams, missing(parts), last_t))


def _head(parts: Sequence[PartRun], wall_ns: int) -> Iterator[JournalRecord]:
    yield Segment(t=0, boot_id="merged", wall_ns=wall_ns, mono_ns=0)
    t0 = parts[0].part.start_at_ns - wall_ns
    if any(part.zero_ns is not None for part in parts):
        started = "the load of all parts started"
        evidence = {"t0": t0}
        yield Event(t=t0, who="operator", kind="load_started", what=started, evidence=evidence)
    yield from events_before(parts, t0)


def _in_time(parts: Sequence[PartRun], streams: list[PartStream]) -> Iterator[JournalRecord]:
    """All parts' records by time, as far as each journal is in order of time itself."""
    sources = (
        stream.take_all(read_records(Path(part.folder)))
        for part, stream in zip(parts, streams, strict=True)
    )
    return heapq.merge(*sources, key=lambda record: record.t)


def _append_all(journal: JournalWriter, records: Iterable[JournalRecord]) -> None:
    for record in records:
        journal.append(record)


def _write_failures(
    journal: JournalWriter, parts: Sequence[PartRun], streams: list[PartStream]
) -> None:
    """The first and last of each kind over all parts."""
    samples: list[FailureSample] = []
    for part, stream in zip(parts, streams, strict=True):
        for failure in read_failures(Path(part.folder)):
            with suppress(msgspec.ValidationError):
                samples.append(stream.failure(msgspec.convert(failure, FailureSample)))
    kept = FirstAndLast[FailureSample](FIRST, LAST)
    for sample in sorted(samples, key=lambda sample: sample.done_t):
        if kept.offer(sample.kind, sample.done_t, sample):
            journal.append_failure(encode_record(sample))
    for sample in kept.take_last():
        journal.append_failure(encode_record(sample))


def _facts(
    parts: Sequence[PartRun], plan: Plan, wall_ns: int, arguments: Sequence[str]
) -> dict[str, Any]:
    hosts = [part.facts.get("host", {}) for part in parts]
    return {
        "schema": RUN_SCHEMA,
        "run_id": plan.run_id,
        "started_utc": format_utc(wall_ns),
        "wall_ns": wall_ns,
        "seed": plan.seed,
        "arguments": list(arguments),
        "versions": parts[0].facts.get("versions", {}),
        "host": {
            "name": ", ".join(dict.fromkeys(str(host.get("name")) for host in hosts)),
            "parts": f"{len(parts)} of {plan.merged}",
        },
        "parts": [
            {"part": part.part.index, "folder": part.folder, "shards": part.plan.load.shards}
            | {key: part.facts.get(key) for key in ("host", "versions", "arguments")}
            for part in parts
        ],
        "plan": plan,
    }
