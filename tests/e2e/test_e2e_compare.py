"""Two real runs compared: one collector answers at once, one takes its time."""

import json
import re
from pathlib import Path

import pytest
from command_line import qosflood
from floods import Flooded, at_once, flood_faulty

pytestmark = pytest.mark.e2e
EIGHT_SECONDS = ("--duration", "8s", "--seed", "7", "--scrape-interval", "off")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The run directories, of floods that went on side by side."""
    root = tmp_path_factory.mktemp("compared")

    def flooded(behaviour: str) -> tuple[str, Flooded]:
        name = behaviour.partition(":")[0]
        return name, flood_faulty(root / name, behaviour, *EIGHT_SECONDS)[0]

    return {name: done.folder for name, done in at_once(flooded, ["ok", "slow:60ms"])}


def test_a_collector_that_became_slow_regressed(runs: dict[str, Path], tmp_path: Path) -> None:
    words = ("--base", str(runs["ok"]), "--new", str(runs["slow"]), "--allow-invalid")
    done = qosflood("compare", *words, "--json", "--out", str(tmp_path / "compared"))
    assert done.code == 1, done.out
    told = json.loads(done.out)
    p50 = next(one for one in told["changes"] if one["name"] == "response.p50")
    assert p50["verdict"] == "regressed"
    assert p50["difference"] == pytest.approx(60, rel=0.5)
    assert "blocks of 1 s" in told["noise"] and "shorter than 30 s" in told["noise"]
    text = (tmp_path / "compared" / "compare.md").read_text()
    assert re.search(r"response p50 .*: regressed(,| by) \d", text), text


def test_the_blocks_of_a_real_run_hold_every_report_of_its_flood(runs: dict[str, Path]) -> None:
    for folder in runs.values():
        report = json.loads((folder / "report.json").read_bytes())
        flood = next(phase for phase in report["phases"] if phase["name"] == "flood")
        blocks = report["blocks"]["blocks"]
        assert sum(block["scheduled"] for block in blocks) == flood["scheduled"]
        assert sum(block["acked"] for block in blocks) == flood["outcomes"]["acked"]
