"""Simulated runs whose memory is known to leak, or not to: how often the verdict is right.

Each run is a baseline and a ramp of a minute, the flood, a minute of recovery and one of settle;
10,000 sessions join until a third of the flood is over, or without the hold until its end, at an
even rate or all in one minute. Noise of 0.2 MiB lies on all of it.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from plan_maker import make_load, make_phases, make_plan
from populations import population
from record_maker import MIB, T0_NS

from qosflood.analysis.clock import RunClock
from qosflood.analysis.memory.memory import memory_finding
from qosflood.base.units import HOUR, MINUTE, SECOND
from qosflood.journal.records import MemorySample
from qosflood.plan.plan import Plan, Sessions

Floats = npt.NDArray[np.float64]
EDGE_S = 60
SESSIONS = 10_000
SESSION_BYTES = 4096
MB = 1_000_000


@dataclass(frozen=True)
class Length:
    """A flood's length, and how far apart its samples are taken."""

    name: str
    flood_s: int
    every_s: int

    @property
    def plan(self) -> Plan:
        """A plan of that length."""
        edge, flood = EDGE_S * SECOND, self.flood_s * SECOND
        phases = make_phases(make_load(), edge_ns=edge, flood_ns=flood, settle_ns=edge)
        return make_plan(phases=phases)

    @property
    def times(self) -> Floats:
        """When samples are taken, in seconds since the load's start."""
        return np.arange(0, 4 * EDGE_S + self.flood_s, self.every_s, dtype=float)


LENGTHS = (
    Length("15m", 15 * MINUTE // SECOND, 1),
    Length("1h", HOUR // SECOND, 5),
    Length("8h", 8 * HOUR // SECOND, 30),
)
Make = Callable[[np.random.Generator, Length], Floats]
Joining = Callable[[Length, Floats], Floats]


def sessions_at(length: Length, second: Floats) -> Floats:
    """Distinct sessions begun: from the ramp on, until a third of the flood is over."""
    joining = EDGE_S + length.flood_s / 3
    return SESSIONS * np.clip((second - EDGE_S) / joining, 0, 1)


def evenly(length: Length, second: Floats) -> Floats:
    """Sessions that join at one rate until the flood is over."""
    return SESSIONS * np.clip((second - EDGE_S) / (EDGE_S + length.flood_s), 0, 1)


def at_once(length: Length, second: Floats) -> Floats:
    """Sessions that join within a minute, when two thirds of the flood are over."""
    return SESSIONS * np.clip((second - 2 * EDGE_S - length.flood_s * 2 / 3) / EDGE_S, 0, 1)


def saw_tooth(rng: np.random.Generator, length: Length) -> Floats:
    """A garbage collector's: 5 to 40 MiB in 5 to 25 s."""
    period, height = rng.uniform(5, 25), rng.uniform(5, 40) * MIB
    phase = (length.times + rng.uniform(0, period)) % period
    return 100 * MIB + height * phase / period


def warm_up(rng: np.random.Generator, length: Length) -> Floats:
    """A saw-tooth on 30 MiB that are reached in the first minutes."""
    return saw_tooth(rng, length) + 30 * MIB * (1 - np.exp(-length.times / rng.uniform(20, 80)))


def autocorrelated(rng: np.random.Generator, length: Length) -> Floats:
    """AR(1) with a coefficient of 0.9 and 1.1 MiB of deviation."""
    shocks = rng.normal(0, 0.5 * MIB, len(length.times))
    values = np.zeros_like(shocks)
    for i in range(1, len(shocks)):
        values[i] = 0.9 * values[i - 1] + shocks[i]
    return 100 * MIB + values


def with_sessions(rng: np.random.Generator, length: Length) -> Floats:
    """4 KiB kept for each session, on a saw-tooth."""
    return saw_tooth(rng, length) + SESSION_BYTES * sessions_at(length, length.times)


def with_churn(joining: Joining, mb: float = 0.0) -> Make:
    """4 KiB kept for each session that joins so, on a saw-tooth; and a leak of so many MB."""

    def make(rng: np.random.Generator, length: Length) -> Floats:
        kept = SESSION_BYTES * joining(length, length.times)
        return leaking(mb)(rng, length) + kept

    return make


def random_walk(rng: np.random.Generator, length: Length) -> Floats:
    """Steps of 0.1 MiB a second: it does grow, or shrink, though nothing leaks."""
    steps = rng.normal(0, 0.1 * MIB * np.sqrt(length.every_s), len(length.times))
    return 300 * MIB + np.cumsum(steps)


def leaking(mb: float) -> Make:
    """A saw-tooth with a leak of so many MB over the flood's length."""

    def make(rng: np.random.Generator, length: Length) -> Floats:
        return saw_tooth(rng, length) + mb * MB * length.times / length.flood_s

    return make


HARMLESS: dict[str, Make] = {
    "saw-tooth": saw_tooth,
    "saw-tooth and warm-up": warm_up,
    "AR(1)": autocorrelated,
    "growth with sessions": with_sessions,
}
LEAKS_MB = (5, 20, 50)


def verdicts(
    make: Make, length: Length, count: int, seed: int = 0, joining: Joining = sessions_at
) -> dict[str, float]:
    """The share of each verdict in `count` runs; sessions are held unless they join otherwise."""
    plan = replace(length.plan, sessions=Sessions(hold=joining is sessions_at))
    clock = RunClock(wall_ns=0, t0=T0_NS, stop_ns=plan.phases[-1].end_ns, completed=True)
    counted = population(
        lambda second: float(joining(length, np.float64(second))), 4 * EDGE_S + length.flood_s
    )
    found: Counter[str] = Counter()
    for run in range(count):
        rng = np.random.default_rng((seed, run))
        values = make(rng, length) + rng.normal(0, 0.2 * MIB, len(length.times))
        samples = [
            MemorySample(
                t=T0_NS + round(t * SECOND), instance="target", source="process", rss_bytes=round(v)
            )
            for t, v in zip(length.times.tolist(), values.tolist(), strict=True)
        ]
        finding = memory_finding(plan, clock, samples, [], counted)
        found[finding.verdict] += 1
    return {verdict: number / count for verdict, number in found.items()}
