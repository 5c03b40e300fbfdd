"""How a load compares with the peak, in the same words wherever a run is named."""

from qosflood.base.units import counted, format_count, format_duration
from qosflood.plan.plan import Load


def times_peak(load: Load) -> str:
    """`10x the peak`."""
    return f"{load.multiple:.4g}x the peak"


def against_peak(load: Load) -> str:
    """`10x the peak of 100/s`."""
    return f"{times_peak(load)} of {format_count(load.base_rate)}/s"


def load_line(load: Load, compared: str) -> str:
    """`5,000 clients, 1,000 reports/s (…), a report every 5s`."""
    return (
        f"{counted(load.clients, 'client')}, {format_count(load.rate)} reports/s ({compared}), "
        f"a report every {format_duration(load.cadence_ns)}"
    )
