"""The trials of a search as a table: a row a load, the loads nearest to the answer. Pure."""

from collections import Counter

from qosflood.base.units import format_count
from qosflood.report.document import cells
from qosflood.report.document.schema_capacity import Capacity, TrialPart

MOST_ROWS = 6
HEAD = ("clients", "good", "bad", "void", "answered /s", "p99", "errors", "scrape p99", "memory")
Row = tuple[str, ...]


def trial_rows(capacity: Capacity, *, all_of_them: bool) -> list[Row]:
    """Cells under `HEAD`: what the last trial at each load measured that was not void."""
    loads = sorted({trial.clients for trial in capacity.trials})
    if not all_of_them and len(loads) > MOST_ROWS:
        middle = capacity.clients.mid or capacity.clients.low
        loads = sorted(sorted(loads, key=lambda load: abs(load - middle))[:MOST_ROWS])
    return [_row([one for one in capacity.trials if one.clients == load]) for load in loads]


def _row(trials: list[TrialPart]) -> Row:
    shown = next((one for one in reversed(trials) if one.outcome != "void"), trials[-1])
    rss = None if shown.rss_bytes is None else round(shown.rss_bytes)
    counts = Counter(one.outcome for one in trials)
    return (
        format_count(shown.clients),
        *(str(counts[name] or "") for name in ("good", "bad", "void")),
        cells.count(shown.accepted_per_s),
        cells.ms(shown.response_p99_ms),
        cells.ratio(shown.errors),
        cells.ms(shown.scrape_p99_ms),
        cells.size(rss),
    )
