"""Reports to a Comparison: comparable or not, figure by figure, and all of them in one word."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from qosflood.base.errors import ExitCode, JournalError
from qosflood.plan.plan import Plan, plan_from_builtins
from qosflood.plan.watching import WATCH
from qosflood.report.compare.comparable import differences, floods_alike, notes, unfit
from qosflood.report.compare.figures import FIGURES, LATENCY
from qosflood.report.compare.judging import change_of
from qosflood.report.compare.resampling import noise_within
from qosflood.report.compare.searches import are_searches, capacity_changes
from qosflood.report.compare.values import (
    VALID,
    Change,
    Comparison,
    Difference,
    Given,
    MinEffect,
    Overall,
    Role,
    RunFacts,
)
from qosflood.report.compare.words import SEARCH_NOISE, headline, noise_words

_EXITS: dict[Overall, ExitCode] = {
    "same": ExitCode.PASS,
    "improved": ExitCode.PASS,
    "regressed": ExitCode.FAIL,
    "unknown": ExitCode.INVALID,
    "not comparable": ExitCode.INVALID,
}


def compare(
    base: Sequence[Given],
    new: Sequence[Given],
    *,
    effect: MinEffect,
    seed: int,
    allow_invalid: bool = False,
) -> Comparison:
    """How the new runs compare with the bases; the same `seed` gives the same intervals.

    Raises JournalError for a report whose plan cannot be read.
    """
    runs = [*base, *new]
    plans = [_plan(run) for run in runs]
    apart = (*([] if allow_invalid else _unfit(runs)), *differences(runs, plans))
    searches = are_searches(runs)
    changes = () if apart else _changes(base, new, effect, seed, searches=searches)
    verdict: Overall = "not comparable" if apart else overall(changes)
    return Comparison(
        verdict=verdict,
        exit_code=int(_EXITS[verdict]),
        headline=headline(verdict, changes, apart, len(base)),
        noise="" if apart else SEARCH_NOISE if searches else noise_words(runs, len(base)),
        min_effect=effect,
        runs=(*(_facts("base", run) for run in base), *(_facts("new", run) for run in new)),
        differences=apart,
        changes=changes,
        notes=tuple(notes(runs, plans, compared=not apart)),
    )


def _plan(run: Given) -> Plan:
    try:
        plan = plan_from_builtins(run.document.plan)
        if plan.floods and min(plan.load.cadence_ns, plan.load.base_cadence_ns) <= 0:
            raise msgspec.ValidationError("Expected a cadence above 0 - at `$.load`")
        if not any(phase.name in ("flood", WATCH) for phase in plan.phases):
            raise msgspec.ValidationError("Expected a flood or a watch - at `$.phases`")
        return plan
    except msgspec.ValidationError as error:
        raise JournalError(
            f"{run.name}: its plan was made by another version of qosflood "
            f"({run.document.run.version}): {error}"
        ) from None


def _unfit(runs: Sequence[Given]) -> list[Difference]:
    whys = [(run.name, unfit(run)) for run in runs]
    return [
        Difference(what=VALID, run=name, base="–", new=f"{why}; --allow-invalid compares it")
        for name, why in whys
        if why is not None
    ]


def _changes(
    base: Sequence[Given],
    new: Sequence[Given],
    effect: MinEffect,
    seed: int,
    *,
    searches: bool,
) -> tuple[Change, ...]:
    if searches:
        return capacity_changes(base, new, effect)
    noises = [
        noise_within(run.document.blocks, (seed, number))
        for number, run in enumerate((*base, *new))
    ]
    sides = noises[: len(base)], noises[len(base) :]
    alike = floods_alike([*base, *new])
    found = []
    for figure in FIGURES:
        before, after = ([figure.read(run.document) for run in side] for side in (base, new))
        change = change_of(figure, before, after, sides, effect)
        if change is not None and figure.grows and not alike:
            change = replace(change, verdict="unknown", why="the floods differ in length")
        if change is not None:
            found.append(change)
    return tuple(found)


def overall(changes: Sequence[Change]) -> Overall:
    """One word for all figures."""
    words = [change.verdict for change in changes]
    if "regressed" in words:
        return "regressed"
    of_latency = [change.verdict for change in changes if change.name in LATENCY]
    if set(of_latency or words) <= {"unknown"}:
        return "unknown"
    return "improved" if "improved" in words else "same"


def _facts(role: Role, run: Given) -> RunFacts:
    document = run.document
    blocks = document.blocks
    return RunFacts(
        role=role,
        name=run.name,
        id=document.run.id,
        started_utc=document.run.started_utc,
        version=document.run.version,
        verdict=document.verdict,
        late_windows=document.generator.late_windows,
        windows=document.generator.windows,
        blocks=0 if blocks is None else len(blocks.blocks),
        block_s=None if blocks is None else blocks.length_s,
        clients=None if document.capacity is None else document.capacity.clients,
    )
