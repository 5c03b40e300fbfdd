"""Whether the parts of a run belong together, and the one Plan that they make. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import msgspec

from qosflood.base.errors import JournalError
from qosflood.base.units import SECOND, format_duration
from qosflood.journal.records import Event
from qosflood.plan.plan import Limit, Part, Phase, Plan

MOST_LATE_NS = SECOND
_MOST_SHOWN = 6
_MONITORED = ("scrape.", "memory.", "restarts")


@dataclass(frozen=True, slots=True)
class PartRun:
    """One part's run directory before its records are read; `facts` is its run.json.

    `offset_ns` is UTC at its journal's t = 0, by its own clock as the load began; `zero_ns` UTC of
    its load's start, None if that never came.
    """

    folder: str
    plan: Plan
    facts: dict[str, Any]
    offset_ns: int
    zero_ns: int | None

    @property
    def part(self) -> Part:
        """Which part it is."""
        assert self.plan.part is not None
        return self.plan.part


def check_part(folder: str, plan: Plan) -> None:
    """Raise JournalError unless `plan` is that of a part."""
    if plan.merged:
        raise JournalError(f"{folder}: is a merged run already, expected the folders of its parts")
    if plan.part is None:
        raise JournalError(f"{folder}: was run without --part, expected a part of a run")


def in_order(parts: Sequence[PartRun]) -> list[PartRun]:
    """The parts by their number; raises JournalError unless all are of one run, each once."""
    first = parts[0]
    for other in parts[1:]:
        found = list(_differences("", _compared(first.plan), _compared(other.plan)))
        if found:
            raise JournalError(
                f"{other.folder}: does not belong to the run in {first.folder}: {_shortened(found)}"
            )
    ordered = sorted(parts, key=lambda part: part.part.index)
    for before, after in pairwise(ordered):
        if before.part.index == after.part.index:
            raise JournalError(
                f"{after.part.name} was given twice: {before.folder} and {after.folder}"
            )
    return ordered


def _shortened(found: list[str]) -> str:
    more = len(found) - _MOST_SHOWN
    return "; ".join(found[:_MOST_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _compared(plan: Plan) -> Any:
    """What must be the same in every part: the plan without what is a part's or a machine's own."""
    assert plan.part is not None
    target = replace(
        plan.target, addresses=(), sources=(), cacert=None, cert=None, key=None, key_password=None
    )
    same = replace(
        plan,
        part=replace(plan.part, index=1, scrapes=True, memory=True),
        load=replace(plan.load, shards=1),
        phases=tuple(replace(phase, planned=0) for phase in plan.phases),
        target=target,
        limits=_of_all(plan.limits),
        aborts=_of_all(plan.aborts),
        sources={},
        planned_sessions=0,
    )
    facts: dict[str, Any] = msgspec.to_builtins(same)
    # Options of monitoring may be given to one part only, the one that monitors.
    del facts["watch"], facts["audit"]
    return facts


def _of_all(limits: tuple[Limit, ...]) -> tuple[Limit, ...]:
    """Limits without the shipped ones that depend on how the target is monitored."""
    return tuple(
        limit
        for limit in limits
        if limit.named_by == "user" or not limit.metric.startswith(_MONITORED)
    )


def _differences(path: str, first: Any, other: Any) -> Iterator[str]:
    if isinstance(first, dict) and isinstance(other, dict):
        for key in {**first, **other}:
            below = f"{path}.{key}" if path else key
            yield from _differences(below, first.get(key), other.get(key))
    elif isinstance(first, list) and isinstance(other, list) and len(first) == len(other):
        for index, (one, two) in enumerate(zip(first, other, strict=True)):
            yield from _differences(f"{path}[{index}]", one, two)
    elif first != other:
        yield f"{path} {other!r} is not {first!r}"


def merged_plan(parts: Sequence[PartRun]) -> Plan:
    """One plan for all given parts, with the sums of their shards, reports and sessions."""
    monitoring = next((part for part in parts if part.part.memory), parts[0]).plan
    scraped = any(part.part.scrapes for part in parts)
    plans = [part.plan for part in parts]
    target = replace(
        monitoring.target,
        addresses=_union(plan.target.addresses for plan in plans),
        sources=_union(plan.target.sources for plan in plans),
    )
    return replace(
        monitoring,
        part=None,
        merged=parts[0].part.of,
        load=replace(monitoring.load, shards=sum(plan.load.shards for plan in plans)),
        phases=tuple(_summed(phases) for phases in zip(*(p.phases for p in plans), strict=True)),
        target=target,
        watch=monitoring.watch if scraped else replace(monitoring.watch, interval_ns=None),
        planned_sessions=sum(plan.planned_sessions for plan in plans),
    )


def _summed(phases: tuple[Phase, ...]) -> Phase:
    return replace(phases[0], planned=sum(phase.planned for phase in phases))


def _union(groups: Iterator[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for group in groups for one in group))


def missing(parts: Sequence[PartRun]) -> list[str]:
    """The names of the parts that were not given."""
    of = parts[0].part.of
    given = {part.part.index for part in parts}
    return [f"part {index}/{of}" for index in range(1, of + 1) if index not in given]


def events_before(parts: Sequence[PartRun], t0: int) -> Iterator[Event]:
    """What is known before any record is read: parts that are missing or began late, clocks and
    versions that may differ. `t0` is the load's start on the merged clock."""
    for name in missing(parts):
        yield _event(t0, "part_missing", f"{name} is missing: it was not given to merge")
    for part in parts:
        late_ns = 0 if part.zero_ns is None else part.zero_ns - part.part.start_at_ns
        if abs(late_ns) > MOST_LATE_NS:
            when = f"{format_duration(abs(late_ns))} {'late' if late_ns > 0 else 'early'}"
            what = f"{part.part.name} began its load {when} by its own clock"
            yield _event(t0, "part_late", what, late_ns=late_ns)
    hosts = _distinct_values(parts, "host", "name")
    if len(hosts) > 1:
        what = (
            f"the parts ran on {len(hosts)} hosts ({', '.join(hosts)}), whose clocks are trusted: "
            "a clock that is wrong shifts its part's load in time"
        )
        yield _event(t0, "clocks_trusted", what)
    for library in sorted({key for part in parts for key in part.facts.get("versions", {})}):
        found = _distinct_values(parts, "versions", library)
        if len(found) > 1:
            yield _event(t0, "versions_differ", f"{library} is {' and '.join(found)}")


def _distinct_values(parts: Sequence[PartRun], section: str, key: str) -> list[str]:
    values = (part.facts.get(section, {}).get(key) for part in parts)
    return list(dict.fromkeys(str(value) for value in values if value is not None))


def _event(t: int, kind: str, what: str, **evidence: Any) -> Event:
    return Event(t=t, who="generator", kind=kind, what=what, evidence=evidence)
