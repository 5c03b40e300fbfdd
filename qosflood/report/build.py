"""From a run directory to its report: read, analyse, judge, write. `qosflood report` is this."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import orjson

from qosflood.analysis import analyse
from qosflood.analysis.findings import Findings
from qosflood.analysis.gaps import JOURNAL, Gap, Gaps, error_words
from qosflood.analysis.verdict.capacity import judge_search
from qosflood.analysis.verdict.verdict import Verdict, judge
from qosflood.base.units import format_utc_ms
from qosflood.journal.damage import MOST_T_NS
from qosflood.journal.records import End, FailureSample, JournalRecord
from qosflood.journal.run_directory import (
    LeftOut,
    Run,
    read_damaged_run,
    read_failures,
    read_records,
    read_run,
    remove_reserve,
    write_atomically,
)
from qosflood.report.capacity import SearchRecords, flood_of, search_records
from qosflood.report.document.document import build_document, to_json
from qosflood.report.document.schema import Document
from qosflood.report.document.schema_capacity import Capacity
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


def build(
    run_dir: Path, ended: End | None = None, *, salvage: bool = False, verdict_only: bool = False
) -> BuildResult:
    """Analyse the run in `run_dir` and write its report; raises JournalError if it cannot be read.

    `ended` says how the run ended where the journal could not take its end record. A file that
    cannot be made or written is a problem reported, not an error: the others are still written.
    With `salvage` damaged lines of the journal are left out, which is a gap of the report;
    with `verdict_only` report.json alone is written.
    """
    run = read_damaged_run(run_dir) if salvage else read_run(run_dir)
    log, gaps = LogMaker(), Gaps()
    left_out = LeftOut() if salvage else None
    searched = _searched(run, run_dir, ended, salvage=salvage)
    read = _records(run_dir, ended, left_out, gaps)
    if searched is not None and searched.shown is not None:
        alone, read = flood_of(run.plan, read, searched.shown, searched.end)
        # What is reported is one flood; what was asked of the search stays with it.
        run = replace(run, plan=replace(alone, capacity=run.plan.capacity))
    findings = analyse(run.plan, run.segment.wall_ns, log.passing(read), gaps)
    document = _document(run, findings, searched)
    remove_reserve(run_dir)
    written: list[Path] = []
    problems: list[str] = []
    files = _files(run_dir, run, findings, document, log)
    for name in (REPORT_JSON,) if verdict_only else files:
        try:
            write_atomically(run_dir / name, files[name]().encode())
            written.append(run_dir / name)
        except OSError as error:
            problems.append(f"{run_dir / name}: not written ({error.strerror})")
        except Exception as error:
            problems.append(f"{run_dir / name}: could not be made ({error_words(error)})")
    return BuildResult(document, tuple(written), tuple(problems))


def _searched(run: Run, run_dir: Path, ended: End | None, *, salvage: bool) -> SearchRecords | None:
    """What a search's journal says of its trials; None for any other run."""
    if run.plan.capacity is None:
        return None
    left_out = LeftOut() if salvage else None
    return search_records(_records(run_dir, ended, left_out, Gaps()))


def _records(
    run_dir: Path, ended: End | None, left_out: LeftOut | None, gaps: Gaps
) -> Iterator[JournalRecord]:
    """The failures kept in full, for the moments they tell, and the journal to its end."""
    yield from _samples(run_dir)
    last_t = 0
    for record in read_records(run_dir, left_out):
        if isinstance(record, End):
            ended = None
        last_t = max(last_t, record.t)
        yield record
    if ended is not None:
        yield replace(ended, t=last_t)
    if left_out is not None and left_out.lines:
        gaps.note(JOURNAL, left_out.words)


def _samples(run_dir: Path) -> Iterator[FailureSample]:
    for sample in read_failures(run_dir):
        with suppress(msgspec.ValidationError):
            yield msgspec.convert(sample, FailureSample)


def _document(run: Run, findings: Findings, searched: SearchRecords | None) -> Document:
    """The report; without what stands beside the verdict, where that makes it impossible."""
    verdict, capacity = judge(run.plan, findings), None
    if searched is not None:
        verdict = judge_search(run.plan, findings, verdict.limits, searched.answer)
        capacity = searched.part()
    try:
        return _document_of(run, findings, verdict, capacity)
    except Exception as error:
        gap = Gap(section="report.json", reason=error_words(error))
        bare = replace(
            findings,
            timeline=(),
            first_failure=None,
            instances=(),
            prometheus=None,
            otel=None,
            blocks=None,
            curves=(),
            gaps=(*findings.gaps, gap),
        )
        return _document_of(run, bare, verdict, capacity)


def _document_of(
    run: Run, findings: Findings, verdict: Verdict, capacity: Capacity | None
) -> Document:
    return build_document(
        run.plan,
        findings,
        verdict,
        started_wall_ns=run.segment.wall_ns,
        host=run.facts.get("host", {}),
        versions=run.facts.get("versions", {}),
        capacity=capacity,
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
    plain = to_json(document)
    try:
        return orjson.dumps(plain, option=orjson.OPT_INDENT_2).decode() + "\n"
    except TypeError:  # a whole number of over 64 bits, which JSON may hold
        return json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _failures(run_dir: Path, start_ns: int) -> list[dict[str, Any]]:
    return [
        sample | {"utc": format_utc_ms(start_ns + int(sample["t"]))}
        for sample in read_failures(run_dir)
        if isinstance(sample.get("t"), int) and 0 <= sample["t"] <= MOST_T_NS
    ]


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
