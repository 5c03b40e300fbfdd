"""What the journal calls the stages of a run, with a load and without."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """What the journal calls the stages of a run."""

    what: str
    started: str
    finished: str
    settled: str
    stopping: str


FLOOD = Words(
    "the load",
    "the load started",
    "the load has ended and every report has its outcome",
    "the target had time to settle",
    "the load is being stopped",
)
WATCH = Words(
    "the watch",
    "the watch started",
    "the watch has run its time",
    "the watch ended",
    "the watch is being stopped",
)
