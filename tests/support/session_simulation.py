"""Simulated runs whose memory is known: so much for a session, for a connection, for a warm-up.

1x are 500 clients, the flood has 5,000; each reports every 5 s and its session is replaced after a
mean of `life_s`, until a third of the flood is over. The heap warms up by 5 MB, with the time since
the load's start, since the ramp's, or with the reports sent; what closed connections took is given
back or not.
"""

from collections.abc import Callable
from dataclasses import replace
from math import exp, isinf

import numpy as np
import numpy.typing as npt
from plan_maker import make_load, make_phases, make_plan
from populations import population
from record_maker import MIB, T0_NS

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings import MemoryFinding
from qosflood.analysis.memory.memory import memory_finding
from qosflood.analysis.population import Population
from qosflood.base.units import SECOND
from qosflood.journal.records import MemorySample
from qosflood.plan.plan import Plan, Sessions

Floats = npt.NDArray[np.float64]
KIB = 1024
SESSION_BYTES, CONNECTION_BYTES, WARM_UP_BYTES = 0.8 * KIB, 8 * KIB, 5e6
BASE, PEAK, CADENCE_S = 500, 5000, 5.0
NOISES = ("quiet", "white", "autocorrelated", "saw-tooth")


class Run:
    """A run with sessions of a mean life; its memory differs with the generator given."""

    def __init__(self, life_s: float, flood_s: int = 900) -> None:
        edge_s = min(max(flood_s // 15, 3), 60)
        flood, edge = flood_s * SECOND, edge_s * SECOND
        load = make_load(base_clients=BASE, clients=PEAK)
        phases = make_phases(load, edge_ns=edge, flood_ns=flood, settle_ns=edge)
        lives = Sessions()
        if not isinf(life_s):
            lives = Sessions(lifetime="exponential", lifetime_ns=round(life_s * SECOND))
        self.plan: Plan = replace(make_plan(phases=phases), sessions=lives)
        self.ramp_s = edge_s
        self.end_s = 2 * edge_s + flood_s
        self.times: Floats = np.arange(0, self.end_s + 2 * edge_s, dtype=float)
        knots = (0, 2, edge_s, 2 * edge_s, self.end_s, self.end_s + 1, self.end_s + edge_s)
        clients = (0, BASE, BASE, PEAK, PEAK, BASE, BASE)
        self.connections: Floats = np.interp(self.times, knots, clients)
        self.begun = self._begun(life_s, 2 * edge_s + flood_s / 3)
        self.acked = self._acked(life_s)

    def _begun(self, life_s: float, hold_s: float) -> Floats:
        replaced = np.where(self.times < hold_s, self.connections / life_s, 0.0)
        return np.maximum.accumulate(self.connections) + np.cumsum(replaced)

    def _acked(self, life_s: float) -> Floats:
        """Half a cadence later, those that live until their first report, which is due at a random
        moment of their first cadence."""
        first = np.maximum.accumulate(self.connections)
        replaced = self.begun - first
        living = 1.0 if isinf(life_s) else life_s / CADENCE_S * (1 - exp(-CADENCE_S / life_s))
        return np.interp(self.times - CADENCE_S / 2, self.times, first + living * replaced)

    @property
    def population(self) -> Population:
        """What its shards counted."""

        def at(counts: Floats) -> Callable[[int], float]:
            return lambda second: float(np.interp(second, self.times, counts))

        return population(at(self.begun), len(self.times), at(self.connections), at(self.acked))

    def memory(self, rng: np.random.Generator, noise: str) -> Floats:
        """Bytes, once a second."""
        sticky = rng.integers(2)
        held = np.maximum.accumulate(self.connections) if sticky else self.connections
        known = SESSION_BYTES * self.acked + CONNECTION_BYTES * held
        return 60 * MIB + known + self._warm_up(rng) + self._noise(rng, noise)

    def _warm_up(self, rng: np.random.Generator) -> Floats:
        clock = (
            self.times / rng.uniform(20, 80),
            np.maximum(self.times - self.ramp_s, 0) / rng.uniform(20, 80),
            np.cumsum(self.connections / CADENCE_S) / rng.uniform(5_000, 60_000),
        )[rng.integers(3)]
        return WARM_UP_BYTES * (1 - np.exp(-clock))

    def _noise(self, rng: np.random.Generator, noise: str) -> Floats:
        if noise == "saw-tooth":
            period, height = rng.uniform(5, 25), rng.uniform(5, 40) * MIB
            return height * ((self.times + rng.uniform(0, period)) % period) / period
        if noise == "autocorrelated":
            values = rng.normal(0, 0.5 * MIB, len(self.times))
            for i in range(1, len(values)):
                values[i] += 0.9 * values[i - 1]
            return values
        return rng.normal(0, (0.02 if noise == "quiet" else 0.2) * MIB, len(self.times))

    def finding(self, memory: Floats, counted: Population | None = None) -> MemoryFinding:
        """What the analysis makes of it."""
        clock = RunClock(wall_ns=0, t0=T0_NS, stop_ns=self.plan.phases[-1].end_ns, completed=True)
        samples = [
            MemorySample(
                t=T0_NS + round(t * SECOND), instance="target", source="process", rss_bytes=round(v)
            )
            for t, v in zip(self.times.tolist(), memory.tolist(), strict=True)
        ]
        return memory_finding(self.plan, clock, samples, [], counted or self.population)
