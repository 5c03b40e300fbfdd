"""What limited the flood of one run, from all that its journal holds: the end of the target's
process, causes that samples show, stalls, and what the generator's lateness explains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qosflood.analysis import missing
from qosflood.analysis.accumulate import Accumulator
from qosflood.analysis.clock import RunClock
from qosflood.analysis.findings import GeneratorFinding, PhaseFigures
from qosflood.analysis.findings_of_target import Cause, Crash
from qosflood.analysis.findings_series import Second
from qosflood.analysis.gaps import Gaps
from qosflood.analysis.limited_by.attribution import Attribution, attribute
from qosflood.analysis.limited_by.causes import Seen, causes
from qosflood.analysis.limited_by.crashes import crash_finding, touches
from qosflood.analysis.limited_by.signs import Clues
from qosflood.analysis.limited_by.stalls import in_flood, stalls
from qosflood.journal.records import Latency
from qosflood.plan.plan import Plan


@dataclass(frozen=True, slots=True)
class Attributed:
    """What limited the flood; the end of the target's process wherever it came under load; and what
    the samples show of causes."""

    limited: Attribution
    crash: Crash | None
    causes: tuple[Cause, ...]


def attributed(
    plan: Plan,
    clock: RunClock,
    accumulated: Accumulator,
    generator: GeneratorFinding,
    phases: Mapping[str, PhaseFigures],
    latencies: dict[str, Latency | None],
    seconds: Sequence[Second],
    gaps: Gaps,
) -> Attributed:
    """`phases` by their names; `latencies` are the flood's histograms by series, `seconds` those of
    the whole run. What cannot be built is a gap."""
    baseline, flood = phases.get("baseline"), phases[plan.main_phase.name]
    crash = gaps.instead(
        "crash", lambda: crash_finding(plan, clock, accumulated.events), lambda: None
    )
    in_main = [second for second in seconds if second.phase == flood.name]
    seen = Seen(plan, clock, baseline, flood, in_main, accumulated.scrapes, accumulated.measured)
    found = gaps.instead("causes", lambda: causes(seen), lambda: ())
    limited = gaps.instead(
        "what limited the run",
        lambda: attribute(
            plan,
            generator,
            baseline,
            flood,
            Clues(
                stalls=in_flood(flood, tuple(stalls(seconds))),
                seconds=in_main,
                causes=found,
                weighed=accumulated.weigher.weighed(latencies),
                crash=crash if crash is not None and touches(crash, flood) else None,
            ),
        ),
        lambda: missing.NO_ATTRIBUTION,
    )
    return Attributed(limited, crash, found)
