"""What the documentation shows is real: headlines, PromQL and YAML."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

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
    ("page", "duration_ns", "rest"),
    [
        ("docs/tutorial.md", 20 * SECOND, "PASS - 5 of 6 limits held; not judged: "),
        ("README.md", 15 * MINUTE, "FAIL - response.p99 "),
    ],
    ids=["tutorial", "readme"],
)
def test_a_headline_that_is_shown_begins_as_a_run_says_it(
    page: str, duration_ns: int, rest: str
) -> None:
    asked = options_of(rate="10x", duration_ns=duration_ns)
    plan = make_plan(DEFAULT_PROFILE, (), asked, silent=True)[0]
    assert f"\n    {load_words(plan)}: {rest}" in (ROOT / page).read_text("utf-8")


def promql() -> Iterator[str]:
    """Expressions on how to find one's peak, and those of profiles."""
    peak = (ROOT / "docs/how-to/peak.md").read_text("utf-8")
    yield from re.findall(r"^    (\w+\(.*)", peak, re.MULTILINE)
    for page in PAGES:
        yield from re.findall(
            r"^(?:promql|limit_from|restarts_from) = '(.*)'", page.read_text(), re.MULTILINE
        )


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


def test_every_piece_of_yaml_is_one() -> None:
    blocks = [
        yaml.safe_load(block)
        for page in PAGES
        for block in re.findall(r"```yaml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    ]
    assert len(blocks) >= 3
    assert all(isinstance(block, dict) for block in blocks)
