"""A verdict always comes: whatever a journal holds, every output is made of it."""

import io
import math
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Stage
from hypothesis import strategies as st
from journal_maker import write_run
from odd_journals import odd_journals, odd_plan, whole_journal
from plan_maker import make_plan
from record_maker import at, healthy_run, scrape
from rich.console import Console

from qosflood.base.errors import ExitCode
from qosflood.journal.records import JournalRecord
from qosflood.plan.limit_language import parse_limit
from qosflood.report.build import build
from qosflood.report.charts import load as load_charts
from qosflood.report.compare import compare, markdown, page
from qosflood.report.compare.document import json_text
from qosflood.report.compare.figures import FIGURES
from qosflood.report.compare.judging import change_of
from qosflood.report.compare.reading import document_from
from qosflood.report.compare.terminal import print_comparison
from qosflood.report.compare.values import Given, MinEffect
from qosflood.report.csv import TABLES, export
from qosflood.report.document.schema import Document
from qosflood.report.formats import junit
from qosflood.report.formats.terminal import print_summary
from qosflood.report.html import page as page_module
from qosflood.report.html import sections

analyse_module = sys.modules["qosflood.analysis.analyse"]
attributed_module = sys.modules["qosflood.analysis.attributed"]
_STAGES = (Stage.explicit, Stage.reuse, Stage.generate)
"""Shrinking a journal takes minutes, and the journal that fails is in the folder it names."""
PLAN = odd_plan()
WHOLE = whole_journal(PLAN)
FILES = {"report.json", "report.html", "report.md", "summary.svg", "junit.xml", "latency.hlog"}


def shown(show: Callable[[Console], object]) -> str:
    out = io.StringIO()
    show(Console(file=out, width=100))
    return out.getvalue()


def built(folder: Path, records: list[JournalRecord], plan: Any = PLAN) -> Document:
    """The report of a run of these records, with each of its files written."""
    result = build(write_run(folder, plan, records))
    assert result.problems == (), result.problems
    assert {path.name for path in result.written} == FILES
    assert result.document.exit_code != ExitCode.INTERNAL
    return result.document


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), phases=_STAGES)
@given(odd_journals(WHOLE), odd_journals(WHOLE), st.booleans())
def test_every_output_comes_of_every_journal(
    first: list[JournalRecord], second: list[JournalRecord], allow_invalid: bool
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        documents = [
            built(folder / "first", first),
            built(folder / "second", second),
        ]
        for document in documents:
            for detail in ("verdict", "short", "all"):
                words = shown(lambda c, d=document, how=detail: print_summary(c, d, detail=how))
                assert document.verdict in words
        export(folder / "first", folder / "csv", TABLES, empty=True)
        both = [
            Given(name=f"run {number}", document=renamed(folder / which, number))
            for number, which in enumerate(("first", "second"))
        ]
        comparison = compare(
            both[:1], both[1:], effect=MinEffect(), seed=1, allow_invalid=allow_invalid
        )
        assert shown(lambda console: print_comparison(console, comparison))
        assert orjson.loads(json_text(comparison))["verdict"] == comparison.verdict
        assert markdown.render(comparison)
        assert page.render(comparison, both[:1], both[1:])


def renamed(run_dir: Path, number: int) -> Document:
    document = document_from((run_dir / "report.json").read_bytes(), str(run_dir))
    run = document.run.model_copy(update={"id": f"run-{number}"})
    return document.model_copy(update={"run": run})


class BrokenError(Exception):
    """An error that nobody foresaw."""


def broken(*_: object, **__: object) -> Any:
    raise BrokenError("of its own")


@pytest.mark.parametrize(
    ("builder", "section"),
    [
        ("memory_finding", "memory"),
        ("loss_finding", "loss"),
        ("recovery_finding", "recovery"),
        ("attribute", "what limited the run"),
        ("causes", "causes"),
        ("crash_finding", "crash"),
        ("timeline_entries", "timeline"),
        ("warnings_of", "warnings"),
        ("otel_finding", "OpenTelemetry"),
    ],
)
def test_a_section_that_cannot_be_built_is_a_gap_and_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, builder: str, section: str
) -> None:
    where = attributed_module if hasattr(attributed_module, builder) else analyse_module
    monkeypatch.setattr(where, builder, broken)
    plan = make_plan()
    document = built(tmp_path / "run", healthy_run(plan), plan)
    assert document.verdict == "PASS"
    assert [(gap.section, gap.reason) for gap in document.gaps] == [
        (section, "BrokenError: of its own")
    ]
    line = f"not in this report: {section}: BrokenError: of its own"
    assert line in document.warnings
    assert line in " ".join(shown(lambda console: print_summary(console, document)).split())
    for name in ("report.md", "report.html"):
        assert line in (tmp_path / "run" / name).read_text()


@pytest.mark.parametrize("builder", ["phase_figures", "all_restarts", "instance_finding"])
def test_no_run_passes_without_the_figures_that_its_limits_rest_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, builder: str
) -> None:
    monkeypatch.setattr(analyse_module, builder, broken)
    plan = make_plan()
    document = built(tmp_path / "run", healthy_run(plan), plan)
    assert document.verdict == "INVALID"
    assert "BrokenError: of its own" in document.headline


def test_no_run_passes_when_a_limits_own_section_could_not_be_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analyse_module, "loss_finding", broken)
    plan = make_plan(limits=(parse_limit("loss == none", named_by="shipped"),))
    document = built(tmp_path / "run", healthy_run(plan), plan)
    assert document.verdict == "INVALID"
    assert "loss == none could not be judged" in document.headline


def test_a_chart_and_a_section_of_the_page_that_fail_are_named_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_charts, "_throughput", broken)
    findings = next(each for each in sections.SECTIONS if each.title == "Findings")
    spoilt = replace(findings, values=broken)
    monkeypatch.setattr(page_module, "SECTIONS", (spoilt, *sections.SECTIONS[2:]))
    plan = make_plan()
    built(tmp_path / "run", healthy_run(plan), plan)
    text = (tmp_path / "run" / "report.html").read_text()
    assert "not in this report: a chart: BrokenError: of its own" in text
    assert "this section could not be made: BrokenError: of its own" in text
    assert "Limits" in text


def test_a_file_that_cannot_be_made_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(junit, "render", broken)
    plan = make_plan()
    result = build(write_run(tmp_path / "run", plan, healthy_run(plan)))
    assert {path.name for path in result.written} == FILES - {"junit.xml"}
    assert result.problems == (
        f"{tmp_path / 'run' / 'junit.xml'}: could not be made (BrokenError: of its own)",
    )
    assert result.document.verdict == "PASS"


def test_a_page_that_answered_before_the_load_and_never_again_is_a_verdict(tmp_path: Path) -> None:
    early = replace(scrape(0.0), t=at(-1.0))
    plan = make_plan(limits=(parse_limit("scrape.success >= 90%", named_by="shipped"),))
    records = healthy_run(
        plan,
        scrape_ok=lambda _second: False,
        extra=[early],
    )
    document = built(tmp_path / "run", records, plan)
    assert document.verdict == "FAIL"
    assert document.gaps == []


def test_a_recovery_that_never_came_beside_one_that_was_not_judged_is_compared() -> None:
    figure = next(each for each in FIGURES if each.name == "recovery")
    change = change_of(figure, (math.inf,), (None,), ([{}], [{}]), MinEffect())
    assert change is not None
    assert (change.verdict, change.base, change.new) == ("unknown", (math.inf,), (None,))
    assert change.why == "not measured in new, never in base"
