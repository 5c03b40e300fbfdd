"""How many reports of each second of recovery were slow, for a threshold known only afterwards."""

from collections.abc import Iterator
from itertools import pairwise

from qosflood.base.percentiles import PERCENTILES, rank
from qosflood.base.units import SECOND
from qosflood.journal.records import Latency, Window
from qosflood.plan.plan import Plan

RANKS = {**PERCENTILES, "max": 100.0}


def steps(latency: Latency) -> Iterator[tuple[int, int, int]]:
    """A histogram's values by the bounds that its recorded percentiles give them, without decoding
    it: lowest, highest (ns), and how many."""
    recorded = {**latency.percentiles, "max": latency.max_ns}
    known = [
        (rank(RANKS[name], latency.count), recorded[name]) for name in RANKS if name in recorded
    ]
    for (below, low), (upto, high) in pairwise([(0, 0), *known]):
        if upto > below:
            yield low, high, upto - below


class RecoveryTails:
    """The response times of the seconds of recovery, as their percentiles bound them."""

    def __init__(self, plan: Plan) -> None:
        phase = plan.maybe_phase("recovery")
        self._seconds = (
            range(0)
            if phase is None
            else range(phase.start_ns // SECOND, -(-phase.end_ns // SECOND))
        )
        self._steps: dict[int, list[tuple[int, int, int]]] = {}

    def add(self, window: Window) -> None:
        """Add a window, whatever phase its reports were due in."""
        if window.second in self._seconds and window.response is not None:
            self._steps.setdefault(window.second, []).extend(steps(window.response))

    def above(self, second: int, threshold_ns: float) -> int:
        """At least so many reports of a second took longer."""
        return sum(
            count if low > threshold_ns else 1
            for low, high, count in self._steps.get(second, ())
            if high > threshold_ns
        )
