"""What runs must have in common before their figures are compared."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from qosflood.analysis.verdict.capacity import is_known
from qosflood.base.units import SECOND, counted, format_count, format_duration
from qosflood.plan.plan import Plan
from qosflood.report.compare.values import Difference, Given
from qosflood.report.document.schema import Document
from qosflood.report.document.schema_capacity import Capacity

SEARCH = "search for capacity"
Facts = Callable[[Document, Plan], str]
MOST_NAMED = 12
_FLOODS_ALIKE = 1.1


def _rate(clients: int, cadence_ns: int) -> str:
    rate = format_count(clients * SECOND / cadence_ns)
    return f"{counted(clients, 'client')} every {format_duration(cadence_ns)} ({rate} reports/s)"


def _cores(document: Document, _plan: Plan) -> str:
    host = document.run.host
    if "cores" not in host:
        return "unknown"
    return f"{host['cores']} cores, {host.get('machine', 'unknown')}"


_MUST_AGREE: tuple[tuple[str, Facts], ...] = (
    ("kind", lambda document, plan: _kind(document, plan)),
    ("profile", lambda _, plan: plan.profile),
    ("rate", lambda _, plan: _rate(plan.load.clients, plan.load.cadence_ns)),
    ("1x", lambda _, plan: _rate(plan.load.base_clients, plan.load.base_cadence_ns)),
    ("TLS", lambda _, plan: _tls(plan)),
    ("instances", lambda _, plan: str(len(plan.instances))),
    ("generator", _cores),
    ("shards", lambda _, plan: str(plan.load.shards)),
    ("parts", lambda _, plan: str(plan.merged or 1)),
)
_OF_SEARCHES: tuple[tuple[str, Facts], ...] = (
    ("limits", lambda _, plan: ", ".join(sorted(limit.expr for limit in plan.limits))),
    ("sessions held", lambda document, _: _held(document)),
)
"""What must agree of searches besides: they are asked where these limits give."""
_NOT_OF_SEARCHES = ("rate", "shards", "flood of")
"""Of the one flood that a search's report shows."""
_LOAD_ALREADY_SHOWN = frozenset(
    {"clients", "cadence_ns", "base_clients", "base_cadence_ns", "multiple", "shards"}
)
_REPORT_LEFT_OUT = frozenset({"bytes_mean"})


def _kind(document: Document, plan: Plan) -> str:
    if _is_search(document):
        return SEARCH
    return "flood" if plan.floods else "watch"


def _is_search(document: Document) -> bool:
    """Whether it is of a search, be it one that found nothing."""
    return document.capacity is not None or document.plan.get("capacity") is not None


def _held(document: Document) -> str:
    """How many sessions a search held in its second part. Those of an event are as many as its
    budget had time for, so it is the event that counts."""
    capacity = document.capacity
    if capacity is None or not capacity.held:
        return "none"
    event = capacity.event_sessions
    return f"of an event of {format_count(event)}" if event else format_count(capacity.held)


def _asked_of(
    document: Document, facts: Iterable[tuple[str, Facts]]
) -> Iterator[tuple[str, Facts]]:
    """Those that a kind of run has."""
    search = _is_search(document)
    return ((what, read) for what, read in facts if not search or what not in _NOT_OF_SEARCHES)


def _tls(plan: Plan) -> str:
    if plan.target.scheme == "http":
        return "none"
    resumed = "on" if plan.target.tls_resume else "on, sessions not resumed"
    return f"{resumed}, with a client certificate" if plan.target.cert else resumed


def differences(runs: Sequence[Given], plans: Sequence[Plan]) -> tuple[Difference, ...]:
    """What differs between the first run and each other one, of each kind the first run that
    differs."""
    found: dict[str, Difference] = {}
    for run, plan in zip(runs[1:], plans[1:], strict=True):
        for what, base, new in _differing(runs[0].document, plans[0], run.document, plan):
            found.setdefault(what, Difference(what=what, run=run.name, base=base, new=new))
    return tuple(found.values())


def _differing(
    base: Document, base_plan: Plan, new: Document, new_plan: Plan
) -> Iterator[tuple[str, str, str]]:
    kinds = _kind(base, base_plan), _kind(new, new_plan)
    if SEARCH in kinds and kinds[0] != kinds[1]:
        yield "kind", *kinds  # all else differs because of it
        return
    of_kind = _OF_SEARCHES if SEARCH in kinds else ()
    for what, facts in _asked_of(base, (*_MUST_AGREE, *of_kind)):
        before, after = facts(base, base_plan), facts(new, new_plan)
        if before != after:
            yield what, before, after
    before_load, after_load = dict(_load_keys(base_plan)), dict(_load_keys(new_plan))
    for key in dict.fromkeys((*before_load, *after_load)):
        before, after = before_load.get(key, "–"), after_load.get(key, "–")
        if before != after:
            yield key, before, after


def _load_keys(plan: Plan) -> Iterator[tuple[str, str]]:
    """Everything that shapes the load, by key path: two profiles of one name may differ."""
    load = {k: v for k, v in _plain(plan.load).items() if k not in _LOAD_ALREADY_SHOWN}
    report = {k: v for k, v in _plain(plan.report).items() if k not in _REPORT_LEFT_OUT}
    yield from _flat("load", load)
    yield from _flat("report", report)
    yield from _flat("sessions", _plain(plan.sessions))
    yield from _flat("retries", _plain(plan.retries))
    yield from _flat("networks", {one.name: _plain(one) for one in plan.networks})
    yield from _flat("storms", {str(n): _plain(one) for n, one in enumerate(plan.storms, 1)})


def _plain(value: Any) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{path}.{key}", inner)
    elif isinstance(value, int) and path.endswith("_ns"):
        yield path.removesuffix("_ns"), format_duration(value)
    else:
        yield path, str(value)


def unfit(run: Given) -> str | None:
    """Why a run's own figures cannot be relied on; None if they can."""
    document = run.document
    if document.run.ended != "completed":
        return f"{document.verdict}: it ended early ({document.run.ended})"
    if _is_search(document):
        return _unanswered(document.capacity)
    if document.generator.problems:
        return f"INVALID: {document.generator.problems[0]}"
    return None


def _unanswered(capacity: Capacity | None) -> str | None:
    if capacity is None or not is_known(capacity):
        return "no trial said anything about the target"
    broke = "the longer flood that was to confirm its answer broke a limit"
    return broke if capacity.confirmed is False else None


def notes(runs: Sequence[Given], plans: Sequence[Plan], *, compared: bool) -> Iterator[str]:
    """What a reader must know of, but that prevents no comparison. `compared` says whether one
    was made; if so, runs that are not valid were compared because --allow-invalid asked for it."""
    yield from _twice(runs)
    yield from _late(runs)
    for run in runs:
        if compared and (why := unfit(run)) is not None:
            yield f"{run.name}: {why}; compared anyway (--allow-invalid)"
    first, first_plan = runs[0], plans[0]
    for run, plan in zip(runs[1:], plans[1:], strict=True):
        for what, facts in _asked_of(run.document, _NOTED):
            before, after = facts(first.document, first_plan), facts(run.document, plan)
            if before != after:
                yield f"{run.name}: {what} {after}; {first.name}: {before}"


def _twice(runs: Sequence[Given]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for run in runs:
        if first := seen.get(run.document.run.id):
            yield f"{run.name} is the same run as {first}: no change can show between them"
        seen.setdefault(run.document.run.id, run.name)


def _late(runs: Sequence[Given]) -> Iterator[str]:
    for run in runs:
        if run.document.capacity is not None:
            continue  # a trial in which it was late is void
        generator = run.document.generator
        if generator.late_windows:
            share = f"{generator.late_windows} of {generator.windows} seconds"
            yield f"{run.name}: the generator was late in {share}, which can only raise its times"


_NOTED: tuple[tuple[str, Facts], ...] = (
    ("flood of", lambda _, plan: format_duration(plan.main_phase.duration_ns)),
    ("target", lambda _, plan: "embedded" if plan.target.embedded else plan.target.netloc),
    ("made by qosflood", lambda document, _: document.run.version),
    ("generator on host", lambda document, _: str(document.run.host.get("name", "?"))),
    ("scrapes every", lambda _, plan: _interval(plan)),
)


def _interval(plan: Plan) -> str:
    return "off" if plan.watch.interval_ns is None else format_duration(plan.watch.interval_ns)


def floods_alike(runs: Sequence[Given]) -> bool:
    """Whether all floods lasted about as long, so that what grows with their length may be
    compared."""
    phases = [run.document.phase("flood") for run in runs]
    lengths = [phase.seconds for phase in phases if phase is not None]
    return not lengths or max(lengths) <= _FLOODS_ALIKE * min(lengths)
