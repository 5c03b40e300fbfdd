"""How long a counter on a page stands still while reports come in, and since when. Pure.

A page may be rendered on a timer, and a counter added up in batches: what it shows after the load
is final once it has stood still for longer than it ever did before a step.
"""

from collections.abc import Sequence
from itertools import pairwise

from qosflood.journal.loss_records import AuditSample


def slowest_step_ns(readings: Sequence[AuditSample], start_t: int, end_t: int) -> int:
    """The longest time from the first reading of a value to the first of the next, among an
    instance's readings between two times; 0 if no step was seen. Steps that follow each other
    faster than the readings count as long as the time between two of these."""
    inside = [one for one in readings if one.value is not None and start_t <= one.t < end_t]
    longest, first = 0, inside[0] if inside else None
    for before, after in pairwise(inside):
        if first is not None and after.value != before.value:
            longest, first = max(longest, after.t - first.t), after
    return longest


def still_since(readings: Sequence[AuditSample]) -> AuditSample | None:
    """The first of an instance's readings from which on all show the last value; None if none
    shows a value."""
    first = None
    for one in readings:
        if one.value is not None and (first is None or one.value != first.value):
            first = one
    return first
