"""The loss audit's counter on the target's page: its sum, and whether it went back. Pure."""

from qosflood.journal.loss_records import AuditSample
from qosflood.journal.records import ScrapeSample
from qosflood.monitor.exposition.exposition import Exposition, Sample
from qosflood.plan.watching import Audit


def named_series(audit: Audit, page: Exposition | None) -> list[Sample]:
    """The series of the audit's counter or gauge, whatever their labels."""
    return [one for one in (page.wanted if page is not None else ()) if one.name == audit.metric]


def with_labels(audit: Audit, series: list[Sample]) -> float | None:
    """Those of them that have the audit's labels, added up; None if none has."""
    labels = set(audit.labels)
    values = [one.value for one in series if labels <= set(one.labels.items())]
    return sum(values) if values else None


class CounterTracker:
    """What was counted before and after the counter went back for the first time: what it lost is
    not known then, and a last reading that is higher again would not show it."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit
        self._before: AuditSample | None = None
        self._fell = False

    def note(self, scrape: ScrapeSample, page: Exposition | None) -> list[AuditSample]:
        """The two readings around a fall, from pages that were taken."""
        value = with_labels(self._audit, named_series(self._audit, page)) if scrape.ok else None
        if value is None or self._fell:
            return []
        now = AuditSample(
            t=scrape.t,
            done_t=scrape.t + (scrape.duration_ns or 0),
            instance=scrape.instance,
            value=value,
            reason=None,
        )
        before, self._before = self._before, now
        self._fell = before is not None and before.value is not None and value < before.value
        return [before, now] if self._fell and before is not None else []
