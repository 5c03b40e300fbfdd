"""The books: every scheduled report ends in exactly one outcome, or is still in flight."""

from collections import Counter
from collections.abc import Iterable

from qosflood.analysis.findings import Totals
from qosflood.analysis.phases import PhaseTally, amplification


def totals(tallies: Iterable[PhaseTally]) -> Totals:
    """All phases in one account."""
    scheduled = sent = resent = retries = after_retry = 0
    retried: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    statuses: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    for tally in tallies:
        scheduled += tally.scheduled
        sent += tally.sent
        resent += tally.resent
        retries += tally.retries
        retried.update(tally.retried)
        after_retry += tally.acked_after_retry
        outcomes.update(tally.outcomes)
        statuses.update(tally.statuses)
        errors.update(tally.errors)
    in_flight = scheduled - outcomes.total()
    return Totals(
        scheduled=scheduled,
        outcomes=dict(outcomes),
        statuses=dict(statuses),
        errors=dict(errors),
        resent=resent,
        in_flight=in_flight,
        balanced=in_flight == 0,
        sent=sent,
        retries=retries,
        retried=dict(retried),
        acked_after_retry=after_retry,
        amplification=amplification(sent, resent + retries),
    )
