"""Options whose value may be left out, and help in sections."""

from pathlib import Path

import click
import pytest
from command_line import qosflood

from qosflood.cli.group import commands
from qosflood.cli.help import SectionedOption

ALONE = "--web=127.0.0.1:0"


def web_words(*words: str) -> list[str]:
    option = next(one for one in commands.commands["run"].params if one.name == "web")
    return option.spelled_out(words)


@pytest.mark.parametrize("profile", ["smoke", "smok", "./mine.toml", "mine.toml", "folder/mine"])
def test_an_optional_value_takes_no_profile(profile: str) -> None:
    assert web_words("--web", profile, "--quiet") == [ALONE, profile, "--quiet"]
    assert web_words("--quiet", "--web", profile) == ["--quiet", ALONE, profile]


@pytest.mark.parametrize(
    "value",
    ["127.0.0.1:8080", ":8080", "localhost", "0.0.0.0", "intercom.local", "smoke:80", "8080"],
)
def test_an_optional_value_takes_an_address(value: str) -> None:
    assert web_words("--web", value, "smoke") == ["--web", value, "smoke"]


def test_words_after_two_dashes_are_arguments() -> None:
    assert web_words("--", "--web", "smoke") == ["--", "--web", "smoke"]
    assert web_words("--web", "--", "smoke") == ["--web", "--", "smoke"]


def test_web_before_a_profile_floods_that_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    for words in (("--web", "smoke"), ("run", "--web", "smoke"), ("smoke", "--web")):
        said = qosflood(*words, "--dry-run")
        assert (said.code, said.err) == (0, "")
        assert "profile smoke" in said.out
    said = qosflood("--web", "127.0.0.1:0", "--dry-run")
    assert "profile intercom" in said.out


def test_web_before_a_file_floods_that_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").write_text("peak.clients = 7\n")
    assert "profile mine" in qosflood("--web", "mine", "--dry-run").out


def test_a_mistyped_profile_after_web_is_answered_with_the_nearest() -> None:
    said = qosflood("--web", "smok", "--dry-run")
    assert (said.code, said.out) == (2, "")
    assert said.err.endswith("did you mean smoke?\n")
    said = qosflood("--web", "8080", "--dry-run")
    assert said.err == 'qosflood: --web: got "8080", expected HOST:PORT, e.g. 127.0.0.1:8080\n'


@pytest.mark.parametrize("name", ["run", "watch", "doctor"])
def test_every_option_of_a_long_command_stands_in_a_section(name: str) -> None:
    for option in commands.commands[name].params:
        if isinstance(option, click.Option) and option.name != "help_all":
            assert isinstance(option, SectionedOption)
            assert option.section in ("Load", "Target", "Watching", "Limits", "Output")
