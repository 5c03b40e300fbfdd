"""A search on a terminal: a line for each trial, and what the trials say so far."""

from rich.console import Console

from qosflood.analysis.verdict.capacity import is_known, span
from qosflood.base.units import counted, format_count, format_duration
from qosflood.journal.records import JournalRecord
from qosflood.journal.trial_records import AnswerRecord, CapacityAnswer, TrialRecord
from qosflood.live.run_view import RunView, print_event
from qosflood.plan.plan import Plan
from qosflood.report.formats.wrapping import side_by_side

_LINE_INDENT = 7


class TrialView(RunView):
    """A line for each trial, as soon as it is over."""

    def __init__(self, plan: Plan, console: Console) -> None:
        super().__init__(plan)
        self._console = console
        self._count = 0
        self._over: list[str] = []

    def feed(self, record: JournalRecord) -> None:
        """Take a record; a trial's line is printed with the answer that follows it."""
        super().feed(record)
        if isinstance(record, TrialRecord):
            self._count += 1
            self._over = [*trial_pieces(self._count, record)]
        elif isinstance(record, AnswerRecord) and self._over:
            pieces = [*self._over, *so_far(record.capacity)]
            self._over = []
            print_event(self._console, side_by_side(filter(None, pieces)), indent=_LINE_INDENT)


def trial_pieces(number: int, record: TrialRecord) -> tuple[str, ...]:
    """`trial 3`, its load and what came of it."""
    trial = record.trial
    figures = trial["figures"]
    p99_ns, rate = figures["response_p99_ns"], figures["accepted_per_s"]
    purpose = "" if trial["purpose"] in ("climb", "search") else f" ({trial['purpose']})"
    broken = ", ".join(trial["broken"]) if trial["outcome"] == "bad" else trial["why"]
    return (
        f"trial {number}{purpose}",
        counted(trial["load"], "client"),
        trial["outcome"],
        "" if rate is None else f"answered {format_count(rate)}/s",
        "" if p99_ns is None else f"p99 {format_duration(round(p99_ns))}",
        broken,
    )


def so_far(answer: CapacityAnswer) -> tuple[str, ...]:
    """`carries 2,400-2,600`."""
    return (f"carries {span(answer.clients)}",) if is_known(answer) else ()
