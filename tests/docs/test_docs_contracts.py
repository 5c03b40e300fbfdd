"""The contracts on imports cover what they should: no pure module is left unguarded."""

import tomllib
from pathlib import Path
from typing import Any

import grimp
import pytest

ROOT = Path(__file__).parents[2]
SETTINGS: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
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
    "qosflood.live.terminal",
    "qosflood.load.client.shared",
    "qosflood.monitor.memory.process_tree",
}
"""Parts of shells that read no clock and no file by themselves today, and may."""
