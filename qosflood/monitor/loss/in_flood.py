"""Sessions read back while the flood runs, where that costs the target next to nothing.

What a read costs is seen in the baseline. A collector renders its snapshot at the expense of the
reports that wait meanwhile, and more sessions take longer.
"""

from qosflood.base.units import MS
from qosflood.monitor.loss.audit import Auditor
from qosflood.monitor.ticks import Timer
from qosflood.plan.plan import Plan
from qosflood.plan.readback import at_most, looks, looks_itself

SHARE_OF_INTERVAL = 0.02
"""Of the scrape interval, what a look in the flood may be expected to take."""
MOST_NS = 100 * MS
"""More it may never be, however rarely pages are scraped."""
SHARE_OF_FLOOD = 0.001
"""Of the flood, what all looks may take after the first one: too little to move a p99."""
_PATIENCE = 10
_BASELINE_READS = 2
"""The cheapest counts: whatever else is busy makes one take longer."""
_STORED_NS = 1000 * MS
_STORED_SHARE = 0.25


class FloodReader:
    """Takes a snapshot at each of the plan's looks, as long as they are cheap. `zero_t` is when the
    load began, on the timer's clock."""

    def __init__(self, plan: Plan, timer: Timer, auditor: Auditor) -> None:
        self._plan = plan
        self._timer = timer
        self._auditor = auditor
        self._allowed_ns = min(round(SHARE_OF_INTERVAL * (plan.scrape_interval_ns or 0)), MOST_NS)

    async def run(self, zero_t: int) -> None:
        """Look until the timer is stopped, or a look takes more than it may, or will."""
        moments = looks(self._plan)
        if not moments or not self._allowed_ns or not looks_itself(self._plan):
            return
        if not await self._timer.until(zero_t + moments[0]):
            return
        expected_ns, spent_ns = await self._expected_ns(), 0
        for number, moment in enumerate(moments[1:], start=1):
            most_ns = self._budget_ns - spent_ns if spent_ns else self._allowed_ns
            if expected_ns is None or expected_ns > min(most_ns, self._allowed_ns):
                return
            if not await self._timer.until(zero_t + moment + self._stored_ns):
                return
            expected_ns = await self._auditor.look(number, self._patience_ns)
            spent_ns += expected_ns or 0

    @property
    def _stored_ns(self) -> int:
        """How long accepted reports have to be stored before they are looked for: shorter than the
        time until the next one of a session."""
        return min(_STORED_NS, round(self._plan.load.cadence_ns * _STORED_SHARE))

    async def _expected_ns(self) -> int | None:
        """What a look in the flood will take, by one in the baseline and how many more sessions
        there will be; None if one failed."""
        reads = [await self._auditor.look(0, self._patience_ns) for _ in range(_BASELINE_READS)]
        took = [one for one in reads if one is not None]
        if len(took) < len(reads):
            return None
        return round(min(took) * at_most(self._plan) / self._plan.load.base_clients)

    @property
    def _budget_ns(self) -> int:
        flood = sum(one.duration_ns for one in self._plan.phases if one.name == "flood")
        return round(flood * SHARE_OF_FLOOD)

    @property
    def _patience_ns(self) -> int:
        return self._allowed_ns * _PATIENCE
