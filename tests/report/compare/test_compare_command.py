"""`qosflood compare`: exit codes, what it refuses, and what it writes."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from comparing import make_document
from hdrh.histogram import HdrHistogram

from qosflood.base.errors import JournalError
from qosflood.cli.group import commands
from qosflood.report.build import json_text
from qosflood.report.document.document import to_json


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run directories: three before a change, one after it that is slower, one that is not."""
    root = tmp_path_factory.mktemp("runs")
    scales = {"old-1": 1.0, "old-2": 1.02, "old-3": 0.99, "slow": 1.3, "alike": 1.01}
    for seed, (name, scale) in enumerate(scales.items()):
        (root / name).mkdir()
        document = make_document(name, seed, scale=scale, blocks=12, each=600)
        (root / name / "report.json").write_text(json_text(document))
    return root


def changed(runs: Path, tmp_path: Path, **changes: Any) -> str:
    """`alike` with other values, by dotted path."""
    report = json.loads((runs / "alike" / "report.json").read_text())
    for path, value in changes.items():
        *folders, last = path.split("__")
        place = report
        for folder in folders:
            place = place[folder]
        place[last] = value
    file = tmp_path / "other.json"
    file.write_text(json.dumps(report))
    return str(file)


def compare(runs: Path, *words: str) -> Result:
    named = [str(runs / word) if (runs / word).exists() else word for word in words]
    return CliRunner(env={"COLUMNS": "80"}).invoke(commands, ["compare", *named])


BLOCK = {"t_s": 1, "scheduled": 1, "sent": 1, "acked": 1, "errors": 0, "service": None}
BROKEN_BLOCK = BLOCK | {"response": "AAAA"}
FOREIGN_BLOCK = BLOCK | {"response": HdrHistogram(1, 1000, 2).encode().decode()}
OLD = ("--base", "old-1", "--base", "old-2", "--base", "old-3")


def test_a_slower_build_regressed_and_the_answer_stands_first(runs: Path) -> None:
    result = compare(runs, *OLD, "--new", "slow")
    assert result.exit_code == 1
    first = result.output.strip().splitlines()[0]
    assert first.startswith("response p99 ")
    assert "regressed by" in first and "(interval +" in first


def test_the_same_build_is_the_same(runs: Path) -> None:
    result = compare(runs, *OLD, "--new", "alike")
    assert result.exit_code == 0
    assert ": same (" in result.output.strip().splitlines()[0]
    assert "measured from 3 bases" in result.output


def test_a_faster_build_improved(runs: Path) -> None:
    result = compare(runs, "--base", "slow", "--new", "old-1", "--new", "old-2")
    assert result.exit_code == 0
    assert "improved by" in result.output


def test_with_one_base_under_a_tenth_is_the_same_and_says_why(runs: Path) -> None:
    result = compare(runs, "--base", "old-1", "--new", "alike")
    assert result.exit_code == 0
    assert "same (one base)" in result.output
    assert "unknown with one base" in result.output
    assert "2 more bases" in result.output


def test_with_one_base_a_regression_says_that_noise_between_runs_is_unknown(runs: Path) -> None:
    said = " ".join(compare(runs, "--base", "old-1", "--new", "slow").output.split())
    assert "regressed by" in said
    assert "(one base: noise between runs unknown; within them +" in said


def test_nothing_is_wider_than_eighty_columns(runs: Path) -> None:
    for new in ("slow", "alike"):
        lines = compare(runs, *OLD, "--new", new).output.splitlines()
        assert max(len(line.rstrip()) for line in lines) <= 80
        assert not any("…" in line for line in lines)


def test_the_same_reports_give_the_same_answer(runs: Path) -> None:
    words = (*OLD, "--new", "slow", "--json")
    assert compare(runs, *words).stdout == compare(runs, *words).stdout


def test_json_alone_stands_on_standard_output(runs: Path, tmp_path: Path) -> None:
    result = compare(runs, *OLD, "--new", "slow", "--json", "--out", str(tmp_path / "c"))
    told = json.loads(result.stdout)
    assert told["schema"] == "qosflood/compare/1"
    assert (told["verdict"], told["exit_code"]) == ("regressed", 1)
    p99 = next(one for one in told["changes"] if one["name"] == "response.p99")
    assert p99["low"] < p99["relative"] < p99["high"]
    assert len(p99["base"]) == 3


def test_three_files_are_written_into_a_directory_or_one_by_its_ending(
    runs: Path, tmp_path: Path
) -> None:
    compare(runs, *OLD, "--new", "slow", "--out", str(tmp_path / "c"))
    names = {path.name for path in (tmp_path / "c").iterdir()}
    assert names == {"compare.html", "compare.md", "compare.json"}
    compare(runs, *OLD, "--new", "slow", "--out", str(tmp_path / "only.md"))
    told = (tmp_path / "only.md").read_text()
    assert told.startswith("## ❌ response p99")
    assert len(told.splitlines()) <= 45


def test_a_report_json_is_as_good_as_its_directory(runs: Path) -> None:
    file = str(runs / "old-1" / "report.json")
    assert compare(runs, "--base", file, "--new", "alike").exit_code == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"plan__profile": "smoke"}, "profile intercom → smoke"),
        ({"plan__load__clients": 4000}, "rate 5,000 clients every 5s (1,000 reports/s) →"),
        ({"plan__load__shards": 7}, "shards 1 → 7"),
        ({"plan__target__scheme": "https"}, "TLS none → on"),
        ({"plan__report__gzip": True}, "report.gzip False → True"),
        ({"plan__storms": [{"at_ns": 7_000_000_000, "drop": 0.5}]}, "storms.1.at – → 7s"),
        ({"plan__load__timeout_ns": 5_000_000_000}, "load.timeout 10s → 5s"),
        ({"run__host": {"cores": 64, "machine": "arm64"}}, "unknown → 64 cores, arm64"),
        (
            {"run__ended": "interrupted", "verdict": "INTERRUPTED"},
            "is not a valid run: INTERRUPTED: it ended early (interrupted)",
        ),
        ({"generator__problems": ["generator late in 9 of 10 windows"]}, "late in 9 of 10"),
    ],
)
def test_runs_that_differ_in_what_was_asked_are_not_compared(
    runs: Path, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    result = compare(runs, "--base", "old-1", "--new", changed(runs, tmp_path, **changes))
    assert result.exit_code == 3
    assert "not comparable" in result.output
    words = " ".join(result.output.split())
    assert said in words
    assert words.count("not a valid run") <= 1


def test_an_invalid_run_is_compared_where_that_is_asked_for_and_the_words_say_so(
    runs: Path, tmp_path: Path
) -> None:
    bad = changed(runs, tmp_path, generator__problems=["generator late in 9 of 10 windows"])
    result = compare(runs, "--base", "old-1", "--new", bad, "--allow-invalid")
    assert result.exit_code == 0
    assert "compared anyway (--allow-invalid)" in " ".join(result.output.split())


def test_a_late_generator_is_told(runs: Path, tmp_path: Path) -> None:
    late = changed(runs, tmp_path, generator__late_windows=3)
    assert "late in 3 of" in compare(runs, "--base", "old-1", "--new", late).output


def test_floods_of_other_lengths_leave_memory_unjudged(runs: Path, tmp_path: Path) -> None:
    report = json.loads((runs / "alike" / "report.json").read_text())
    flood = next(phase for phase in report["phases"] if phase["name"] == "flood")
    flood["seconds"] *= 2
    (tmp_path / "long.json").write_text(json.dumps(report))
    result = compare(runs, "--base", "old-1", "--new", str(tmp_path / "long.json"))
    assert "memory max: the floods differ in length" in result.output


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "got no JSON"),
        ("[]", "expected a report of qosflood"),
        ('{"schema": "qosflood/report/0"}', 'got schema "qosflood/report/0"'),
        ('{"schema": "qosflood/report/1"}', "build the report again"),
        ('{"schema": "qosflood/report/2"}', "build the report again"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(
    runs: Path, tmp_path: Path, content: str, said: str
) -> None:
    (tmp_path / "broken.json").write_text(content)
    words = ["compare", "--base", str(runs / "old-1"), "--new", str(tmp_path / "broken.json")]
    result = CliRunner().invoke(commands, words)
    assert said in str(result.exception)
    assert len(str(result.exception).splitlines()) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"plan__load__cadence_ns": 0}, "Expected a cadence above 0"),
        ({"plan__phases": []}, "Expected a flood or a watch"),
        ({"blocks__blocks": [BROKEN_BLOCK]}, "blocks.blocks.0: got no histogram"),
        ({"blocks__blocks": [FOREIGN_BLOCK]}, "its range is not that of qosflood"),
        ({"phases": "short curves"}, "expected a value for each quantile"),
    ],
)
def test_a_damaged_report_is_refused_in_one_line(
    runs: Path, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    if changes == {"phases": "short curves"}:
        phases = json.loads((runs / "alike" / "report.json").read_text())["phases"]
        next(one for one in phases if one["name"] == "flood")["curves"]["response"]["ms"].pop()
        changes = {"phases": phases}
    result = compare(runs, "--base", "old-1", "--new", changed(runs, tmp_path, **changes))
    assert isinstance(result.exception, JournalError)
    assert said in str(result.exception)
    assert len(str(result.exception).splitlines()) == 1


def test_what_nobody_can_tell_is_not_headed_by_a_figure_that_is_the_same(
    runs: Path, tmp_path: Path
) -> None:
    result = compare(runs, "--base", "old-1", "--new", changed(runs, tmp_path, phases=[]))
    assert result.exit_code == 3
    assert result.output.strip().splitlines()[0] == "response p99: unknown (not measured in new)"


def test_an_empty_directory_a_run_given_twice_and_a_bad_effect_are_refused(
    runs: Path, tmp_path: Path
) -> None:
    empty = compare(runs, "--base", str(tmp_path), "--new", "alike")
    assert "has no report.json; build it with" in str(empty.exception)
    twice = compare(runs, "--base", "old-1", "--base", "old-1", "--new", "alike")
    assert "given twice" in twice.output and twice.exit_code == 2
    effect = compare(runs, "--base", "old-1", "--new", "alike", "--min-effect", "5ms")
    assert 'got "5ms", expected a share' in effect.output and effect.exit_code == 2


def test_a_run_compared_with_itself_is_the_same_in_every_figure(runs: Path) -> None:
    told = json.loads(compare(runs, "--base", "slow", "--new", "slow", "--json").stdout)
    assert {one["verdict"] for one in told["changes"]} == {"same"}
    assert any("is the same run as" in note for note in told["notes"])


def test_the_report_that_is_compared_survives_its_own_schema() -> None:
    report = to_json(make_document("one", 1, blocks=8))
    assert len(report["blocks"]["blocks"]) == 8
    assert report["phases"][2]["curves"]["response"]["quantiles"][0] == 0.0
