"""junit.xml, by a JUnit reader, by the rules that CI servers check, and against every story."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_maker import write_run
from junitparser import Error, Failure, JUnitXml, Skipped, TestSuite
from plan_maker import make_plan
from stories import STORIES, Story, document_of, failing_run, good_run, hostile, unmeasured_run

from qosflood.report.build import build
from qosflood.report.formats import junit

NASTY = "<script>&amp;]]>\x00\x08\x1b[2J\ud800\ufffe\uffff\u202e \"x\" 'y'\n\ttail"
_TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]{0,3})?")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_SUITE = {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname"}
_INSIDE = {
    "testsuites": ({"testsuite"}, set()),
    "testsuite": ({"properties", "testcase", "system-out"}, _SUITE),
    "properties": ({"property"}, set()),
    "property": (set(), {"name", "value"}),
    "testcase": ({"failure", "error", "skipped"}, {"name", "classname", "time"}),
    "failure": (set(), {"message", "type"}),
    "error": (set(), {"message", "type"}),
    "skipped": (set(), {"message"}),
    "system-out": (set(), set()),
}
"""What junit-10.xsd of Jenkins' xUnit plugin allows and is written here: children, attributes."""


def suite_of(story: Story) -> TestSuite:
    """The one suite, as junitparser reads it."""
    read = JUnitXml.fromstring(junit.render(document_of(story)).encode())
    (suite,) = read
    assert isinstance(suite, TestSuite)
    return suite


def results(suite: TestSuite) -> dict[str, str]:
    """Each case's name and how it ended."""
    kinds = {Failure: "failure", Error: "error", Skipped: "skipped"}
    return {
        str(case.name): kinds[type(case.result[0])] if case.result else "passed" for case in suite
    }


def test_a_broken_limit_is_a_failure_with_value_threshold_and_reason() -> None:
    suite = suite_of(failing_run())
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (8, 2, 0, 1)
    broken = next(case for case in suite if case.name == "errors < 0.1%")
    (failure,) = broken.result
    assert failure.message == "found 0.89%, expected errors < 0.1%"
    assert "8,012 of 900,113 reports were not accepted" in failure.text
    assert results(suite)["loss == none"] == "skipped"
    assert results(suite)["restarts == 0"] == "passed"


def test_properties_name_rate_duration_and_run() -> None:
    told = {prop.name: prop.value for prop in suite_of(failing_run()).properties()}
    assert told["rate"] == "1000/s"
    assert told["duration"] == "15m"
    assert told["run_id"] == "20260101T000000Z-k3v9"
    assert told["exit_code"] == "1"


def test_a_run_that_proves_nothing_is_an_error_with_its_reasons() -> None:
    suite = suite_of(unmeasured_run())
    assert results(suite)[junit.RUN_CASE] == "error"
    (error,) = next(case for case in suite if case.name == junit.RUN_CASE).result
    assert (error.type, error.message) == ("INVALID", "no window was recorded")


@pytest.mark.parametrize("make", STORIES)
def test_the_suite_is_green_where_the_exit_code_is_0_and_only_there(
    make: Callable[[], Story],
) -> None:
    suite = suite_of(make())
    assert (suite.failures + suite.errors == 0) is (make().verdict.exit_code == 0)
    ended = list(results(suite).values())
    assert suite.tests == len(ended)
    assert suite.failures == ended.count("failure")
    assert suite.errors == ended.count("error")
    assert suite.skipped == ended.count("skipped")


@pytest.mark.parametrize("make", STORIES)
@pytest.mark.parametrize("text", [None, NASTY])
def test_it_keeps_to_the_rules_that_ci_servers_check(
    make: Callable[[], Story], text: str | None
) -> None:
    story = make() if text is None else hostile(make(), text)
    root = ElementTree.fromstring(junit.render(document_of(story)))
    for element in root.iter():
        children, attributes = _INSIDE[element.tag]
        assert {child.tag for child in element} <= children
        assert set(element.attrib) <= attributes
        if element.tag in ("testsuite", "testcase"):
            assert element.attrib["name"]
            assert _TIME.fullmatch(element.attrib["time"])
    (suite,) = root
    assert set(suite.attrib) >= _SUITE
    assert _MOMENT.fullmatch(suite.attrib["timestamp"])


@given(st.text(alphabet=st.characters(codec=None), max_size=60))
def test_no_text_of_a_target_breaks_the_file(text: str) -> None:
    story = good_run()
    verdict = replace(story.verdict, headline=text, reasons=(text,), exit_code=3)  # type: ignore[arg-type]
    limits = tuple(replace(limit, ok=False, reason=text) for limit in story.verdict.limits)
    document = document_of(replace(story, verdict=replace(verdict, limits=limits)))
    written = junit.render(document)
    assert not [char for char in written if ord(char) < 32 and char not in "\n\t\r"]
    JUnitXml.fromstring(written.encode("utf-8"))


def test_every_run_directory_gets_one(tmp_path: Path) -> None:
    run_dir = write_run(tmp_path / "run", make_plan())
    build(run_dir)
    suite = next(iter(JUnitXml.fromfile(str(run_dir / "junit.xml"))))
    assert suite.errors == suite.failures == 0
