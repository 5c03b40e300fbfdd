"""junit.xml: the verdict as a CI server's test results, one test case a limit.

A broken limit is a failure, one that was not judged is skipped. What makes a run invalid or ends
it early is the error of a case of its own, `the run is valid`: so the suite is green where the exit
code is 0, and only there. Attributes and their forms are those that Jenkins and Ant agree upon.
"""

from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from qosflood.analysis.verdict.capacity import need_words, span
from qosflood.base.errors import ExitCode
from qosflood.base.text import printable, printable_block
from qosflood.base.units import SECOND, counted, format_duration
from qosflood.plan.watching import WATCH
from qosflood.report.document import cells
from qosflood.report.document.schema import Document, JudgedLimit
from qosflood.report.document.schema_capacity import Capacity
from qosflood.report.document.search_words import gives_lines, sure_lines, where_words

RUN_CASE = "the run is valid"
CONFIRMED_CASE = "a longer flood confirms the answer"
BACK_CASE = "the target comes back between trials"


def render(document: Document) -> str:
    """The whole junit.xml. Control characters, which XML 1.0 cannot hold, are shown as U+FFFD."""
    suite = Element("testsuite", {"name": _shown(f"qosflood {document.run.profile}")})
    _add_properties(suite, document)
    if document.capacity is None:
        for limit in document.limits:
            _add_limit(suite, document, limit)
    else:
        _add_search(suite, document, document.capacity)
    _add_run(suite, document)
    SubElement(suite, "system-out").text = printable_block("\n".join(_words(document)))
    counts = {name: len(suite.findall(f".//{tag}")) for name, tag in _COUNTED.items()}
    seconds = _seconds(document)
    for name, value in counts.items():
        suite.set(name, str(value))
    suite.set("time", f"{seconds:.3f}")
    suite.set("timestamp", document.run.started_utc.partition(".")[0])
    suite.set("hostname", _shown(document.run.host.get("name", "")))
    root = Element("testsuites")
    root.append(suite)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


_COUNTED = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}


def _add_properties(suite: Element, document: Document) -> None:
    properties = SubElement(suite, "properties")
    for name, value in _properties(document).items():
        SubElement(properties, "property", {"name": name, "value": _shown(value)})


def _properties(document: Document) -> Mapping[str, str]:
    run, plan = document.run, document.plan
    about = {
        "run_id": run.id,
        "verdict": document.verdict,
        "exit_code": str(document.exit_code),
        "headline": document.headline,
        "profile": run.profile,
        "target": plan["target"]["url"],
        "started_utc": run.started_utc,
        "qosflood_version": run.version,
    }
    if document.capacity is not None:
        capacity = document.capacity
        return about | {
            "clients": span(capacity.clients),
            "reports_per_s": span(capacity.reports_per_s),
            "multiple": span(capacity.multiple, "x"),
        }
    name = "flood" if cells.floods(document) else WATCH
    main = next(phase for phase in plan["phases"] if phase["name"] == name)
    about["duration"] = format_duration(main["duration_ns"])
    if cells.floods(document):
        load = plan["load"]
        about["clients"] = str(load["clients"])
        about["rate"] = f"{load['clients'] * SECOND / load['cadence_ns']:.6g}/s"
        about["limited_by"] = document.limited_by
    return about


def _add_limit(suite: Element, document: Document, limit: JudgedLimit) -> None:
    case = _case(suite, document, limit.expr)
    value = cells.limit_value(limit.value, limit.unit, limit.op, limit.threshold)
    if limit.ok is False:
        lines = (
            f"found: {value}",
            f"limit: {limit.expr} ({limit.named_by})",
            f"scope: {limit.scope}",
            f"observations: {limit.n}",
            *([f"reason: {limit.reason}"] if limit.reason else []),
        )
        _add(case, "failure", f"found {value}, expected {limit.expr}", "broken", "\n".join(lines))
    elif limit.ok is None:
        _add(case, "skipped", f"not judged: {limit.reason or 'no observations'}")


def _add_search(suite: Element, document: Document, capacity: Capacity) -> None:
    """A case for the need, one for each of the checks, and one a limit, which may give: that is
    what a search looks for."""
    if (need := capacity.need) is not None:
        case = _case(suite, document, f"carries {counted(need.clients, 'client')}")
        if need.met is False:
            _add(case, "failure", need_words(need), "missed", "\n".join(document.reasons))
        elif need.met is None:
            _add(case, "skipped", f"not known: {need_words(need)}")
    back = _case(suite, document, BACK_CASE)
    if capacity.reason == "not_recovered":
        _add(back, "failure", document.reasons[0], "not recovered")
    confirmed = _case(suite, document, CONFIRMED_CASE)
    if capacity.confirmed is False:
        _add(confirmed, "failure", document.reasons[0], "broken", ", ".join(_broke(capacity)))
    elif capacity.confirmed is None:
        _add(confirmed, "skipped", "no such flood was made, or it was void")
    for limit in document.limits:
        _add_where(_case(suite, document, limit.expr), limit.expr, capacity)


def _broke(capacity: Capacity) -> Iterator[str]:
    """The limits that broke in the flood that was to confirm the answer."""
    for trial in capacity.trials:
        if trial.purpose == "confirm":
            yield from trial.broken


def _add_where(case: Element, expr: str, capacity: Capacity) -> None:
    gives = next((one for one in capacity.limits if one.limit == expr), None)
    if gives is not None:
        SubElement(case, "system-out").text = _shown(where_words(gives))


def _seconds(document: Document) -> float:
    """How long was flooded, or watched; in a search, all trials together."""
    if document.capacity is not None:
        return sum(trial.seconds for trial in document.capacity.trials)
    return sum(phase.seconds for phase in document.phases)


def _add_run(suite: Element, document: Document) -> None:
    """What makes the exit code other than 0, except a broken limit."""
    case = _case(suite, document, RUN_CASE)
    if document.exit_code not in (ExitCode.PASS, ExitCode.FAIL):
        reasons = document.reasons or [document.headline]
        _add(case, "error", reasons[0], document.verdict, "\n".join(reasons))


def _case(suite: Element, document: Document, name: str) -> Element:
    about = {
        "name": _shown(name),
        "classname": _shown(f"qosflood.{document.run.profile}"),
        "time": "0.000",
    }
    return SubElement(suite, "testcase", about)


def _add(case: Element, tag: str, message: str, kind: str = "", text: str = "") -> None:
    about = {"message": _shown(message)} | ({"type": kind} if kind else {})
    SubElement(case, tag, about).text = printable_block(text) or None


def _words(document: Document) -> Iterator[str]:
    yield document.headline
    yield from (f"next: {step}" for step in document.next_steps)
    if document.capacity is not None:
        yield from (*gives_lines(document.capacity), *sure_lines(document.capacity))
        return
    yield f"memory: {cells.memory_line(document)}"
    yield f"scrapes: {cells.scrape_line(document)}"
    yield f"first failure: {cells.first_failure_line(document)}"


def _shown(text: object) -> str:
    return printable(text, 1000)
