"""What the documentation shows is real: headlines, PromQL and YAML."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from parts import require
from resolving import options_of

from qosflood.analysis.verdict.verdict import load_words
from qosflood.base.units import MINUTE, SECOND
from qosflood.cli.planning import make_plan
from qosflood.cli.profile_argument import DEFAULT_PROFILE

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))


@pytest.mark.parametrize(
    ("page", "duration_ns", "shown"),
    [
        (
            "docs/tutorial.md",
            20 * SECOND,
            ("{load}\n", "PASS - 4 of 6 limits held\n    not judged "),
        ),
        ("README.md", 15 * MINUTE, ("{load}: FAIL - response.p99 was ",)),
    ],
    ids=["tutorial", "readme"],
)
def test_a_headline_that_is_shown_begins_as_a_run_says_it(
    page: str, duration_ns: int, shown: tuple[str, ...]
) -> None:
    asked = options_of(rate="10x", duration_ns=duration_ns)
    plan = make_plan(DEFAULT_PROFILE, (), asked, silent=True)[0]
    text = (ROOT / page).read_text("utf-8")
    for line in shown:
        assert f"\n    {line.format(load=load_words(plan))}" in text


def promql() -> Iterator[str]:
    """Expressions on how to find one's peak, and those that read memory."""
    peak = (ROOT / "docs/how-to/peak.md").read_text("utf-8")
    yield from re.findall(r"^    (\w+\(\n(?: {5,}.*\n)+    \))", peak, re.MULTILINE)
    for page in PAGES:
        yield from re.findall(r"memory\.\w+=(\w+\{[^;\n]*)", page.read_text("utf-8"))


def test_prometheus_understands_every_expression(tmp_path: Path) -> None:
    program = shutil.which("promtool")
    require(program, "apt-get install prometheus")
    rules = [{"record": f"docs:{number}", "expr": each} for number, each in enumerate(promql())]
    file = tmp_path / "rules.json"
    file.write_text(json.dumps({"groups": [{"name": "docs", "rules": rules}]}))
    done = subprocess.run(
        [str(program), "check", "rules", str(file)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(rules) >= 6


def yaml_blocks() -> list[Any]:
    """What every block of YAML says, of all pages."""
    return [
        yaml.safe_load(block)
        for page in PAGES
        for block in re.findall(r"```yaml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    ]


def test_every_piece_of_yaml_is_one() -> None:
    assert len(yaml_blocks()) >= 3
    assert all(isinstance(block, dict) for block in yaml_blocks())


def test_an_object_of_kubernetes_is_valid() -> None:
    objects = [block for block in yaml_blocks() if "kind" in block]
    assert objects
    for each in objects:
        kubernetes_validate.validate(each, "1.31", strict=True)
