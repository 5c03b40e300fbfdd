"""How a load compares with the peak, in the same words wherever a run is named."""

from qosflood.base.units import SECOND, counted, format_count, format_duration
from qosflood.plan.plan import Load, Phase, Plan


def against_peak(load: Load) -> str:
    """`10x of a peak of 100 reports/s, 500 clients`."""
    return (
        f"{load.multiple:.4g}x of a peak of {format_count(load.base_rate)} reports/s, "
        f"{counted(load.base_clients, 'client')}"
    )


def load_line(load: Load, compared: str = "") -> str:
    """`5,000 clients, 1,000 reports/s (…), a report every 5s`."""
    return (
        f"{counted(load.clients, 'client')}, {format_count(load.rate)} reports/s"
        f"{f' ({compared})' * bool(compared)}, a report every {format_duration(load.cadence_ns)}"
    )


def rate_at(phase: Phase, load_ns: int) -> float:
    """Reports per second that the plan asks for in a phase, `load_ns` after the load's start."""
    done = min(1.0, max(0.0, (load_ns - phase.start_ns) / phase.duration_ns))
    clients = phase.clients_from + (phase.clients_to - phase.clients_from) * done
    first, last = SECOND / phase.cadence_from_ns, SECOND / phase.cadence_to_ns
    return clients * (first + (last - first) * done)


def multiple_at(plan: Plan, load_ns: int) -> str:
    """The load at a moment as a multiple of 1x: `6.2x`."""
    phase = next((one for one in plan.phases if load_ns < one.end_ns), plan.phases[-1])
    multiple = rate_at(phase, load_ns) / plan.load.base_rate
    return f"{multiple:.2g}x" if multiple < 100 else f"{format_count(multiple)}x"
