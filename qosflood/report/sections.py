"""The parts of the HTML report, each from the Document."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qosflood.plan_watch import WATCH
from qosflood.report import cells
from qosflood.report.beside import otel_line, prometheus_line
from qosflood.report.markup import (
    Content,
    Markup,
    block,
    definitions,
    element,
    items,
    join,
    section,
    table,
)
from qosflood.report.schema import Document, TimelineEntry
from qosflood.text import printable

_TONES = {
    "PASS": "good",
    "FAIL": "bad",
    "INVALID": "warn",
    "ABORTED": "bad",
    "INTERRUPTED": "warn",
}
_STATE_TONES = {"ok": "good", "broken": "bad", "not judged": "warn"}
_MOST_EVENTS = 200
_MOST_SAMPLES = 120


def banner(document: Document) -> Markup:
    """The verdict, large, with its headline and reasons."""
    run = document.run
    ended = "" if run.ended == "completed" else f" · ended: {run.ended} {run.ended_detail}"
    about = (
        f"{run.started_utc} · run {run.id} · profile {run.profile} · qosflood {run.version}"
        f" · exit code {document.exit_code}{ended}"
    )
    return element(
        "header",
        element("div", document.verdict, cls="word"),
        element("h1", document.headline),
        items(document.reasons),
        element("p", about, cls="about"),
        cls=f"banner {_TONES[document.verdict]}",
    )


def tiles(document: Document) -> Markup:
    """The flood at a glance."""
    flood = document.phase("flood")
    if flood is None:
        return _watch_tiles(document)
    facts = (
        ("clients", cells.count(flood.clients), ""),
        ("offered", cells.count(flood.rate.offered), "/s"),
        ("acked", cells.count(flood.rate.acked), "/s"),
        ("errors", cells.ratio(cells.error_ratio(flood)), ""),
        ("response p99", cells.ms(flood.latency_ms.response.p99), ""),
        ("scrapes ok", cells.scrapes_ok(flood.scrapes), ""),
        ("memory max", cells.size(document.memory.max_bytes), ""),
    )
    return element("dl", *(_tile(*fact) for fact in facts), cls="tiles")


def _watch_tiles(document: Document) -> Markup:
    watch = document.phase(WATCH)
    if watch is None:
        return Markup("")
    facts = (
        ("watched", cells.seconds(round(watch.seconds)), ""),
        ("scrapes ok", cells.scrapes_ok(watch.scrapes), ""),
        ("slowest scrape", cells.ms(watch.scrapes.duration_ms.max), ""),
        ("restarts", cells.count(document.restarts), ""),
        ("memory max", cells.size(document.memory.max_bytes), ""),
    )
    return element("dl", *(_tile(*fact) for fact in facts), cls="tiles")


def _tile(name: str, value: str, unit: str) -> Markup:
    shown = element("dd", value, _SPACE, element("small", unit)) if unit else element("dd", value)
    return element("div", element("dt", name), shown, cls="tile")


def answers(document: Document) -> Markup:
    """What was not judged, what limits the run, what broke first, what to do next."""
    pairs: list[tuple[str, Content]] = [
        ("Not judged", items(document.not_judged) if document.not_judged else "nothing was left"),
        *([("Limited by", _limited(document))] if cells.floods(document) else []),
        ("First failure", cells.first_failure_line(document)),
        *([("Recovery", cells.recovery_line(document))] if cells.floods(document) else []),
        ("Memory", cells.memory_line(document)),
        ("Scrapes", cells.scrape_line(document)),
        ("Prometheus", prometheus_line(document)),
        ("OpenTelemetry", otel_line(document)),
        *([("Lost reports", cells.loss_line(document))] if cells.floods(document) else []),
    ]
    if document.next_steps:
        pairs.append(("What to do next", items(document.next_steps, "ol")))
    return definitions(pairs)


def _limited(document: Document) -> Markup:
    """What limited the run, and everything that was looked at to say so."""
    said = element("p", cells.limited_line(document))
    evidence = document.limited_evidence
    return join((said, items([printable(line) for line in evidence]) if evidence else _NO))


def limits(document: Document) -> Markup:
    """Every limit with the value found."""
    rows = [
        (
            element("code", row.expr),
            element("span", row.state, cls=f"state {_STATE_TONES[row.state]}"),
            row.value,
            row.n,
            row.reason,
            row.named_by,
        )
        for row in cells.limit_rows(document)
    ]
    headers = ("limit", "state", "found", "observations", "reason", "named by")
    return section("Limits", table(headers, rows, ("", "", "number", "number"))) if rows else _NO


def phases(document: Document) -> Markup:
    """Every figure per phase, side by side."""
    names = [phase.name for phase in document.phases]
    classes = ["", *(("number flood" if name == "flood" else "number") for name in names)]
    rows = [(row.name, *row.cells) for row in cells.phase_rows(document)]
    return section("Phases side by side", table(("", *names), rows, classes)) if names else _NO


def timeline(document: Document) -> Markup:
    """What happened, when, and who did it."""
    entries = document.timeline
    if not entries:
        return _NO
    headers = ("when", "UTC", "who", "what", "evidence")
    shown = table(
        headers, [_event(entry) for entry in entries[:_MOST_EVENTS]], ("nowrap", "nowrap", "nowrap")
    )
    rest = len(entries) - _MOST_EVENTS
    more = element("p", f"{rest:,} more in report.json", cls="muted") if rest > 0 else _NO
    return section("Timeline", shown, more)


def _event(entry: TimelineEntry) -> tuple[Content, ...]:
    clock = entry.utc.partition("T")[2]
    return (cells.moment(entry.t_s), clock, entry.who, entry.what, cells.evidence_line(entry))


def books(document: Document) -> Markup:
    """Where every scheduled report went; nothing where none was."""
    if not cells.floods(document):
        return _NO
    totals = document.totals
    parts: list[Content] = [element("p", cells.books_line(document))]
    if cells.repeats(document):
        parts.append(element("p", cells.attempts_line(document)))
    elif totals.resent:
        parts.append(element("p", f"{totals.resent:,} were sent a second time", cls="muted"))
    for title, counts in (("HTTP status", totals.statuses), ("failure reason", totals.errors)):
        rows = [(name, cells.count(n)) for name, n in sorted(counts.items()) if n]
        if rows:
            parts.append(table((title, "reports"), rows, ("", "number")))
    parts.append(element("p", f"Generator: {cells.generator_line(document)}"))
    problems = document.generator.problems
    return section("Books", *parts, items(problems) if problems else _NO)


def failures(samples: Sequence[Mapping[str, Any]]) -> Markup:
    """Samples of failed reports in full."""
    if not samples:
        return _NO
    shown = join(_failure(sample) for sample in samples[:_MOST_SAMPLES])
    note = f"{min(len(samples), _MOST_SAMPLES):,} of {len(samples):,} samples; all are in"
    caption = element("p", note, _SPACE, element("code", "failures.jsonl"), cls="caption")
    return section("Failure samples", caption, shown)


def _failure(sample: Mapping[str, Any]) -> Markup:
    due, done = _at(sample, "due_t"), _at(sample, "done_t")
    took = "" if due is None or done is None else f" after {cells.ms((done - due) / 1e6)}"
    title = f"{sample.get('kind')}: client {sample.get('client')} in {sample.get('phase')}{took}"
    rows = [
        (name, str(sample[key]))
        for name, key in _SAMPLE_FIELDS
        if sample.get(key) not in (None, "")
    ]
    text = "\n".join(str(sample[key]) for key in ("head", "body") if sample.get(key))
    return element(
        "details",
        element("summary", title),
        definitions(rows),
        block(text) if text else _NO,
    )


_SAMPLE_FIELDS = (
    ("UTC", "utc"),
    ("outcome", "outcome"),
    ("status", "status"),
    ("error", "error"),
    ("session", "session"),
    ("from", "local"),
    ("to", "remote"),
)


def _at(sample: Mapping[str, Any], key: str) -> int | None:
    value = sample.get(key)
    return value if isinstance(value, int) else None


def plan(document: Document) -> Markup:
    """Every value of the plan with where it came from."""
    sources = document.plan.get("sources", {})
    values = {name: part for name, part in document.plan.items() if name != "sources"}
    rows = [(name, value, str(sources.get(name, ""))) for name, value in _flat(values)]
    shown = table(("value", "", "from"), rows)
    return section("Plan", element("details", element("summary", "every value"), shown))


def environment(document: Document) -> Markup:
    """The machine and versions, and what was odd."""
    rows = [*_flat(document.run.versions), *_flat(document.run.host)]
    host = element("details", element("summary", "versions and machine"), table(("", ""), rows))
    return section("Environment", host if rows else _NO)


def warnings(document: Document) -> Markup:
    """What the reader should keep in mind."""
    return section("Warnings", items(document.warnings)) if document.warnings else _NO


def instances(document: Document) -> Markup:
    """Each replica of the target, where there is more than one."""
    if len(document.instances) < 2:
        return _NO
    rows = [
        (
            one.name,
            one.scrape_url,
            one.memory_source or cells.NONE,
            cells.size(one.rss_max),
            cells.count(one.restarts),
            cells.scrapes_ok(one.scrapes),
        )
        for one in document.instances
    ]
    headers = ("instance", "metrics page", "memory from", "memory max", "restarts", "scrapes ok")
    classes = ("", "", "", "number", "number", "number")
    words = cells.failing_words(document)
    shown = table(headers, rows, classes)
    return section("Instances", shown, items([printable(line) for line in words]) if words else _NO)


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    nested: Iterator[tuple[Any, Any]] | None = None
    if isinstance(value, Mapping):
        nested = iter(value.items())
    elif isinstance(value, list | tuple) and any(isinstance(v, Mapping | list) for v in value):
        nested = ((index, item) for index, item in enumerate(value))
    if nested is None:
        yield path, ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        return
    for name, item in nested:
        yield from _flat(item, f"{path}.{name}" if path else str(name))


_NO = Markup("")
_SPACE = Markup(" ")
