"""What the first screen of every report shows: the verdict, what broke, the figures that matter."""

from qosflood.plan.watching import WATCH
from qosflood.report.document import cells
from qosflood.report.document.backlog import left_waiting
from qosflood.report.document.schema import Document, Phase
from qosflood.report.document.search_words import Fact, search_facts

TONES = {
    "PASS": "good",
    "FAIL": "bad",
    "INVALID": "warn",
    "ABORTED": "bad",
    "INTERRUPTED": "warn",
}


def headline_parts(document: Document) -> tuple[str, str]:
    """The load in absolute figures, and what was found; the whole headline where it has no two
    parts."""
    lead, _, rest = document.headline.partition(f": {document.verdict} - ")
    return lead, rest


def found_lines(document: Document) -> list[str]:
    """The reasons of the verdict, without what was not judged."""
    _, rest = headline_parts(document)
    return list(document.reasons) or [
        line for line in [rest.partition("; not judged: ")[0]] if line
    ]


def facts(document: Document) -> tuple[Fact, ...]:
    """The answer of a search, the flood, or the watch, at a glance."""
    if document.capacity is not None:
        return tuple(search_facts(document.capacity))
    flood = document.phase("flood")
    if flood is not None:
        return _of_flood(document, flood)
    watch = document.phase(WATCH)
    return () if watch is None else _of_watch(document, watch)


def _of_flood(document: Document, flood: Phase) -> tuple[Fact, ...]:
    response = flood.latency_ms.response
    few = response.p99 is None and response.max is not None
    left = left_waiting(flood)
    return (
        *([] if left else [("clients", cells.count(flood.clients), "", "")]),
        ("offered", cells.count(flood.rate.offered), "/s", "offered"),
        ("answered", cells.count(flood.rate.answered), "/s", ""),
        *([("waiting at end", cells.count(flood.waiting), "", "")] * left),
        ("errors", cells.ratio(cells.error_ratio(flood)), "", "errors"),
        ("response max", cells.ms(response.max), "", "response")
        if few
        else ("response p99", cells.ms(response.p99), "", "response"),
        ("scrapes ok", cells.scrapes_ok(flood.scrapes), "", "scrape"),
        ("memory max", cells.size(document.memory.max_bytes), "", "memory"),
    )


def _of_watch(document: Document, watch: Phase) -> tuple[Fact, ...]:
    return (
        ("watched", cells.seconds(round(watch.seconds)), "", ""),
        ("scrapes ok", cells.scrapes_ok(watch.scrapes), "", "scrape"),
        ("slowest scrape", cells.ms(watch.scrapes.duration_ms.max), "", "scrape.p99"),
        ("restarts", cells.count(document.restarts), "", "restarts"),
        ("memory max", cells.size(document.memory.max_bytes), "", "memory"),
    )


def broken(document: Document, metric: str) -> list[str]:
    """The limits on this metric, or one below it, that were broken."""
    return [
        limit.expr
        for limit in document.limits
        if metric
        and limit.ok is False
        and (limit.metric == metric or limit.metric.startswith(f"{metric}."))
    ]
