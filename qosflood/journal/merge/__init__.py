"""Joins the parts of a run that several commands played: `qosflood merge`."""

from qosflood.journal.merge.parts import PartRun, missing
from qosflood.journal.merge.write import merge, open_parts

__all__ = ["PartRun", "merge", "missing", "open_parts"]
