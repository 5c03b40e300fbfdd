"""What a target looks like second by second, for tests of what is shown. Deterministic."""

import math
import random
from dataclasses import dataclass

from qosflood.analysis.findings_series import MemoryPoint, PercentileCurve, ScrapePoint, Second
from qosflood.base.units import MS, SECOND
from qosflood.plan.plan import Plan

MIB = 1024 * 1024


@dataclass(frozen=True)
class Shape:
    """How a target behaves: `sick_from_s` is when it starts to fail, None for never."""

    sick_from_s: float | None = None
    sick_to_s: float = 0.0
    end_s: float = math.inf
    p50_ms: float = 1.2

    def sick(self, t_s: float) -> bool:
        """Whether it fails at `t_s`."""
        return self.sick_from_s is not None and self.sick_from_s <= t_s < self.sick_to_s


def make_seconds(plan: Plan, shape: Shape) -> tuple[Second, ...]:
    """A Second for each second of the load that was reached."""
    draw = random.Random(plan.seed)
    last = min(plan.load_ns / SECOND, shape.end_s)
    return tuple(_second(plan, shape, float(s), draw) for s in range(int(last)))


def _second(plan: Plan, shape: Shape, t_s: float, draw: random.Random) -> Second:
    phase = next(p for p in plan.phases if p.start_ns <= t_s * SECOND < p.end_ns)
    done = (t_s * SECOND - phase.start_ns) / phase.duration_ns
    clients = phase.clients_from + (phase.clients_to - phase.clients_from) * done
    scheduled = round(clients * SECOND / phase.cadence_to_ns * draw.uniform(0.97, 1.03))
    sick = shape.sick(t_s)
    failed = round(scheduled * draw.uniform(0.02, 0.12)) if sick else 0
    slow = draw.uniform(8, 60) if sick else draw.uniform(0.9, 1.3)
    p50 = shape.p50_ms * (1 + clients / 20_000) * slow
    errors = {"timeout": failed // 3, "rejected": failed - failed // 3} if failed else {}
    return Second(
        t_s=t_s,
        phase=phase.name,
        scheduled=scheduled,
        offered=scheduled,
        acked=scheduled - failed,
        errors=errors,
        response_p50_ns=round(p50 * MS),
        response_p99_ns=round(p50 * 3.4 * draw.uniform(0.9, 1.5) * MS),
        response_max_ns=round(p50 * 9 * draw.uniform(1, 3) * MS),
        send_lag_p99_ns=round(draw.uniform(0.1, 0.3) * MS),
        connected=round(clients),
        late=False,
    )


def make_scrape_points(plan: Plan, shape: Shape) -> tuple[ScrapePoint, ...]:
    """A scrape per interval; while sick every third one times out."""
    draw = random.Random(plan.seed + 1)
    interval_s = (plan.watch.interval_ns or SECOND) / SECOND
    last = min(plan.phases[-1].end_ns / SECOND, shape.end_s)
    points = []
    for index in range(int(last / interval_s)):
        t_s = index * interval_s
        failed = shape.sick(t_s) and index % 3 == 0
        points.append(
            ScrapePoint(
                t_s=t_s,
                ok=not failed,
                reason="no answer within 5s" if failed else None,
                duration_ns=5 * SECOND if failed else round(draw.uniform(3, 9) * MS),
                bytes=None if failed else 18_000 + index * 37,
                series=None if failed else 240,
            )
        )
    return tuple(points)


def make_memory_points(plan: Plan, shape: Shape) -> tuple[MemoryPoint, ...]:
    """A sample each second: grows while sessions join, and slowly with a GC saw-tooth."""
    draw = random.Random(plan.seed + 2)
    last = int(min(plan.phases[-1].end_ns / SECOND, shape.end_s))
    return tuple(
        MemoryPoint(
            t_s=float(t_s),
            rss_bytes=round(
                (90 + 45 * (1 - math.exp(-t_s / 240)) + (t_s % 47) * 0.22 + draw.random()) * MIB
            ),
            cpu_cores=0.05 + 0.3 * draw.random(),
        )
        for t_s in range(last)
    )


def make_curves(names: tuple[str, ...]) -> tuple[PercentileCurve, ...]:
    """Response and service curves for each phase."""
    quantiles = tuple(1 - 2 ** (-step / 5) for step in range(80))

    def values(scale: float) -> tuple[int, ...]:
        return tuple(round(scale * MS * (0.6 - math.log(1 - q)) ** 1.6) for q in quantiles)

    return tuple(
        PercentileCurve(phase=name, series=series, quantiles=quantiles, values_ns=values(scale))
        for name in names
        for series, scale in (("response", 1.3), ("service", 1.0))
    )
