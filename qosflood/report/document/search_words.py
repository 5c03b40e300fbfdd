"""The answer of a search in figures and short sentences, for every page and picture. Pure."""

from collections import Counter
from collections.abc import Iterator

from qosflood.analysis.verdict.capacity import is_known, span
from qosflood.base.units import counted, format_bytes, format_count, format_ratio
from qosflood.journal.trial_records import Gives
from qosflood.report.document import cells
from qosflood.report.document.schema_capacity import Capacity

Fact = tuple[str, str, str, str]
"""A figure's name, its value, its unit, and the metric of limits on it."""
REASONS = {
    "width": "the interval is as narrow as --width asked",
    "budget": "the budget was spent",
    "need_met": "the need is met, with a probability of at least 99%",
    "need_missed": "the need is missed, with a probability of at least 99%",
    "max": "all limits held at the most clients that may be tried",
    "generator": "the generator can do no more",
    "floor": "a single client already breaks a limit",
    "not_recovered": "the target did not come back",
    "interrupted": "the search was interrupted",
    "done": "all steps were tried",
}
"""Why a search ended."""
_MET = {True: "YES", False: "NO", None: "not known"}


def search_facts(capacity: Capacity) -> Iterator[Fact]:
    """The answer at a glance: clients first."""
    if is_known(capacity) and capacity.confirmed is not False:
        yield "clients", span(capacity.clients), "", ""
        yield "reports", span(capacity.reports_per_s), "/s", ""
        yield "of 1x", span(capacity.multiple, "x"), "", ""
    if capacity.need is not None:
        need = capacity.need
        yield f"need {format_count(need.clients)}", f"{_MET[need.met]}{_headroom(capacity)}", "", ""
    if capacity.first is not None:
        yield "gives first", metric_of_limit(capacity.first), "", ""
    if per := ", ".join(_per_thousand(capacity)):
        yield "per 1,000 clients", per, "", ""


def _headroom(capacity: Capacity) -> str:
    """How many times the need is carried."""
    carried = capacity.clients.mid or capacity.clients.low
    if capacity.need is None or not carried:
        return ""
    least = "" if capacity.clients.mid else "at least "
    return f", {least}{carried / capacity.need.clients:.2g}x"


def _per_thousand(capacity: Capacity) -> Iterator[str]:
    per = capacity.per_1000_clients
    if per.cores is not None:
        yield f"{per.cores:.2f} cores"
    if per.bytes is not None and per.bytes >= 0:
        yield format_bytes(per.bytes)


def metric_of_limit(gives: Gives) -> str:
    """What the limit judges."""
    return gives.limit.partition(" ")[0]


def gives_lines(capacity: Capacity) -> Iterator[str]:
    """What gives first, what second and how far from it, and what held."""
    if capacity.first is None:
        if capacity.limits:
            yield "No limit gave in any trial."
        return
    yield f"first: {capacity.first.limit}, at {gives_at(capacity.first)}"
    second = capacity.second
    if second is not None and second.high is not None:
        far = "" if second.times is None else f", {second.times:.2g}x the first"
        yield f"second: {second.limit}, at {gives_at(second)}{far}"
    held = [one for one in capacity.limits if one.high is None]
    if held:
        names = ", ".join(metric_of_limit(one) for one in held)
        least = min(int(one.low) for one in held)
        yield f"held up to at least {counted(least, 'client')}: {names}"


def where_words(one: Gives) -> str:
    """`gives at 470-500 clients`, or how far it held."""
    if one.high is None:
        return f"held up to {counted(int(one.low), 'client')}"
    return f"gives at {gives_at(one)}"


def gives_at(one: Gives) -> str:
    """`470-500 clients`."""
    low, high = format_count(int(one.low)), format_count(int(one.high or 0))
    return f"{low}-{high} clients"


def sure_lines(capacity: Capacity) -> Iterator[str]:
    """How sure the answer is: what it is made of, and what was checked afterwards."""
    yield _made_of(capacity)
    if capacity.confirmed is not None and capacity.confirm_clients:
        how = "held" if capacity.confirmed else "broke a limit, so no answer is given"
        yield f"a longer flood of {counted(capacity.confirm_clients, 'client')} {how}"
    elif capacity.level is not None:
        yield "it was not confirmed by a longer flood"
    if capacity.filled is not None:
        filled = span(capacity.filled.clients)
        yield (
            f"fresh {span(capacity.fresh.clients)} clients, after "
            f"{counted(capacity.held, 'session')} {filled}; the lower one counts"
        )
    yield from _remembers(capacity)


def _made_of(capacity: Capacity) -> str:
    counts = Counter(trial.outcome for trial in capacity.trials)
    outcomes = ", ".join(
        f"{counts[name]} {name}" for name in ("good", "bad", "void") if counts[name]
    )
    trials = f"{counted(len(capacity.trials), 'trial')} ({outcomes})"
    why = REASONS.get(capacity.reason, capacity.reason)
    if capacity.level is None:
        return f"steps, without an interval, from {trials}; {why}"
    what = "bound" if capacity.clients.high is None else "interval"
    return f"{format_ratio(capacity.level)} {what} from {trials}; {why}"


def _remembers(capacity: Capacity) -> Iterator[str]:
    remembers = capacity.hysteresis
    if remembers is not None:
        back = remembers.recovers_at
        how = (
            f"it recovers at {cells.count(back)}" if back else "it did not recover on the way down"
        )
        yield (
            "the target stays slow after an overload (hysteresis): "
            f"{counted(remembers.good_before, 'client')} were good before the search and bad after "
            f"it; {how}"
        )
