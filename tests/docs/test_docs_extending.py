"""What docs/contributing/extending.md shows is all there is to do: its diffs, applied and run."""

import csv
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from shown_diffs import Change, shown_diffs

ROOT = Path(__file__).parents[2]
SHOWN = shown_diffs(ROOT / "docs" / "contributing" / "extending.md")
RUNS = ROOT / "tests" / "data" / "runs"
OLD = "run-1-report-2/pass"
"""A run of before there were p75 and p95."""


@dataclass(frozen=True)
class Extended:
    """A copy of the package with one of the changes, and a folder for runs."""

    folder: Path

    def _done(self, words: tuple[str, ...], code: int) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [sys.executable, *words],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(self.folder)},
        )
        assert done.returncode == code, done.stderr
        return done

    def python(self, *words: str, code: int = 0) -> str:
        """What `python words…` prints with this package."""
        return self._done(words, code).stdout

    def qosflood(self, *words: str, code: int = 0) -> str:
        """What `qosflood words…` prints."""
        return self.python("-m", "qosflood", *words, code=code)

    def refused(self, *words: str) -> str:
        """What `qosflood words…` says of what it refuses."""
        return self._done(("-m", "qosflood", *words), 2).stderr

    def run(self, name: str = OLD) -> Path:
        """A copy of an earlier run."""
        return Path(shutil.copytree(RUNS / name, self.folder / "run"))

    def report(self, run: Path) -> dict[str, Any]:
        """report.json, built again."""
        self.qosflood("report", str(run))
        report: dict[str, Any] = json.loads((run / "report.json").read_bytes())
        return report

    def limit(self, run: Path, expr: str) -> None:
        """Let a run have been judged by this limit too."""
        limit = json.loads(self.python("-c", PARSED, expr))
        facts = json.loads((run / "run.json").read_bytes())
        facts["plan"]["limits"].append(limit)
        (run / "run.json").write_text(json.dumps(facts))


PARSED = """
import json, sys, msgspec
from qosflood.plan.limit_language import parse_limit
print(json.dumps(msgspec.to_builtins(parse_limit(sys.argv[1]))))
"""
WRITTEN = """
import sys
from plan_maker import make_plan
from dataclasses import replace
from qosflood.load.body.identities import identity
from qosflood.load.body.template import compile_body
report = replace(make_plan().report, body={"day": "$clock.day", "text": "day ${clock.day}"})
body = compile_body(report)
session = body.session(identity("", report, 0))
print(body.writer()(session, [()] * 64, 0, 86_400_000 * 3 + 5).decode())
"""

READ = """
import asyncio, sys
from plan_maker import make_plan
from qosflood.monitor.memory.open_external import open_external
from qosflood.plan.watching import MemorySource

async def read():
    source = MemorySource(kind="file", url=sys.argv[1], read="bytes")
    async with open_external(make_plan(), source, "qos-0") as opened:
        print(await opened.read())

asyncio.run(read())
"""
ASKED_EVERY = """
import json, sys
from qosflood.plan.options import Options
from qosflood.plan.profile.model import LoadedProfile, Profile
from qosflood.plan.resolve import resolve
loaded = LoadedProfile(
    name="soak", profile=Profile.model_validate(json.loads(sys.argv[1])), shipped=False
)
known = {"run_id": "r", "seed": 1, "version": "1", "addresses": (), "cores": 2}
print(resolve(loaded, Options(), **known).prometheus.every_ns)
"""


@pytest.fixture
def extended(request: pytest.FixtureRequest, tmp_path: Path) -> Extended:
    """The package with the change that the page shows under the test's parameter."""
    shutil.copytree(
        ROOT / "qosflood", tmp_path / "qosflood", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copytree(ROOT / "profiles", tmp_path / "profiles")
    for change in SHOWN[request.param]:
        change.apply(tmp_path)
    return Extended(tmp_path)


def after(title: str) -> pytest.MarkDecorator:
    """The change of that section of the page."""
    return pytest.mark.parametrize("extended", [title], indirect=True)


MORE = {"An option and its profile key": (2, 6), "A source of memory": (3, 6)}
"""The files and lines of what takes more than two of them."""


@pytest.mark.parametrize("title", SHOWN)
def test_an_extension_is_one_or_two_lines_in_one_or_two_files_or_has_a_bound(title: str) -> None:
    changes: list[Change] = [change for change in SHOWN[title] if not change.new]
    files, lines = MORE.get(title, (2, 2))
    assert 1 <= len(changes) <= files
    assert 1 <= sum(len(change.added) for change in changes) <= lines


@after("An option and its profile key")
def test_an_option_and_its_key_are_read_planned_explained_and_refused_in_the_same_words(
    extended: Extended,
) -> None:
    url = "http://127.0.0.1:9090"
    for document in ({"url": url, "interval": "7s"}, {"url": url}):
        planned = int(extended.python("-c", ASKED_EVERY, json.dumps({"prometheus": document})))
        assert (planned == 7 * 10**9) == ("interval" in document)
    assert "--ask-every" in extended.qosflood("watch", "--help-all")
    wrong = 'got "7", expected a duration with a unit, e.g. 7m or 7s'
    for words in (("--ask-every", "7"), ("--set", "prometheus.interval='7'")):
        said = extended.refused("--dry-run", "--prometheus", url, *words)
        assert wrong in said
        assert words[0] in said


@after("A source of memory")
def test_a_source_of_memory_is_planned_read_and_says_why_it_cannot_be_read(
    extended: Extended,
) -> None:
    held = extended.folder / "memory.current"
    planned = extended.qosflood("--dry-run", "--set", "memory.file=memory.current")
    assert "bytes of memory.current" in " ".join(planned.split())
    support = str(ROOT / "tests" / "support")
    code = f"import sys; sys.path.append({support!r})\n{READ}"
    assert "Unread" in extended.python("-c", code, str(held))
    held.write_text("many")
    assert "something else than a number" in extended.python("-c", code, str(held))
    held.write_text("70000000\n")
    assert "used_bytes=70000000" in extended.python("-c", code, str(held))
    assert "exposition, promql, command or file" in extended.refused(
        "--dry-run", "--set", 'instance=[{name="a",scrape="http://127.0.0.1:1/m",memory="x"}]'
    )


@after("A limit metric")
def test_a_limit_metric_is_parsed_judged_and_shown(extended: Extended) -> None:
    assert "resent < 5" in extended.qosflood("--dry-run", "--limit", "resent < 5")
    run = extended.run()
    extended.limit(run, "resent < 5")
    found = next(one for one in extended.report(run)["limits"] if one["metric"] == "resent")
    assert (found["ok"], found["value"]) == (True, 0)
    extended.limit(run, "resent > 5")
    assert "resent > 5" in extended.qosflood("report", str(run), code=1)
    for shown in ("report.md", "report.html", "junit.xml"):
        text = (run / shown).read_text("utf-8")
        assert "resent > 5" in text or "resent &gt; 5" in text, shown


@after("A percentile")
def test_a_percentile_is_known_to_limits_reports_exports_and_comparisons(
    extended: Extended,
) -> None:
    run = extended.run()
    before = shutil.copytree(run, extended.folder / "before")
    extended.limit(run, "response.p80 < 2s")
    report = extended.report(run)
    flood = next(phase for phase in report["phases"] if phase["name"] == "flood")
    for series in ("response", "service"):
        figures = flood["latency_ms"][series]
        assert figures["p75"] < figures["p80"] < figures["p90"]
    judged = next(one for one in report["limits"] if one["metric"] == "response.p80")
    assert judged["ok"]
    assert judged["value"] == pytest.approx(flood["latency_ms"]["response"]["p80"] * 1e6)

    extended.qosflood("export", str(run))
    with (run / "csv" / "load.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["response_p90_ms"]]
    assert rows
    for row in rows:
        ladder = [float(row[f"response_{name}_ms"]) for name in ("p75", "p80", "p90")]
        assert ladder == sorted(ladder)

    same = ("compare", "--base", str(run), "--new", str(run), "--json")
    change = next(
        one
        for one in json.loads(extended.qosflood(*same))["changes"]
        if one["name"] == "response.p80"
    )
    assert change["verdict"] == "same"
    earlier = ("compare", "--base", str(before), "--new", str(run), "--json")
    assert json.loads(extended.qosflood(*earlier))["verdict"] == "same"


@after("A field of a journal record")
def test_a_field_of_a_record_is_exported_and_absent_from_earlier_runs(extended: Extended) -> None:
    run = extended.run()
    journal = run / "journal.jsonl"
    lines = journal.read_text("utf-8").splitlines(keepends=True)
    first = next(at for at, line in enumerate(lines) if line.startswith('{"type":"memory"'))
    lines[first] = json.dumps(json.loads(lines[first]) | {"swap_bytes": 4096}) + "\n"
    journal.write_text("".join(lines), "utf-8")
    extended.report(run)
    extended.qosflood("export", str(run))
    with (run / "csv" / "memory.csv").open(encoding="utf-8", newline="") as file:
        found = [row["swap_bytes"] for row in csv.DictReader(file)]
    assert found == ["4096", *[""] * (len(found) - 1)]
    assert len(found) > 1


@pytest.mark.e2e
@after("An exporter")
def test_an_exporter_gets_every_record_of_a_run(extended: Extended) -> None:
    out = extended.folder / "out"
    short = [f"--set=phases.{phase}=1s" for phase in ("baseline", "ramp", "recovery", "settle")]
    load = ("--peak", "5@100ms", "--rate", "2x", "--duration", "2s", "--no-live", "--quiet")
    extended.python("-c", ANY_CODE, *load, *short, "--out", str(out))
    counts = json.loads((out / "counts.json").read_bytes())
    lines = (out / "journal.jsonl").read_text("utf-8").splitlines()
    kinds = [json.loads(line)["type"] for line in lines]
    for kind in ("window", "scrape", "memory"):
        assert 0 < counts[kind] <= kinds.count(kind)


ANY_CODE = """
import subprocess, sys
sys.exit(subprocess.run([sys.executable, "-m", "qosflood", *sys.argv[1:]]).returncode not in (0, 3))
"""
"""A run on a busy machine may be INVALID; what is asked here is what it exported."""


@after("A body source")
def test_a_body_source_is_written_into_reports(extended: Extended) -> None:
    asked = ("--dry-run", "--set", 'report.body={ day = "$clock.day" }')
    extended.qosflood(*asked)
    support = str(ROOT / "tests" / "support")
    body = extended.python("-c", f"import sys; sys.path.append({support!r})\n{WRITTEN}")
    assert json.loads(body) == {"day": 3, "text": "day 3"}


@after("A report section")
def test_a_report_section_is_shown_on_the_terminal_in_markdown_and_on_the_page(
    extended: Extended,
) -> None:
    run = extended.run()
    shown = extended.qosflood("report", str(run), "--verbose")
    assert "flood: " in shown
    assert "target cpu" in shown.lower()
    for name in ("report.md", "report.html"):
        assert "Target CPU" in (run / name).read_text("utf-8"), name
