"""A run's journal as tables for other tools: one tidy CSV file a kind of series.

Streaming: a run of a day needs no more memory than one of a minute.
"""

from qosflood.report.csv.tables import TABLES
from qosflood.report.csv.write import Written, export, targets

__all__ = ("TABLES", "Written", "export", "targets")
