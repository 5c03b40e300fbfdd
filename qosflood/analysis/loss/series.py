"""A counter or gauge of the target over a run: before the load, after it, and whether what was read
after it is final."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from qosflood.base.units import MS, SECOND, format_count, format_duration
from qosflood.journal.loss_records import AuditSample
from qosflood.journal.standstill import (
    page_goes_on,
    settled_after_ns,
    slowest_step_ns,
    still_since,
)

_APART_NS = 50 * MS
_LEAST_STILL_NS = SECOND // 2
"""What was read twice within less than this says nothing of standing still."""


@dataclass(frozen=True, slots=True)
class Span:
    """A metric before the load and after it, over all instances; `most` is the highest value
    read after it."""

    before: float
    after: float
    most: float

    @property
    def grown(self) -> int:
        """By how much it grew."""
        return round(self.after - self.before)


@dataclass(frozen=True, slots=True)
class Series:
    """The readings of one run in their order, and when the load began and ended in it."""

    samples: Sequence[AuditSample]
    t0: int
    finished_t: int

    def instances(self) -> Iterator[tuple[str, "Series"]]:
        """Each instance's own readings."""
        for name in dict.fromkeys(one.instance for one in self.samples):
            mine = [one for one in self.samples if one.instance == name]
            yield name, Series(sorted(mine, key=lambda one: one.t), self.t0, self.finished_t)

    @property
    def read(self) -> list[AuditSample]:
        """The readings that have a value."""
        return [one for one in self.samples if one.value is not None]

    @property
    def after(self) -> list[AuditSample]:
        """Those of them that were taken after the load."""
        return [one for one in self.read if one.t >= self.finished_t > 0]

    @property
    def fell_from(self) -> float | None:
        """What it showed before a reading that shows less, None if none does. Of two readings made
        at one time either may be the later one."""
        earlier = iter(sorted(self.read, key=lambda one: one.done_t))
        done, highest = next(earlier, None), 0.0
        for one in self.read:
            while done is not None and done.done_t + _APART_NS <= one.t:
                highest, done = max(highest, done.value or 0.0), next(earlier, None)
            if one.value is not None and one.value < highest:
                return highest
        return None

    def since_words(self, t: int) -> str:
        """A moment of the run, in words."""
        return f"+{format_duration(max(round(t - self.t0, -8), 0))}"


def span_of(series: Series, *, falls: bool) -> Span | str:
    """The sum over instances before and after the load, or why there is none. Unless it `falls`,
    one that fell was reset."""
    if not series.samples:
        return "was never read"
    spans, parts = [], list(series.instances())
    for name, mine in parts:
        span = _instance_span(mine, falls=falls)
        if isinstance(span, str):
            return span if len(parts) == 1 else f"{name}: {span}"
        spans.append(span)
    return Span(
        sum(span.before for span in spans),
        sum(span.after for span in spans),
        sum(span.most for span in spans),
    )


def _instance_span(series: Series, *, falls: bool) -> Span | str:
    before = [one for one in series.samples if one.done_t <= series.t0]
    after = [one for one in series.samples if one.t >= series.finished_t > 0]
    for when, ones in (("before the load", before), ("after the load", after)):
        if not any(one.value is not None for one in ones):
            why = next((f": {one.reason}" for one in ones if one.reason), "")
            return f"was not read {when}{why}"
    first = [one.value for one in before if one.value is not None][-1]
    values = [one.value for one in after if one.value is not None]
    if not falls and (high := series.fell_from) is not None:
        return f"fell from {format_count(high)}: a restart, or several processes"
    return Span(first, values[-1], max(values))


def counter_doubt(series: Series) -> str:
    """Why too low a counter may not be final yet; empty if it is."""
    return _first_doubt(series, _counter_doubt)


def gauge_doubt(series: Series) -> str:
    """Why too low a gauge may be an old one; empty if the page that shows it is alive."""
    return _first_doubt(series, _gauge_doubt)


def stopped_early(series: Series) -> str:
    """Since when a counter has stood still, where that was before the load was over and for longer
    than it ever had; empty if it went on to the end."""
    return _first_doubt(series, _stopped_early)


def _first_doubt(series: Series, doubt: Callable[[Series], str]) -> str:
    parts = list(series.instances())
    for name, mine in parts:
        if why := doubt(mine):
            return why if len(parts) == 1 else f"{name}: {why}"
    return ""


def _counter_doubt(series: Series) -> str:
    after, since = series.after, still_since(series.samples)
    if since is None or len(after) < 2:
        return "it was read only once after the load"
    if stopped := _stopped_early(series):
        return "" if _page_goes_on(after) else f"the page stands still: {stopped}"
    still_ns = after[-1].t - since.t
    needed_ns = settled_after_ns(series.samples, series.t0, series.finished_t)
    if still_ns >= max(needed_ns, _LEAST_STILL_NS):
        if page_goes_on(series.samples, series.t0, series.finished_t):
            return ""
        return f"the page stands still: it was the same {len(after)} times after the load"
    usual_ns = slowest_step_ns(series.samples, series.t0, series.finished_t)
    still, usual = (format_duration(max(round(ns, -8), 0)) for ns in (still_ns, usual_ns))
    while_loaded = f", and for up to {usual} under load" if usual_ns else ""
    return f"it may still be behind: it had stood still for {still} when last read{while_loaded}"


def _stopped_early(series: Series) -> str:
    since = still_since(series.samples)
    if since is None or since.value is None:
        return ""
    usual_ns = slowest_step_ns(series.samples, series.t0, series.finished_t)
    if series.finished_t - max(since.t, series.t0) <= max(usual_ns, _LEAST_STILL_NS):
        return ""
    return f"it shows {format_count(since.value)} since {series.since_words(since.t)}"


def _gauge_doubt(series: Series) -> str:
    after = series.after
    if len(after) < 2:
        return "it was read only once after the load"
    if len({one.value for one in after[1:]}) > 1:
        return "its readings after the load differ: it still changes, or several processes answer"
    if _page_goes_on(after):
        return ""
    return f"the page stands still: it was the same {len(after)} times after the load"


def _page_goes_on(after: Sequence[AuditSample]) -> bool:
    """Whether the page changed between readings."""
    return len({one.page for one in after if one.page is not None}) > 1
