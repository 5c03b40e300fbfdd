"""The first report of each kind of failure."""

from collections.abc import Iterator

from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings import TimelineEntry
from qosflood.base.units import SECOND
from qosflood.journal.records import CUT_OFF, OUTCOMES, OWN_ABSENCE, FailureSample, Who, Window

_WORDS = {
    "rejected": "was rejected",
    "bad_response": "got an answer that cannot be parsed",
    "timeout": "was not answered by its deadline",
    "connection_lost": "lost its connection before it was answered",
    "connect_error": "could not connect",
    "unsent": "could not be sent by its deadline",
}
SILENT = ("timeout", "connection_lost", "connect_error", "unsent")
"""Failures that a broken network makes as well as a broken target."""
_OWN = {outcome.label: reason for outcome, reason in OWN_ABSENCE.items()}
_BY_LATENESS = ("timeout", "unsent")
"""Failures that a late generator can cause by itself."""


class FirstFailures:
    """When each outcome other than acked came first, to the second; from the windows.

    A failure kept in full gives the exact moment. What was left unsent or cut off when a run was
    stopped is no failure, and a deadline that was missed because the generator was late is its own.
    """

    def __init__(self) -> None:
        self._windows: dict[tuple[str, Who], Window] = {}
        self._samples: dict[str, FailureSample] = {}

    def add(self, window: Window, explained: bool) -> None:
        """Add a window; `explained`: lateness can be why deadlines were missed in it."""
        cut_off = window.errors.get(CUT_OFF, 0)
        for outcome in OUTCOMES[1:]:
            own = window.errors.get(_OWN.get(outcome, ""), 0)
            if own:
                self._keep(outcome, "generator", window)
            if window.outcomes.get(outcome, 0) > own + (cut_off if outcome == "timeout" else 0):
                who: Who = "generator" if explained and outcome in _BY_LATENESS else "target"
                self._keep(outcome, who, window)

    def add_sample(self, sample: FailureSample) -> None:
        """Add a failure kept in full."""
        known = self._samples.get(sample.outcome)
        if known is None or sample.done_t < known.done_t:
            self._samples[sample.outcome] = sample

    def entries(self, clock: RunClock) -> Iterator[TimelineEntry]:
        """One entry for each outcome and where it was caused."""
        for (outcome, who), window in self._windows.items():
            stopped = not clock.completed and window.second >= clock.stop_ns // SECOND
            if not (outcome == "unsent" and stopped):
                yield _entry(outcome, who, window, self._samples.get(outcome), clock)

    def _keep(self, outcome: str, who: Who, window: Window) -> None:
        known = self._windows.get((outcome, who))
        if known is None or window.second < known.second:
            self._windows[(outcome, who)] = window


def _entry(
    outcome: str, who: Who, window: Window, sample: FailureSample | None, clock: RunClock
) -> TimelineEntry:
    """`sample` is the first failure of that outcome that was kept in full, whoever caused it."""
    own = window.errors.get(_OWN.get(outcome, ""), 0)
    absent = who == "generator" and own > 0
    if sample is not None and (sample.error == _OWN.get(outcome, "")) != absent:
        sample = None
    begin = clock.t0 + window.second * SECOND
    exact = sample is not None and begin <= sample.done_t < begin + SECOND
    t = sample.done_t if sample is not None and exact else begin
    cut_off = window.errors.get(CUT_OFF, 0) if outcome == "timeout" else 0
    count = own if absent else window.outcomes[outcome] - own - cut_off
    reason = _OWN[outcome] if absent else _known_reason(outcome, window, sample)
    detail = f"{count} in that second{f'; {reason}' if reason else ''}"
    return TimelineEntry(
        t_s=clock.t_s(t),
        wall_ns=clock.wall(t),
        who=who,
        kind=f"first_{outcome}",
        what=f"the first report {_WORDS[outcome]} ({detail})",
        evidence={
            "phase": window.phase,
            "in_that_second": count,
            "statuses": window.statuses,
            "errors": window.errors,
        },
    )


def _known_reason(outcome: str, window: Window, sample: FailureSample | None) -> str | None:
    """Of the failure that was kept; else the commonest of that second, if it can be no other
    outcome's: reasons of all outcomes share one table."""
    if sample is not None:
        return sample.error or f"status {sample.status}"
    failed = [name for name in OUTCOMES[1:] if window.outcomes.get(name)]
    if outcome != "rejected" and [name for name in failed if name != "rejected"] != [outcome]:
        return None
    counts = {
        reason: count
        for reason, count in window.errors.items()
        if reason.startswith("status ") == (outcome == "rejected") and reason not in _OWN.values()
    }
    return max(counts, key=lambda reason: counts[reason], default=None)
