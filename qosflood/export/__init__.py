"""A run's journal as tables for other tools: one tidy CSV file a kind of series.

Streaming: a run of a day needs no more memory than one of a minute.
"""

from qosflood.export.tables import TABLES
from qosflood.export.write import Written, export, targets

__all__ = ("TABLES", "Written", "export", "targets")
