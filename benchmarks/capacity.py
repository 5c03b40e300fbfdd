"""Does the search for capacity find knees that are known? On simulated targets, beside other ways.

    python benchmarks/capacity.py

Each row is a kind of target, each with as many random knees as there are seeds; all methods meet
the same knees. No process is started and nothing is sent: time is counted, not spent. Prints three
Markdown tables; takes some minutes of CPU.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from statistics import median

from capacity_peers import HOW_TO_INSTALL, bisection, mlrsearch, mlrsearch_installed
from simulated_knees import EVERY_S, KINDS, TRIAL_S, Kind, Searched, Target, searched

from qosflood.experiments.capacity.answer import Found, found
from qosflood.experiments.capacity.search import Settings, next_step
from qosflood.experiments.capacity.trial import Stop, Trial

Method = Callable[[Kind, int], Searched]
BUDGET_S = 1200
LIMITS = tuple(
    Kind(f"noise 3%, second at {second}x", 0.03, 0.07, second=second)
    for second in (1.0, 1.05, 1.1, 1.2, 1.4, 1.8, 3.0)
)
NEEDS = (0.1, 0.5, 0.8, 0.9, 0.95, 1.05, 1.1, 1.25, 2.0, 10.0)
"""In multiples of the knee."""
NEEDING = Kind("noise 3%, hiccups 2%", 0.03, 0.07, hiccups=0.02)


def search(target: Target, settings: Settings) -> tuple[list[Trial], Found]:
    """A search as it is shipped, and what it answers."""
    trials: list[Trial] = []
    while not isinstance(step := next_step(settings, trials), Stop):
        at_s = len(trials) * EVERY_S
        broken = target.breaks(step.load, at_s)
        outcome = "bad" if broken else "good"
        trials.append(Trial(step.load, outcome, step.purpose, at_s, TRIAL_S, broken))
    answer = found(settings, trials, step.reason, per_client=0.2)
    assert answer is not None
    return trials, answer


def settings_for(kind: Kind, need: int | None = None) -> Settings:
    """What is asked of the search for a kind of target."""
    return Settings(kind.first, kind.width, BUDGET_S, EVERY_S, need, kind.most)


def psi(kind: Kind, seed: int) -> Searched:
    """The search as it is shipped."""
    target = Target(kind, seed)
    trials, answer = search(target, settings_for(kind))
    loads = [trial.load for trial in trials]
    return searched(target, loads, answer.clients.low, answer.clients.high)


def coverage_table(kinds: Iterable[Kind], methods: dict[str, Method], seeds: int) -> Iterator[str]:
    """Coverage and cost of each method, line by line as they are computed."""
    yield "| target | method | width asked | coverage | width | trials | time | 90% | over knee |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for kind in kinds:
        for name, method in methods.items():
            results = [method(kind, seed) for seed in range(seeds)]
            yield f"| {kind.name} | {name} | {kind.width:.0%} | {_figures(results)} |"


def _figures(results: Sequence[Searched]) -> str:
    spent = sorted(one.seconds for one in results)
    widths = [one.width for one in results if one.width is not None]
    over = max(one.over for one in results)
    cells = (
        f"{coverage(results):.3f}",
        f"{median(widths):.1%}" if widths else "at least",
        f"{median(one.trials for one in results):.0f}",
        f"{median(spent):.0f} s",
        f"{spent[len(spent) * 9 // 10]:.0f} s",
        f"{over:.2f}" if over else "–",
    )
    return " | ".join(cells)


def coverage(results: Sequence[Searched]) -> float:
    """The share of searches whose interval holds the knee."""
    return sum(one.covers for one in results) / len(results)


def limits_table(kinds: Iterable[Kind], seeds: int) -> Iterator[str]:
    """Whether the limits that give are named in their order, with intervals that hold."""
    yield "| target | first named | its interval holds | the second's holds | has an upper end |"
    yield "|---|---|---|---|---|"
    for kind in kinds:
        seen = [limits_found(kind, seed) for seed in range(seeds)]
        shares = (sum(column) / seeds for column in zip(*seen, strict=True))
        yield f"| {kind.name} | {' | '.join(f'{share:.3f}' for share in shares)} |"


def limits_found(kind: Kind, seed: int) -> tuple[bool, bool, bool, bool]:
    """One row's cells of one search."""
    target = Target(kind, seed)
    trials, answer = search(target, settings_for(kind))
    knees = target.knees(len(trials) * EVERY_S)
    by_name = {one.limit: one for one in answer.limits}
    holds = []
    for at, knee in enumerate(knees):
        one = by_name.get(f"limit {at}")
        # One that never broke is not known here: in a run its readings name it.
        holds.append(one is None or (one.low <= knee and (one.high is None or knee <= one.high)))
    second = by_name.get("limit 1")
    named = knees[0] == knees[1] or answer.limits[0].limit == "limit 0"
    return named, *holds, second is not None and second.gives


def needs_table(kind: Kind, needs: Iterable[float], seeds: int) -> Iterator[str]:
    """What is said of a need, and after how many trials."""
    yield "| need, to the knee | said rightly | wrongly | left open | trials | over knee |"
    yield "|---|---|---|---|---|---|"
    for times in needs:
        said = Counter[bool | None]()
        trials_each: list[int] = []
        over = 0.0
        for seed in range(seeds):
            target = Target(kind, seed)
            knee = target.knee(0)
            trials, answer = search(target, settings_for(kind, need=round(times * knee)))
            assert answer.need is not None
            met = answer.need.met
            said[None if met is None else met == (times < 1)] += 1
            trials_each.append(len(trials))
            over = max(over, max(trial.load for trial in trials) / knee)
        shares = (f"{said[one] / seeds:.3f}" for one in (True, False, None))
        yield f"| {times:g} | {' | '.join(shares)} | {median(trials_each):.0f} | {over:.2f} |"


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    seeds = parser.parse_args().seeds
    methods: dict[str, Method] = {"Psi": psi, "bisection": bisection}
    if mlrsearch_installed():
        methods["MLRsearch"] = mlrsearch
    else:
        print(HOW_TO_INSTALL, file=sys.stderr)
    for table in (
        coverage_table(KINDS, methods, seeds),
        limits_table(LIMITS, seeds),
        needs_table(NEEDING, NEEDS, seeds),
    ):
        for line in table:
            print(line, flush=True)
        print()


if __name__ == "__main__":
    main()
