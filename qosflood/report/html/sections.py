"""The parts of the HTML report, each from the Document."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qosflood.base.text import printable
from qosflood.report.document import cells
from qosflood.report.document.schema import Document
from qosflood.report.document.sections import section_lines
from qosflood.report.html.markup import (
    Content,
    Markup,
    block,
    definitions,
    element,
    folded,
    items,
    join,
    section,
    table,
)

_STATE_TONES = {"ok": "good", "broken": "bad", "not judged": "warn"}
_MOST_SAMPLES = 120
_FIRST_SAMPLES = 6


def found(document: Document) -> Markup:
    """What was found, each in one line."""
    pairs: list[tuple[str, Content]] = [
        ("First failure", cells.first_failure_line(document)),
        *([("Recovery", cells.recovery_line(document))] if cells.floods(document) else []),
        ("Memory", cells.memory_line(document)),
        ("Scrapes", cells.scrape_line(document)),
        *section_lines(document),
        *([("Lost reports", cells.loss_line(document))] if cells.floods(document) else []),
    ]
    return section("Findings", definitions(pairs))


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
    classes = ("nowrap", "", "number", "number", "words")
    return section("Limits", table(headers, rows, classes)) if rows else _NO


def phases(document: Document) -> Markup:
    """Every figure per phase, side by side."""
    names = [phase.name for phase in document.phases]
    classes = ["", *(("number flood" if name == "flood" else "number") for name in names)]
    rows = [(row.name, *row.cells) for row in cells.phase_rows(document)]
    return section("Phases side by side", table(("", *names), rows, classes)) if names else _NO


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
    told = [_failure(sample) for sample in samples[:_MOST_SAMPLES]]
    rest = told[_FIRST_SAMPLES:]
    shown = join(told[:_FIRST_SAMPLES])
    more = folded(f"{len(rest)} more", *rest) if rest else _NO
    note = f"{min(len(samples), _MOST_SAMPLES):,} of {len(samples):,} samples; all are in"
    caption = element("p", note, _SPACE, element("code", "failures.jsonl"), cls="caption")
    return section("Failures in full", caption, shown, more)


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
    return folded(title, definitions(rows), block(text) if text else _NO)


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
    """Every value of the plan with where it came from, and the machine it ran on."""
    sources = document.plan.get("sources", {})
    values = {name: part for name, part in document.plan.items() if name != "sources"}
    rows = [(name, value, str(sources.get(name, ""))) for name, value in _flat(values)]
    machine = [*_flat(document.run.versions), *_flat(document.run.host)]
    return section(
        "Plan and environment",
        folded(f"every value of the plan ({len(rows)})", table(("key", "value", "from"), rows)),
        folded("versions and machine", table(("fact", "value"), machine)) if machine else _NO,
    )


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
