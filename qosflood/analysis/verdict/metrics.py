"""The table of what a limit can speak of, and how it is read: after the run and while it goes on.

A metric's unit, phases and words stand under the same name in METRICS of
`qosflood.plan.limit_language`. Pure.
"""

from dataclasses import dataclass
from functools import partial

from qosflood.analysis.verdict import live_readings as live
from qosflood.analysis.verdict import readings as after
from qosflood.analysis.verdict.comparison import Reading
from qosflood.analysis.verdict.live_readings import LiveReader
from qosflood.analysis.verdict.readings import Case, Reader
from qosflood.plan.limit_language import METRICS, Metric


@dataclass(frozen=True, slots=True)
class Readers:
    """How a metric is read: `after` the run, from its findings; `live`, where it may abort.

    `spans_grace`: its live reading is taken over the whole grace period; that of any other is of
    one moment, and its condition must have been met all that time.
    """

    after: Reader
    live: LiveReader | None = None
    spans_grace: bool = False


def _latency(name: str, metric: Metric) -> Readers:
    figure = name.partition(".")[2]
    return Readers(
        after.of_phase(partial(after.latency, metric.series, figure)),
        partial(live.response, figure) if metric.live else None,
    )


READERS: dict[str, Readers] = {
    **{name: _latency(name, metric) for name, metric in METRICS.items() if metric.series},
    "errors": Readers(after.of_phase(after.errors), live.errors, spans_grace=True),
    "offered": Readers(after.of_phase(after.offered), live.offered, spans_grace=True),
    "amplification": Readers(after.of_phase(after.amplification)),
    "scrape.success": Readers(after.of_phase(after.success)),
    "scrape.p99": Readers(after.of_worst(after.scrape_p99)),
    "scrape.gap": Readers(after.of_worst(after.scrape_gap), live.scrape_gap),
    "memory.max": Readers(after.memory_max, live.memory_max),
    "memory.leak": Readers(after.memory_leak),
    "memory.time_to_limit": Readers(after.time_to_limit),
    "loss": Readers(after.loss),
    "restarts": Readers(after.restarts),
    "recovery.time": Readers(after.recovery_time),
}


def read(case: Case) -> Reading:
    """What the findings say of the limit's metric."""
    return READERS[case.limit.metric].after(case)
