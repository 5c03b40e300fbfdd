"""What is known of reports that were acknowledged."""

from qosflood.analysis.findings import LossFinding, Totals

_UNCERTAIN = ("timeout", "connection_lost", "bad_response")


def loss_finding(totals: Totals) -> LossFinding:
    """Without a way to read reports back: how many there should be, and no verdict.

    Uncertain are those that may or may not have been taken, once or more than once: attempts that
    were never properly answered.
    """
    outcomes, retried = totals.outcomes, totals.retried
    unanswered = sum(outcomes.get(name, 0) + retried.get(name, 0) for name in _UNCERTAIN)
    return LossFinding(
        method="none",
        verdict="unmeasured",
        reason="nothing counts or reads back what the target kept",
        acked=outcomes.get("acked", 0),
        uncertain=unanswered + totals.resent,
    )
