"""From a run directory to its report: read, analyse, judge, write. `qosflood report` is this."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import orjson

from qosflood.analysis import analyse
from qosflood.analysis.findings import Findings
from qosflood.analysis.verdict.verdict import judge
from qosflood.base.units import format_utc_ms
from qosflood.journal.records import End, FailureSample, JournalRecord
from qosflood.journal.run_directory import (
    Run,
    read_failures,
    read_records,
    read_run,
    remove_reserve,
    write_atomically,
)
from qosflood.report.document.document import build_document, to_json
from qosflood.report.document.schema import Document
from qosflood.report.formats import junit, markdown, summary_svg
from qosflood.report.formats.hlog import LogMaker
from qosflood.report.html import page

REPORT_JSON = "report.json"
REPORT_HTML = "report.html"
REPORT_MD = "report.md"
SUMMARY_SVG = "summary.svg"
JUNIT_XML = "junit.xml"
LATENCY_HLOG = "latency.hlog"


@dataclass(frozen=True, slots=True)
class BuildResult:
    """The report as a value, the files that were written, and a line for each that could not."""

    document: Document
    written: tuple[Path, ...]
    problems: tuple[str, ...]


def build(run_dir: Path, ended: End | None = None) -> BuildResult:
    """Analyse the run in `run_dir` and write its report; raises JournalError if it cannot be read.

    `ended` says how the run ended where the journal could not take its end record. A file that
    cannot be written is a problem reported, not an error: the others are still written.
    """
    run = read_run(run_dir)
    log = LogMaker()
    findings = analyse(run.plan, run.segment.wall_ns, log.passing(_records(run_dir, ended)))
    document = _document(run, findings)
    remove_reserve(run_dir)
    written: list[Path] = []
    problems: list[str] = []
    for name, make in _files(run_dir, run, findings, document, log).items():
        try:
            write_atomically(run_dir / name, make().encode())
            written.append(run_dir / name)
        except OSError as error:
            problems.append(f"{run_dir / name}: not written ({error.strerror})")
    return BuildResult(document, tuple(written), tuple(problems))


def _records(run_dir: Path, ended: End | None) -> Iterator[JournalRecord]:
    """The failures kept in full, for the moments they tell, and the journal to its end."""
    yield from _samples(run_dir)
    last_t = 0
    for record in read_records(run_dir):
        if isinstance(record, End):
            ended = None
        last_t = max(last_t, record.t)
        yield record
    if ended is not None:
        yield replace(ended, t=last_t)


def _samples(run_dir: Path) -> Iterator[FailureSample]:
    for sample in read_failures(run_dir):
        with suppress(msgspec.ValidationError):
            yield msgspec.convert(sample, FailureSample)


def _document(run: Run, findings: Findings) -> Document:
    return build_document(
        run.plan,
        findings,
        judge(run.plan, findings),
        started_wall_ns=run.segment.wall_ns,
        host=run.facts.get("host", {}),
        versions=run.facts.get("versions", {}),
    )


def _files(
    run_dir: Path, run: Run, findings: Findings, document: Document, log: LogMaker
) -> dict[str, Callable[[], str]]:
    start_ns = run.segment.wall_ns
    return {
        REPORT_JSON: lambda: json_text(document),
        REPORT_MD: lambda: markdown.render(document),
        SUMMARY_SVG: lambda: summary_svg.render(document, findings),
        JUNIT_XML: lambda: junit.render(document),
        LATENCY_HLOG: lambda: _text(log.lines(start_ns, format_utc_ms(start_ns))),
        REPORT_HTML: lambda: page.render(
            document, run.plan, findings, _failures(run_dir, start_ns)
        ),
    }


def json_text(document: Document) -> str:
    """report.json as it is written."""
    return orjson.dumps(to_json(document), option=orjson.OPT_INDENT_2).decode() + "\n"


def _failures(run_dir: Path, start_ns: int) -> list[dict[str, Any]]:
    return [
        sample | {"utc": format_utc_ms(start_ns + int(sample["t"]))}
        for sample in read_failures(run_dir)
        if isinstance(sample.get("t"), int)
    ]


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
