"""Which sessions the loss audit looks for, and where. Pure.

Shard and monitor find the same sessions, each from the plan alone: some in places that are taken
until the load's end, and as many in places that are given up before it. A collector may have
forgotten the latter, but one that it still has must hold its last report.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from qosflood.base.endpoint import HeaderRef, same_origin
from qosflood.plan.plan import Plan, Target
from qosflood.plan.watching import ONE_INSTANCE, Instance

NO_INSTANCE_NAMES_ONE = "several instances share an address, and none names a readback"
_LOOKS = 5
_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A snapshot that is read back: of which instance, its URL, and the headers to ask with."""

    instance: str
    url: str
    headers: tuple[HeaderRef, ...]


def alive(plan: Plan) -> int:
    """How many clients of the whole run are there at the load's end."""
    return max(
        (phase for phase in plan.phases if phase.name != "settle"), key=lambda phase: phase.end_ns
    ).clients_to


def at_most(plan: Plan) -> int:
    """How many clients of the whole run there are when there are most."""
    return max(phase.clients_to for phase in plan.phases)


def sampled(plan: Plan) -> list[int]:
    """The numbers of the clients whose sessions are looked for, of all parts of the run: those of
    clients that are there at the load's end, then those of clients that have left."""
    if not sources(plan):
        return []
    living, most = alive(plan), at_most(plan)
    left = _spread(plan, most - living)
    return [*_spread(plan, living), *(living + number for number in left)]


def _spread(plan: Plan, everyone: int) -> list[int]:
    """Up to as many numbers below `everyone` as the audit samples.

    Steps of the golden ratio around all of them: spread evenly, and in step with no period of
    lines or bridges. The seed says where they begin.
    """
    if everyone <= plan.audit.sessions:
        return list(range(max(everyone, 0)))
    step = round(everyone * _GOLDEN)
    while math.gcd(step, everyone) > 1:
        step += 1
    return [(plan.seed + step * index) % everyone for index in range(plan.audit.sessions)]


def looks(plan: Plan) -> list[int]:
    """When sampled sessions are read back while the load runs, in ns since its start: once in the
    baseline, to see what it costs, then in the flood. Not in a part of a run: shards elsewhere
    would have to agree on the moments."""
    spans = {phase.name: phase for phase in plan.phases}
    if "baseline" not in spans or plan.part is not None or not sources(plan):
        return []
    baseline, flood = spans["baseline"], spans["flood"]
    middles = ((2 * look + 1) / (2 * _LOOKS) for look in range(_LOOKS))
    return [
        baseline.start_ns + baseline.duration_ns // 2,
        *(flood.start_ns + round(flood.duration_ns * middle) for middle in middles),
    ]


def sources(plan: Plan) -> list[Source]:
    """The snapshots to read: those that instances name, else the plan's own. The address that
    several instances share is none: any of them may answer there."""
    if not plan.floods:
        return []
    named = [
        _of_instance(one, one.readback, plan.target)
        for one in plan.instances
        if one.readback is not None
    ]
    if named or plan.audit.readback is None:
        return named
    url = _url(plan.target.url, plan.audit.readback)
    if len(plan.instances) > 1 and _origin(url) == _origin(plan.target.url):
        return []
    headers = plan.target.headers if same_origin(url, plan.target.url) else ()
    return [Source(instance=ONE_INSTANCE, url=url, headers=headers)]


def _of_instance(one: Instance, readback: str, target: Target) -> Source:
    """Headers that stand for the target's own origin go to no other; those that were named for
    another page go to the snapshot that was named with it too."""
    url = _url(_origin(one.scrape_url), readback)
    headers = one.headers
    if not same_origin(url, one.scrape_url):
        if same_origin(one.scrape_url, target.url):
            headers = ()
        elif same_origin(url, target.url):
            headers = one.headers or target.headers
    return Source(instance=one.name, url=url, headers=headers)


def why_unread(plan: Plan) -> str:
    """Why no snapshot is read though the plan has one; empty if it has none, or it is read."""
    if plan.audit.readback is None or not plan.floods or sources(plan):
        return ""
    return NO_INSTANCE_NAMES_ONE


def looks_itself(plan: Plan) -> bool:
    """Whether snapshots are read from here, and not from another part of the run."""
    return plan.part is None or plan.part.memory


def _url(base: str, where: str) -> str:
    return f"{base}{where}" if where.startswith("/") else where


def _origin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


class Sampled:
    """Tells the sampled sessions by their ids."""

    def __init__(self, plan: Plan) -> None:
        self._numbers = frozenset(sampled(plan))
        self._pattern = re.compile(rf"{re.escape(plan.session_prefix)}([0-9]+)-([0-9]+)")

    def place(self, text: str) -> tuple[int, int, str] | None:
        """The client, the how-manyeth session of it and its id, if `text` names one in a sampled
        place."""
        found = self._pattern.search(text)
        if found is None or int(found[1]) not in self._numbers:
            return None
        return int(found[1]), int(found[2]), found[0]


def fields(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Where in a body's template a string stands that is no part of a list, and the string."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from fields(inner, (*path, name))
    elif isinstance(value, str):
        yield path, value
