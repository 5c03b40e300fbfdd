"""The trials of a search as a table: a row a load, the loads nearest to the answer. Pure."""

from collections import Counter

from qosflood.base.units import format_count
from qosflood.report.document import cells
from qosflood.report.document.schema_capacity import Capacity, TrialPart

MOST_ROWS = 9
HEAD = (
    "clients",
    "trials",
    "answered /s",
    "response p99",
    "errors",
    "scrape p99",
    "memory",
    "cores",
)
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
    return (
        format_count(shown.clients),
        _outcomes(trials),
        cells.count(shown.accepted_per_s),
        cells.ms(shown.response_p99_ms),
        cells.ratio(shown.errors),
        cells.ms(shown.scrape_p99_ms),
        cells.size(rss),
        "–" if shown.cores is None else f"{shown.cores:.2f}",
    )


def _outcomes(trials: list[TrialPart]) -> str:
    """`good`, or `2 good, 1 bad` where there were several."""
    counts = Counter(one.outcome for one in trials)
    if len(trials) == 1:
        return trials[0].outcome
    return ", ".join(f"{counts[name]} {name}" for name in ("good", "bad", "void") if counts[name])
