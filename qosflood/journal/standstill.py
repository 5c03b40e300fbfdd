"""How long a counter on a page stands still while reports come in, and since when. Pure.

A page may be rendered on a timer, and a counter added up in batches: what it shows after the load
is final once it has stood still for much longer than it ever did before a step, and something shows
that the page itself does not stand still.
"""

from collections.abc import Sequence
from itertools import pairwise

from qosflood.journal.loss_records import AuditSample

_WHOLE = 2
"""From so many steps under load on there is one whose beginning was seen."""


def settled_after_ns(readings: Sequence[AuditSample], start_t: int, end_t: int) -> int:
    """For how long an instance's counter has to stand still after a load between two times until
    what it shows is final: the slowest step that was seen, and the time between two readings, by
    which each of them was seen late. Of a first step the beginning is not known: it counts twice.
    """
    inside = _inside(readings, start_t, end_t)
    gap = max((after.t - before.t for before, after in pairwise(inside)), default=0)
    whole = _steps(inside) >= _WHOLE
    return (1 if whole else 2) * slowest_step_ns(readings, start_t, end_t) + gap


def page_goes_on(readings: Sequence[AuditSample], start_t: int, end_t: int) -> bool:
    """Whether an instance's page is known to be rendered anew while it shows the last value: it
    changed since, or often enough under load."""
    since = still_since(readings)
    if since is None:
        return False
    if len({one.page for one in readings if one.t >= since.t and one.page is not None}) > 1:
        return True
    return _steps(_inside(readings, start_t, end_t)) >= _WHOLE


def _inside(readings: Sequence[AuditSample], start_t: int, end_t: int) -> list[AuditSample]:
    return [one for one in readings if one.value is not None and start_t <= one.t < end_t]


def _steps(inside: Sequence[AuditSample]) -> int:
    return sum(after.value != before.value for before, after in pairwise(inside))


def slowest_step_ns(readings: Sequence[AuditSample], start_t: int, end_t: int) -> int:
    """The longest time from the first reading of a value to the first of the next, among an
    instance's readings between two times; 0 if no step was seen. Steps that follow each other
    faster than the readings count as long as the time between two of these."""
    inside = _inside(readings, start_t, end_t)
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
