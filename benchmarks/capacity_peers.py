"""Other ways to look for a knee: bisection, and MLRsearch (RFC 9971) as its authors wrote it."""

from importlib.util import find_spec

from simulated_knees import EVERY_S, TRIAL_S, Kind, Searched, Target, searched

HOW_TO_INSTALL = "MLRsearch is left out: pip install MLRsearch"
_UNBOUNDED = 256
"""What MLRsearch is given as its maximum where nothing else is asked, in multiples of 1x."""


def bisection(kind: Kind, seed: int) -> Searched:
    """Climb by doubling to the first bad trial, then halve what is left until it is narrow."""
    target = Target(kind, seed)
    low, high = 0, None
    load = kind.first
    loads: list[int] = []
    while high is None or high > low * (1 + kind.width) + 1:
        loads.append(load)
        if target.breaks(load, (len(loads) - 1) * EVERY_S):
            high = load
        elif load == kind.most:
            low = load
            break
        else:
            low = load
        following = 2 * load if high is None else (low + high) // 2
        load = following if kind.most is None else min(following, kind.most)
    return searched(target, loads, low, high)


def mlrsearch_installed() -> bool:
    """Whether the package is there."""
    return find_spec("MLRsearch") is not None


def mlrsearch(kind: Kind, seed: int) -> Searched:
    """Trials of 5 s; a load is a bound once most of up to three trials say so.

    What exceeds the knee is lost, which MLRsearch uses to get near the knee at once; a hiccup loses
    a tenth.
    """
    import MLRsearch

    target = Target(kind, seed)
    loads: list[int] = []

    class Measurer(MLRsearch.AbstractMeasurer):  # type: ignore[misc]
        def measure(self, intended_duration: float, intended_load: float) -> object:
            at_s = len(loads) * EVERY_S
            load = round(intended_load)
            loads.append(load)
            broken = target.breaks(load, at_s)
            lost = max(load - target.knee(at_s), load / 10) if broken else 0
            return MLRsearch.MeasurementResult(
                intended_duration, intended_load, offered_count=load * 100, loss_count=lost * 100
            )

    goal = MLRsearch.SearchGoal(
        loss_ratio=0.001,
        exceed_ratio=0.5,
        relative_width=kind.width / (1 + kind.width),
        initial_trial_duration=TRIAL_S,
        final_trial_duration=TRIAL_S,
        duration_sum=3 * TRIAL_S,
        fail_fast=False,
    )
    config = MLRsearch.Config()
    config.min_load = 1.0
    config.max_load = float(kind.most or kind.first * _UNBOUNDED)
    config.goals = [goal]
    config.warmup_duration = 0.0
    result = MLRsearch.MultipleLossRatioSearch(config).search(Measurer())[goal]
    low, high = result.relevant_lower_bound, result.relevant_upper_bound
    return searched(
        target,
        loads,
        0.0 if low is None else float(low),
        None if high is None else float(high),
    )
