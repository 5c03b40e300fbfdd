"""What the house is held to: no pure module is left unguarded by the contracts, no file is long."""

import tomllib
from pathlib import Path
from typing import Any

import grimp
import pytest

ROOT = Path(__file__).parents[2]
SETTINGS: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LONGEST = 400
SOURCES = sorted(
    file
    for folder in ("qosflood", "tests")
    for kind in ("py", "js")
    for file in (ROOT / folder).rglob(f"*.{kind}")
    if "node_modules" not in file.parts
)
CONTRACTS = {one["id"]: one for one in SETTINGS["tool"]["importlinter"]["contracts"]}


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """Every import of the package, and of what is outside it."""
    return grimp.build_graph("qosflood", include_external_packages=True, cache_dir=None)


def test_every_module_that_could_be_pure_is_held_to_it(graph: grimp.ImportGraph) -> None:
    contract = CONTRACTS["pure"]
    impure = {
        shell
        for name in contract["forbidden_modules"]
        if name in graph.modules
        for shell in graph.find_downstream_modules(name)
    }
    pure = {name for name in graph.modules if name.startswith("qosflood.")} - impure
    held = tuple(contract["source_modules"])
    free = {name for name in pure if not f"{name}.".startswith(tuple(f"{one}." for one in held))}
    packages = {name for name in free if graph.find_children(name)}
    assert sorted(free - packages - UNGUARDED) == []


UNGUARDED = {
    "qosflood.lab.collector.sip",
    "qosflood.live.observers",
    "qosflood.live.run_view",
    "qosflood.live.terminal",
    "qosflood.load.client.shared",
    "qosflood.monitor.memory.process_tree",
}
"""Parts of shells that read no clock and no file by themselves today, and may."""


def test_no_file_has_more_than_400_lines() -> None:
    lengths = {
        file.relative_to(ROOT): len(file.read_text("utf-8").splitlines()) for file in SOURCES
    }
    assert {"py", "js"} == {file.suffix[1:] for file in SOURCES}
    assert {str(file): lines for file, lines in lengths.items() if lines > LONGEST} == {}
