"""The loss audit's counter or gauge on the target's page: its series, and their sum. Pure."""

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


def labelled(audit: Audit) -> str:
    """The labels that the counter's or gauge's series must have, as a page writes them."""
    return ", ".join(f'{name}="{value}"' for name, value in audit.labels)


def reading(audit: Audit, scrape: ScrapeSample, page: Exposition | None) -> AuditSample | None:
    """What a page that was scraped shows of the counter or gauge: how it goes on under load."""
    value = with_labels(audit, named_series(audit, page)) if scrape.ok else None
    if value is None:
        return None
    return AuditSample(
        t=scrape.t,
        done_t=scrape.t + (scrape.duration_ns or 0),
        instance=scrape.instance,
        value=value,
        reason=None,
    )
