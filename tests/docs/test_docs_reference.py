"""The documentation says what the code says: every command, option, key, limit and exit code."""

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

from qosflood.base.errors import ExitCode
from qosflood.cli.group import commands
from qosflood.plan.limit_language import METRICS
from qosflood.plan.profile.files import key_paths, load_profile

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
WRITTEN = [DOCS / "index.md", DOCS / "tutorial.md", *sorted((DOCS / "how-to").glob("*.md"))]


def made() -> ModuleType:
    """The script that writes the reference."""
    spec = importlib.util.spec_from_file_location("reference", DOCS / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_as_the_code_makes_it() -> None:
    for path, text in made().pages().items():
        assert path.read_text("utf-8") == text, f"{path.name}: run `make reference`"


def every_command(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from every_command(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


@pytest.mark.parametrize("name", [name for name, _ in every_command(commands)])
def test_every_command_and_option_is_documented_with_words(name: str) -> None:
    text = (DOCS / "reference" / "commands.md").read_text()
    part = text.partition(f"## qosflood {name}\n")[2].partition("\n## ")[0]
    assert part
    options = [one for one in dict(every_command(commands))[name].params if one.name != "help"]
    for option in options:
        if isinstance(option, click.Option):
            assert re.search(rf"[`>]{option.opts[0]}\b[^|]*[`>] \| \w", part), option.opts


def test_every_profile_key_is_documented() -> None:
    text = (DOCS / "reference" / "profile.md").read_text()
    assert [key for key in key_paths() if f"| `{key}` | " not in text] == []


def test_every_limit_and_every_exit_code_is_documented() -> None:
    limits = (DOCS / "reference" / "limits.md").read_text()
    assert [name for name in METRICS if f"| `{name}` | " not in limits] == []
    codes = (DOCS / "reference" / "exit-codes.md").read_text()
    assert [code for code in ExitCode if f"| {int(code)} | {code.name} | " not in codes] == []


def examples(path: Path) -> Iterator[str]:
    """Each line of code blocks that calls qosflood, continued lines joined."""
    text = path.read_text("utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        call = re.match(r"\s+(?:script: |- run: )?(qosflood (?!\().*)", line)
        if call and "<" not in call[1].split("#")[0].replace(" < ", ""):
            yield call[1]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_examples_name_options_that_exist(path: Path) -> None:
    known = dict(every_command(commands))
    for line in examples(path):
        words = shlex.split(line, comments=True)[1:]
        name = next((" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in known), "run")
        spelled = {spelling for option in known[name].params for spelling in option.opts}
        named = {word for word in words if word.startswith("--")}
        assert named <= spelled, line


@pytest.mark.parametrize("path", [*WRITTEN, DOCS / "bodies.md"], ids=lambda path: path.stem)
def test_profiles_shown_are_profiles(path: Path, tmp_path: Path) -> None:
    for number, block in enumerate(re.findall(r"```toml\n(.*?)```", path.read_text(), re.DOTALL)):
        shown = tmp_path / f"{number}.toml"
        shown.write_text(block)
        load_profile(str(shown))


def test_the_site_is_built_without_a_dead_link(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path / "site"],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "tutorial" / "index.html").exists()
