"""What is tried in which order, and what it says: a search, and what follows it. Pure.

The search goes first over a target that is fresh, then, where sessions are to be held, once more
over one that holds them; the way back and the long flood come last.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from qosflood.base.units import SECOND
from qosflood.experiments.capacity.answer import Found, Span, combine, found, per_1000
from qosflood.experiments.capacity.climb import MOST_VOIDS
from qosflood.experiments.capacity.closing import closing_step, confirmed, hysteresis
from qosflood.experiments.capacity.event import memory_after, sessions_of
from qosflood.experiments.capacity.limits import LimitKnee
from qosflood.experiments.capacity.search import Settings, next_step
from qosflood.experiments.capacity.trial import Next, Reason, State, Stop, Trial, Try
from qosflood.journal.trial_records import (
    Band,
    CapacityAnswer,
    Gives,
    NeedAnswer,
    PerThousand,
    Remembers,
    SearchAnswer,
)
from qosflood.plan.plan import Plan


@dataclass(frozen=True, slots=True)
class Fill:
    """Register so many sessions before the next trial."""

    sessions: int


Step = Next | Fill
_SEARCH = ("climb", "search")


def next_of(plan: Plan, trials: Sequence[Trial], filled: bool = False) -> Step:
    """What comes after these trials; `filled`: whether the sessions are registered by now."""
    capacity = plan.capacity
    assert capacity is not None
    if capacity.steps:
        return _next_rung(capacity.steps, trials)
    states: tuple[State, ...] = ("fresh", "filled") if capacity.fills else ("fresh",)
    reasons: list[Reason] = []
    for state in states:
        if state == "filled" and not filled:
            return Fill(sessions_held(plan, trials))
        step = next_step(settings_of(plan, trials, state), _of(trials, state))
        if isinstance(step, Try):
            return step
        reasons.append(step.reason)
    answer = answer_of(plan, trials, reasons[-1])
    step = closing_step(trials, answer.clients.low)
    return step if isinstance(step, Try) else Stop(reasons[-1])


def event_sessions(plan: Plan, trials: Sequence[Trial]) -> int:
    """How many sessions the event has: of as many clients as are needed, or as the fresh target
    carries at least. 0 without an event."""
    capacity = plan.capacity
    assert capacity is not None
    if not capacity.event_ns:
        return 0
    fresh = _found(plan, trials, "fresh", "interrupted")
    clients = capacity.need or (0 if fresh is None else int(fresh.clients.low))
    return max(sessions_of(clients, capacity.event_ns, capacity.lifetime_ns), 1)


def sessions_held(plan: Plan, trials: Sequence[Trial]) -> int:
    """How many sessions are registered before the second search: all that were asked for, of an
    event as many as a budget has time for."""
    capacity = plan.capacity
    assert capacity is not None
    every = fill_clients(trials) * capacity.budget_ns // plan.load.base_cadence_ns
    return capacity.held or min(event_sessions(plan, trials), max(every, 1))


def fill_clients(trials: Sequence[Trial]) -> int:
    """With how many clients sessions are registered: half of the greatest load that was good below
    every bad one; 0 if there was none."""
    return _held(trials)[0] // 2


def _held(trials: Sequence[Trial]) -> tuple[int, int | None]:
    """The greatest load that was good below every bad one (0: none), and the least bad one."""
    told = [one for one in trials if one.outcome != "void"]
    bad = min((one.load for one in told if one.bad), default=None)
    good = [one.load for one in told if not one.bad and (bad is None or one.load < bad)]
    return max(good, default=0), bad


def _of(trials: Sequence[Trial], state: State) -> list[Trial]:
    return [one for one in trials if one.state == state and one.purpose in _SEARCH]


def _next_rung(steps: tuple[int, ...], trials: Sequence[Trial]) -> Next:
    done = {trial.load for trial in trials if trial.outcome != "void"}
    voids = Counter(trial.load for trial in trials)
    load = next((one for one in steps if one not in done and voids[one] < MOST_VOIDS), None)
    return Stop("done") if load is None else Try(load, "climb")


def settings_of(plan: Plan, trials: Sequence[Trial] = (), state: State = "fresh") -> Settings:
    """What a plan asks of a search; the second one has a budget of its own, which begins when the
    sessions are registered."""
    capacity, load = plan.capacity, plan.load
    assert capacity is not None
    filled_s = (one.started_s for one in _of(trials, "filled"))
    spent_s = min(filled_s, default=0.0) if state == "filled" else 0.0
    return Settings(
        first=min(load.base_clients, load.clients),
        width=capacity.width,
        budget_s=spent_s + capacity.budget_ns / SECOND,
        trial_s=(capacity.trial_ns + capacity.rest_ns) / SECOND,
        need=capacity.need,
        most=load.clients,
    )


def answer_of(plan: Plan, trials: Sequence[Trial], reason: Reason) -> CapacityAnswer:
    """What the trials say if they ended so."""
    capacity = plan.capacity
    assert capacity is not None
    if capacity.steps:
        return _bracket(plan, trials, reason)
    filled = _found(plan, trials, "filled", reason)
    fresh = _found(
        plan, trials, "fresh", reason if filled is None else _reason(plan, trials, reason)
    )
    if fresh is None:
        return _of_clients(plan, Span(0, None, None), reason)
    lower, remembers = combine(fresh, filled).found, hysteresis(trials)
    gives = tuple(_gives(knee) for knee in lower.limits)
    first = gives[0] if lower.limits and lower.limits[0].gives else None
    return replace(
        _of_clients(plan, lower.clients, reason),
        level=lower.level,
        ceiling=lower.ceiling,
        first=first,
        second=gives[1] if first is not None and len(gives) > 1 else None,
        limits=gives,
        need=_need(fresh, lower),
        fresh=_search_answer(fresh),
        filled=None if filled is None else _search_answer(filled),
        held=sessions_held(plan, trials) if capacity.fills else 0,
        hysteresis=None if remembers is None else Remembers(**asdict(remembers)),
        confirmed=confirmed(trials),
        confirm_clients=next(
            (one.load for one in reversed(trials) if one.purpose == "confirm"), None
        ),
        per_1000_clients=PerThousand(**asdict(lower.per_1000_clients)),
        event_sessions=event_sessions(plan, trials),
        event_bytes=_event_bytes(plan, trials) if capacity.event_ns else None,
    )


def _of_clients(plan: Plan, clients: Span, reason: Reason) -> CapacityAnswer:
    """An answer that knows nothing but the clients."""
    capacity = plan.capacity
    assert capacity is not None
    band = _band(clients)
    return CapacityAnswer(
        reason=reason,
        clients=band,
        reports_per_s=_band(clients.times(SECOND / plan.load.base_cadence_ns)),
        multiple=_band(clients.times(1 / plan.load.base_clients)),
        level=None,
        ceiling=None,
        first=None,
        second=None,
        limits=(),
        need=None,
        fresh=SearchAnswer(clients=band, quantiles=None, reason=reason),
        filled=None,
        held=0,
        hysteresis=None,
        confirmed=None,
        confirm_clients=None,
        per_1000_clients=PerThousand(cores=None, bytes=None),
        event_sessions=0,
        event_bytes=None,
        memory_limit_bytes=plan.watch.memory_limit_bytes,
    )


def _event_bytes(plan: Plan, trials: Sequence[Trial]) -> float | None:
    """The target's memory once all sessions of the event were registered, extrapolated from those
    that were registered here; None if it was not measured."""
    fresh, filled = _most_memory(trials, "fresh"), _most_memory(trials, "filled")
    if fresh is None or filled is None:
        return None
    sessions, held = event_sessions(plan, trials), sessions_held(plan, trials)
    return memory_after(sessions, held, fresh, filled, None).bytes


def _most_memory(trials: Sequence[Trial], state: State) -> float | None:
    used = [one.figures.rss_bytes for one in trials if one.state == state]
    return max((size for size in used if size is not None), default=None)


def _bracket(plan: Plan, trials: Sequence[Trial], reason: Reason) -> CapacityAnswer:
    """What steps say without a search: the greatest that held below the first that did not."""
    told = [one for one in trials if one.outcome != "void"]
    bad = min((one.load for one in told if one.bad), default=None)
    held = max(
        (one.load for one in told if not one.bad and (bad is None or one.load < bad)), default=0
    )
    broken = next((one.broken[0] for one in told if one.load == bad and one.broken), None)
    first = None if broken is None else Gives(limit=broken, low=held, high=bad, times=None)
    return replace(
        _of_clients(plan, Span(held, None, bad), reason),
        ceiling=None if bad is None and not held else "max" if bad is None else "target",
        first=first,
        limits=() if first is None else (first,),
        per_1000_clients=PerThousand(**asdict(per_1000(trials))),
    )


def _found(plan: Plan, trials: Sequence[Trial], state: str, reason: Reason) -> Found | None:
    """What one of the searches says, with the trials that followed it."""
    own = [one for one in trials if one.state == state]
    per_client = SECOND / plan.load.base_cadence_ns
    return found(settings_of(plan), own, reason, per_client) if own else None


def _reason(plan: Plan, trials: Sequence[Trial], last: Reason) -> Reason:
    """Why the first of two searches ended: not as the `last` one."""
    step = next_step(settings_of(plan, trials, "fresh"), _of(trials, "fresh"))
    return step.reason if isinstance(step, Stop) else last


def _need(fresh: Found, lower: Found) -> NeedAnswer | None:
    """Whether the need is met. What the fresh target does not carry, a filled one of which too
    little is known does not either."""
    missed = fresh.need is not None and fresh.need.met is False
    need = fresh.need if missed else lower.need
    return None if need is None else NeedAnswer(**asdict(need))


def _search_answer(one: Found) -> SearchAnswer:
    quantiles = None if one.quantiles is None else list(one.quantiles)
    return SearchAnswer(clients=_band(one.clients), quantiles=quantiles, reason=one.reason)


def _gives(knee: LimitKnee) -> Gives:
    return Gives(limit=knee.limit, low=knee.low, high=knee.high, times=knee.times)


def _band(span: Span) -> Band:
    return Band(low=span.low, mid=span.mid, high=span.high)
