"""requirements/ pins all that pyproject.toml asks for, with hashes and without addresses."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
GROUPS = PYPROJECT["dependency-groups"]
LOCKS = ("dev", "run")
Pins = dict[str, list[Requirement]]
"""By the package's name: a pin for each marker."""


def lines(lock: str) -> list[str]:
    """The entries of a lock, each with its hashes in one line."""
    text = (ROOT / f"requirements/{lock}.txt").read_text("utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def pins(lock: str) -> Pins:
    found: Pins = {}
    for line in lines(lock):
        requirement = Requirement(line.split(" --hash", 1)[0])
        found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


@pytest.mark.parametrize("name", ["plotly", "hdrhistogram"])
def test_a_package_whose_private_parts_are_read_has_a_bound_above(name: str) -> None:
    asked = map(Requirement, PYPROJECT["project"]["dependencies"])
    (found,) = (one for one in asked if one.name == name)
    assert any(each.operator == "<" for each in found.specifier)
    assert not found.specifier.contains("1000")
    assert all(found.specifier.contains(str(pin)) for pin in versions(name))


def versions(name: str) -> list[Version]:
    return [
        Version(next(iter(pin.specifier)).version) for lock in LOCKS for pin in pins(lock)[name]
    ]


def group(name: str) -> Iterator[str]:
    for entry in GROUPS[name]:
        if isinstance(entry, str):
            yield entry
        else:
            yield from group(entry["include-group"])


def asked(lock: str) -> list[Requirement]:
    """What pyproject.toml asks for where `lock` is installed."""
    project = PYPROJECT["project"]
    texts = [*project["dependencies"], *group("build")]
    if lock == "dev":
        texts += [*project["optional-dependencies"]["otel"], *group("dev")]
    return [Requirement(text) for text in texts]


def pinned(requirement: Requirement) -> Version:
    [specifier] = requirement.specifier
    assert specifier.operator == "=="
    return Version(specifier.version)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_all_that_is_asked_for_within_its_range(lock: str) -> None:
    held = pins(lock)
    for requirement in asked(lock):
        found = held.get(canonicalize_name(requirement.name))
        assert found, f"{requirement} is in no requirements/{lock}.txt: make lock"
        for pin in found:
            assert pinned(pin) in requirement.specifier, f"{pin} is not {requirement}: make lock"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes_and_names_no_place(lock: str) -> None:
    for line in lines(lock):
        assert re.fullmatch(r"[^/]+?( --hash=sha256:[0-9a-f]{64}| {2,})+", f"{line}  "), line[:80]


def test_what_a_run_needs_is_what_the_tests_have() -> None:
    held = pins("dev")
    for name, found in pins("run").items():
        assert {pinned(pin) for pin in found} <= {pinned(pin) for pin in held[name]}


def test_a_run_needs_none_of_the_tools_for_tests_and_documentation() -> None:
    assert not {"pytest", "mypy", "playwright", "mkdocs-material"} & pins("run").keys()
