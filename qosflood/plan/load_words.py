"""How a load compares with the peak, in the same words wherever a run is named."""

from qosflood.base.units import counted, format_count, format_duration
from qosflood.plan.plan import Load


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
