"""What the journal calls the turns of a run, with a load and without."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """What the journal calls the turns of a run."""

    what: str
    started: str
    finished: str
    settled: str
    stopping: str


FLOOD = Words(
    "the load",
    "the load started",
    "the load is over, every report has ended",
    "the target had time to settle",
    "the load is being stopped",
)
WATCH = Words(
    "the watch",
    "the watch began",
    "the watch is over",
    "the watch ended",
    "the watch is being stopped",
)
