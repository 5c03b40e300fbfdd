"""A search's journal as the run that its report shows: the flood that says most.

That is the flood of confirmation, or the last trial at the greatest load that was good, or the last
one there was.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from qosflood.analysis.stages import staged_run
from qosflood.journal.records import End, JournalRecord
from qosflood.journal.trial_records import AnswerRecord, TrialRecord
from qosflood.plan.plan import Plan
from qosflood.plan.stages import Stage
from qosflood.report.document.schema_capacity import Capacity, capacity_part


@dataclass(slots=True)
class SearchRecords:
    """What of a search's journal is no part of any flood."""

    trials: list[TrialRecord] = field(default_factory=list)
    answer: AnswerRecord | None = None
    end: End | None = None

    @property
    def shown(self) -> Stage | None:
        """The stage whose flood is reported."""
        played = [one for one in self.trials if one.stage is not None]
        best = max(played, key=_weight, default=None)
        return None if best is None else best.stage

    def part(self) -> Capacity | None:
        """What report.json says of the search; None where there was nothing to say yet."""
        if self.answer is None:
            return None
        return capacity_part(self.answer.capacity, self.trials)


def _weight(record: TrialRecord) -> tuple[bool, bool, int, int]:
    trial = record.trial
    good = trial["outcome"] == "good"
    return trial["purpose"] == "confirm", good, trial["load"] if good else 0, record.t


def search_records(records: Iterable[JournalRecord]) -> SearchRecords:
    """The trials, the last answer and the end."""
    found = SearchRecords()
    for record in records:
        if isinstance(record, TrialRecord):
            found.trials.append(record)
        elif isinstance(record, AnswerRecord):
            found.answer = record
        elif isinstance(record, End):
            found.end = record
    return found


def flood_of(
    plan: Plan, records: Iterable[JournalRecord], stage: Stage, end: End | None
) -> tuple[Plan, Iterator[JournalRecord]]:
    """The plan and the records of the flood that `stage` was, ended as the search did."""
    alone, laid = staged_run(plan, records, (("flood", stage),))
    return alone, _ended(laid, end)


def _ended(records: Iterable[JournalRecord], end: End | None) -> Iterator[JournalRecord]:
    for record in records:
        if not isinstance(record, End):
            yield record
        elif end is not None:
            yield end
