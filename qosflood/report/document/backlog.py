"""What the flood left to be answered after it, where that is worth saying. Pure."""

from qosflood.base.units import counted, format_count
from qosflood.report.document.schema import Document, Phase


def left_waiting(phase: Phase) -> bool:
    """Whether at the phase's end more reports were waiting than came due in a second."""
    return (phase.waiting or 0) > max(phase.rate.planned, 1.0)


def backlog_line(document: Document) -> str:
    """What of the flood was answered only after it, in one line; empty where that is little."""
    flood = document.phase("flood")
    if flood is None or not left_waiting(flood):
        return ""
    waiting, later = flood.waiting or 0, flood.answered_later or 0
    after = "all" if later == waiting else format_count(later) if later else "none"
    return (
        f"{counted(waiting, 'report')} of the flood {'was' if waiting == 1 else 'were'} waiting at "
        f"its end; {after} of them {'was' if later == 1 else 'were'} answered after it"
    )
