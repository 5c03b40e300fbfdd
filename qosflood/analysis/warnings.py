"""What a reader must know before trusting the figures; each warning holds its evidence."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from qosflood.analysis.findings import PhaseFigures
from qosflood.analysis.generator.generator import GeneratorTally
from qosflood.base.units import SECOND, format_count, format_duration
from qosflood.journal.clock_jumps import ClockJump
from qosflood.journal.records import Event, ScrapeSample
from qosflood.plan.plan import Plan

_MOST_OF_A_KIND = 10
_WORTH_A_WARNING = (
    *("several_processes", "monitor_error", "memory_unread", "memory_stale"),
    *("clock_jump", "clocks_trusted", "versions_differ"),
)


def warnings_of(
    plan: Plan,
    tally: GeneratorTally,
    phases: Iterable[PhaseFigures],
    events: Iterable[Event],
    scrapes: Sequence[ScrapeSample],
    jumps: Sequence[ClockJump],
) -> tuple[str, ...]:
    """All warnings, each once."""
    found = (
        *_shared_host(plan, tally),
        *_of_jumps(jumps),
        *_of_events(events),
        *_of_scrapes(scrapes),
        *_overflows(phases),
    )
    return tuple(dict.fromkeys(found))


def _shared_host(plan: Plan, tally: GeneratorTally) -> Iterator[str]:
    if not plan.target.loopback or not plan.floods:
        return
    waited = ""
    if tally.flood_seconds:
        each = tally.run_queue_ns / (tally.flood_seconds * SECOND)
        wait = format_duration(each * SECOND)
        waited = f"; in the flood the generator waited {wait} a second for a CPU"
    yield f"shared_host: generator and target share this machine{waited}"


def _of_events(events: Iterable[Event]) -> Iterator[str]:
    of_kind: dict[str, list[str]] = {}
    for event in events:
        if event.kind in _WORTH_A_WARNING:
            of_kind.setdefault(event.kind, []).append(event.what)
    for kind, texts in of_kind.items():
        times = f" ({len(texts)} times)" if len(texts) > 1 else ""
        yield f"{kind}: {texts[0]}{times}"


def _of_jumps(jumps: Sequence[ClockJump]) -> Iterator[str]:
    if not jumps:
        return
    by_ns, times = jumps[0].by_ns, f" ({len(jumps)} times)" if len(jumps) > 1 else ""
    way = "forward" if by_ns > 0 else "back"
    yield (
        f"clock_jump: UTC jumped {way} {format_duration(abs(by_ns))}, "
        f"about {format_duration(round(jumps[0].t, -9))} into the run{times}: the clock was set, "
        "or the machine slept; UTC times in this report count from the run's start"
    )


def _of_scrapes(scrapes: Sequence[ScrapeSample]) -> Iterator[str]:
    counts = Counter(warning for sample in scrapes for warning in sample.warnings)
    for warning, count in counts.most_common(_MOST_OF_A_KIND):
        share = f"{format_count(count)} of {format_count(len(scrapes))} scrapes"
        yield f"scrape: {warning} (in {share})"


def _overflows(phases: Iterable[PhaseFigures]) -> Iterator[str]:
    for phase in phases:
        if phase.response.overflow:
            yield (
                f"{format_count(phase.response.overflow)} response times in {phase.name} were over "
                "1h and count as 1h"
            )
