"""Records to findings: pure, from the journal alone."""

from qosflood.analysis.whole import analyse

__all__ = ["analyse"]
