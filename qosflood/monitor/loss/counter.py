"""The loss audit's counter or gauge on the target's page: its series, and their sum. Pure."""

from qosflood.base.foreign_numbers import is_count
from qosflood.journal.loss_records import ABSENT, AuditSample
from qosflood.journal.records import ScrapeSample
from qosflood.monitor.exposition.exposition import Exposition, Sample
from qosflood.plan.watching import Audit


def named_series(audit: Audit, page: Exposition | None) -> list[Sample]:
    """The series of the audit's counter or gauge, whatever their labels."""
    return [one for one in (page.wanted if page is not None else ()) if one.name == audit.metric]


def with_labels(audit: Audit, series: list[Sample]) -> float | None:
    """Those that have the audit's labels, added up; None if none has, or one is no count."""
    values = _values(audit, series)
    return sum(values) if values and all(map(is_count, values)) else None


def no_value(audit: Audit, series: list[Sample]) -> str:
    """Why there is no sum: none has the labels, or what a target exposes there is no count."""
    for value in _values(audit, series):
        if not is_count(value):
            return f"{audit.metric} is {value:g}, which is not a count"
    which = f" with {labelled(audit)}" if series else ""
    return f"{ABSENT} {audit.metric}{which}"


def _values(audit: Audit, series: list[Sample]) -> list[float]:
    labels = set(audit.labels)
    return [one.value for one in series if labels <= set(one.labels.items())]


def labelled(audit: Audit) -> str:
    """The labels that the counter's or gauge's series must have, as a page writes them."""
    return ", ".join(f'{name}="{value}"' for name, value in audit.labels)


def reading(
    audit: Audit, scrape: ScrapeSample, page: Exposition | None, done_t: int
) -> AuditSample | None:
    """What a page that was scraped shows of the counter or gauge: how it goes on under load.
    `done_t`: when the page was there, which may be long after the scrape's tick."""
    value = with_labels(audit, named_series(audit, page)) if scrape.ok else None
    if value is None:
        return None
    return AuditSample(
        t=scrape.t,
        done_t=done_t,
        instance=scrape.instance,
        value=value,
        reason=None,
    )
