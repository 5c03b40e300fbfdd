"""Records to findings: pure, from the journal alone."""

from qosflood.analysis.analyse import analyse

__all__ = ["analyse"]
