"""What the page of a search for capacity has: its charts, its trials, and what gives."""

from collections.abc import Iterator

from qosflood.analysis.verdict.capacity import span
from qosflood.base.units import counted, format_count
from qosflood.journal.trial_records import Gives
from qosflood.report.document import cells
from qosflood.report.document.schema_capacity import Capacity, TrialPart
from qosflood.report.document.search_words import REASONS, where_words
from qosflood.report.html.section import Report, Values
from qosflood.report.html.sections import figures

_TONES = {"good": "good", "bad": "bad", "void": "warn"}
_TRIAL_HEADERS = (
    "trial",
    "clients",
    "outcome",
    "broke, or void through",
    "started",
    "answered /s",
    "response p50",
    "response p99",
    "errors",
    "scrape p99",
    "memory",
    "cores",
)
_TRIAL_CLASSES = (
    *("", "number", "", "words"),
    *("number aside", "number", "number aside", "number", "number", "number", "number", "number"),
)
_GIVES_HEADERS = ("limit", "where", "of the first")


def over_load(report: Report) -> Values | None:
    """What was measured over clients."""
    return {"charts": report.charts} if report.charts else None


def trials(report: Report) -> Values | None:
    """Every trial, in order."""
    capacity = report.document.capacity
    if capacity is None or not capacity.trials:
        return None
    rows = [_trial(number, one) for number, one in enumerate(capacity.trials, start=1)]
    return {"headers": _TRIAL_HEADERS, "classes": _TRIAL_CLASSES, "rows": rows, "tones": _TONES}


def _trial(number: int, trial: TrialPart) -> tuple[str, ...]:
    purpose = "" if trial.purpose in ("climb", "search") else f" ({trial.purpose})"
    return (
        f"{number}{purpose}",
        f"{format_count(trial.clients)}{' filled' if trial.state == 'filled' else ''}",
        trial.outcome,
        ", ".join(trial.broken) or trial.why,
        cells.moment(trial.started_s),
        cells.count(trial.accepted_per_s),
        cells.ms(trial.response_p50_ms),
        cells.ms(trial.response_p99_ms),
        cells.ratio(trial.errors),
        cells.ms(trial.scrape_p99_ms),
        cells.size(None if trial.rss_bytes is None else round(trial.rss_bytes)),
        cells.cores(trial.cores),
    )


def limits(report: Report) -> Values | None:
    """The limits as they were judged in the flood that is reported, and which one that was."""
    values, flood = figures.limits(report), report.document.phase("flood")
    if values is None or flood is None:
        return values
    clients = counted(flood.clients or 0, "client")
    return {**values, "about": f"In a flood of {clients} for {cells.seconds(flood.seconds)}."}


def gives(report: Report) -> Values | None:
    """Each limit with the load at which it gives, the first to give first."""
    capacity = report.document.capacity
    if capacity is None or not capacity.limits:
        return None
    rows = [(one.limit, where_words(one), _times(capacity, one)) for one in capacity.limits]
    return {"headers": _GIVES_HEADERS, "rows": rows, "classes": ("", "number", "number")}


def _times(capacity: Capacity, one: Gives) -> str:
    if one.times is None or one.high is None:
        return cells.NONE
    return "the first" if one == capacity.first else f"{one.times:.2g}x"


def states(report: Report) -> Values | None:
    """The searches side by side, where there were two."""
    capacity = report.document.capacity
    if capacity is None or capacity.filled is None:
        return None
    return {
        "headers": ("target", "carries, clients", "ended by"),
        "rows": [*_states(capacity)],
        "classes": ("", "number"),
    }


def _states(capacity: Capacity) -> Iterator[tuple[str, str, str]]:
    yield "fresh", span(capacity.fresh.clients), REASONS.get(capacity.fresh.reason, "")
    if capacity.filled is not None:
        held = f"holds {format_count(capacity.held)} sessions"
        yield held, span(capacity.filled.clients), REASONS.get(capacity.filled.reason, "")
