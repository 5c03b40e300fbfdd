"""`--part 3/8 --start-at UTC`: one part of a run that several commands play together."""

import hashlib
from dataclasses import replace

import msgspec

from qosflood.plan.options import Options, PartOf
from qosflood.plan.plan import Part, Plan, Target
from qosflood.plan.profile.problems import Problems

_EXAMPLE = "--start-at 2026-11-23T14:00:00Z"


def clients_here(options: Options, clients: int) -> int:
    """How many of the run's clients the asked part plays; at least 1."""
    part = options.part
    return clients if part is None else max((clients - part.index) // part.of + 1, 1)


def build_part(
    options: Options, target: Target, clients: int, seeded: bool, problems: Problems
) -> Part | None:
    """The part that is asked for; notes what it lacks. `seeded`: the seed was named."""
    asked, start_at_ns, keys = options.part, options.start_at_ns, options.keys
    if asked is None:
        if start_at_ns is not None:
            problems.add_line(
                f"{options.name('start_at_ns')}: got no --part, expected one, e.g. --part 3/8"
            )
        return None
    for line in _lacking(options, asked, target, clients, seeded):
        problems.add_line(f"{options.name('part')}: {line}")
    scrapes = "scrape.url" in keys or keys.get("scrape.interval", "off") != "off"
    return Part(
        index=asked.index,
        of=asked.of,
        start_at_ns=start_at_ns or 0,
        scrapes=asked.index == 1 or scrapes,
        memory=asked.index == 1 or scrapes or "memory.pid" in keys,
    )


def _lacking(
    options: Options, asked: PartOf, target: Target, clients: int, seeded: bool
) -> list[str]:
    lines = []
    if options.start_at_ns is None:
        lines.append(f"got no --start-at, expected the moment all parts begin, e.g. {_EXAMPLE}")
    if not seeded:
        lines.append("got no seed, expected --seed N, the same N for every part")
    if target.embedded:
        lines.append("got no target, expected --target URL: parts flood one collector together")
    if asked.of > clients:
        lines.append(
            f"got {asked.of} parts, expected at most {clients}, as many as there are clients"
        )
    return lines


def part_run_id(plan: Plan, part: Part) -> str:
    """The id that every part of one run computes by itself: from seed, start, number of parts, the
    target's URL and everything that makes up the load."""
    load = replace(plan.load, shards=0)
    facts_of_load = (load, plan.sessions, plan.phases, plan.storms, plan.report)
    facts = (plan.seed, part.start_at_ns, part.of, plan.target.url, facts_of_load)
    return hashlib.sha256(msgspec.json.encode(facts)).hexdigest()[:8]
