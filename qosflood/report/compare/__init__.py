"""Two sets of runs side by side, from report.json alone: pure, chance by an explicit seed; only
page.py reads files, the page's own styles and scripts."""

from qosflood.report.compare.comparison import compare

__all__ = ["compare"]
