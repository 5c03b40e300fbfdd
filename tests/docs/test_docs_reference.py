"""The documentation says what the code says: every command, option, key, limit and exit code."""

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

from qosflood.base.errors import ExitCode
from qosflood.cli.group import commands
from qosflood.cli.planning import make_plan
from qosflood.plan.limit_language import METRICS
from qosflood.plan.options import Options
from qosflood.plan.profile.files import key_paths

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
WRITTEN = [ROOT / "README.md", *sorted(DOCS.glob("*.md")), *sorted((DOCS / "how-to").glob("*.md"))]
EVERYWHERE = {"--help", "--version"}


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
    """Each call of qosflood, in a code block (continued lines joined) or within a sentence."""
    text = re.sub(r"\\?\n +(?=--)", " ", path.read_text("utf-8"))
    blocks = re.findall(r"^ +(?:- run: )?(qosflood (?!\().*)", text, re.MULTILINE)
    for call in (*blocks, *re.findall(r"`(qosflood (?!\[)[^`]+)`", text)):
        if "<" not in call.split("#")[0].replace(" < ", ""):
            yield call


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_examples_name_options_that_exist(path: Path) -> None:
    known = dict(every_command(commands))
    for line in examples(path):
        words = shlex.split(line.partition(";")[0], comments=True)[1:]
        name = next((" ".join(words[:n]) for n in (2, 1) if " ".join(words[:n]) in known), "run")
        spelled = {spelling for option in known[name].params for spelling in option.opts}
        named = {word for word in words if word.startswith("--")}
        assert named <= spelled | EVERYWHERE, line


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_what_a_page_starts_in_the_background_it_stops_again(path: Path) -> None:
    blocks = re.findall(r"(?m)(?:^    .*\n)+", path.read_text("utf-8"))
    for block in blocks:
        assert len(re.findall(r"(?m)[^&]&$", block)) == block.count("    kill %")


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_an_option_within_a_sentence_exists(path: Path) -> None:
    spelled = {
        spelling
        for _, one in every_command(commands)
        for each in one.params
        for spelling in each.opts
    }
    named = re.findall(r"`[^`\n]*(?<![\w-])(--[a-z][a-z-]*)", path.read_text("utf-8"))
    assert set(named) <= spelled | EVERYWHERE


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_a_variable_of_the_environment_is_an_option_of_run(path: Path) -> None:
    options = {
        f"QOSFLOOD_RUN_{one.name}".upper() for one in dict(every_command(commands))["run"].params
    }
    assert set(re.findall(r"\bQOSFLOOD_RUN_[A-Z_]*[A-Z]\b", path.read_text("utf-8"))) <= options


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_profiles_shown_are_profiles_that_a_run_could_have(path: Path, tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", path.read_text("utf-8"), re.DOTALL)
    for number, block in enumerate(blocks):
        shown = tmp_path / f"{number}.toml"
        shown.write_text(block)
        make_plan(str(shown), (), Options(), silent=True)


def test_profiles_are_shown_where_bodies_and_collectors_are_described() -> None:
    for page in ("bodies.md", "how-to/your-collector.md"):
        assert "```toml\n" in (DOCS / page).read_text("utf-8")
