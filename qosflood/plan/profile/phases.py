"""The phases of a run, one after the other from the load's start."""

from qosflood.base.units import SECOND
from qosflood.plan.plan import Load, Phase
from qosflood.plan.profile.fields import MaybeNone, Section, key


class PhasesSection(Section):
    """Durations of the phases around the flood; 0s leaves a phase out.

    Default: baseline, ramp and recovery last a fifteenth of the flood (3 s to 60 s), settle a
    thirtieth (2 s to 30 s).
    """

    baseline: MaybeNone | None = key(None, "Load at 1x before the flood.", "60s")
    ramp: MaybeNone | None = key(None, "Rise from 1x to the flood's rate.", "60s")
    recovery: MaybeNone | None = key(None, "Load at 1x after the flood.", "60s")
    settle: MaybeNone | None = key(None, "No load, after the drain.", "30s")


Point = tuple[int, int]
"""Clients and cadence in nanoseconds."""


def build_phases(load: Load, flood_ns: int, asked: PhasesSection) -> tuple[Phase, ...]:
    """All phases that last; the flood always does.

    baseline and recovery run at 1x, or at the asked rate where that is lower; the rate goes
    linearly in the ramp.
    """
    base, flood = _base_point(load), (load.clients, load.cadence_ns)
    silence = (0, base[1])
    edge = min(max(flood_ns // 15, 3 * SECOND), 60 * SECOND)
    rest = min(max(flood_ns // 30, 2 * SECOND), 30 * SECOND)
    shapes = (
        ("baseline", _or(asked.baseline, edge), base, base),
        ("ramp", _or(asked.ramp, edge), base, flood),
        ("flood", flood_ns, flood, flood),
        ("recovery", _or(asked.recovery, edge), base, base),
        ("settle", _or(asked.settle, rest), silence, silence),
    )
    phases: list[Phase] = []
    for name, duration_ns, start, end in shapes:
        if duration_ns:
            start_ns = phases[-1].end_ns if phases else 0
            phases.append(_phase(name, start_ns, duration_ns, start, end))
    return tuple(phases)


def _base_point(load: Load) -> Point:
    """1x at the flood's cadence, or with the flood's clients where the cadence scales."""
    rate = min(load.base_rate, load.rate)
    if load.scale == "cadence":
        return load.clients, max(round(load.clients * SECOND / rate), load.cadence_ns)
    return max(1, round(rate * load.cadence_ns / SECOND)), load.cadence_ns


def _phase(name: str, start_ns: int, duration_ns: int, start: Point, end: Point) -> Phase:
    return Phase(
        name=name,
        start_ns=start_ns,
        duration_ns=duration_ns,
        clients_from=start[0],
        clients_to=end[0],
        cadence_from_ns=start[1],
        cadence_to_ns=end[1],
    )


def _or(asked_ns: int | None, default_ns: int) -> int:
    return default_ns if asked_ns is None else asked_ns
