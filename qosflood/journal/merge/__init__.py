"""The parts of a run, played by several commands, made one run. `qosflood merge` is this."""

from qosflood.journal.merge.parts import PartRun, missing
from qosflood.journal.merge.write import merge, open_parts

__all__ = ["PartRun", "merge", "missing", "open_parts"]
