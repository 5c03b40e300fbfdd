"""Commands, their help, and errors to exit codes."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from command_line import qosflood

from qosflood import __version__
from qosflood.base.errors import JournalWriteError
from qosflood.cli import group
from qosflood.plan.profile.shipped import list_profiles

COMMANDS = list(group.commands.commands)


def test_help_shows_the_options_of_run_first_and_the_commands_after() -> None:
    said = qosflood("--help")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("Usage: qosflood [run] [OPTIONS] [PROFILE]\n")
    options, _, rest = said.out.partition("\nCommands:\n")
    assert "  --rate 10x|5000/s " in options
    assert "  --target URL " in options
    commands, _, pointer = rest.partition("\n\n")
    rows = [line.strip().partition("  ")[0] for line in commands.splitlines() if line[2] != " "]
    assert {name for row in rows for name in row.split(", ")} == set(COMMANDS)
    assert "..." not in commands
    assert pointer == ("All options: qosflood --help-all; in detail: docs/reference/commands.md\n")


def test_help_fits_on_one_screen_and_groups_the_common_options() -> None:
    lines = qosflood("--help").out.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80
    headings = [line for line in lines if line and not line.startswith(" ")]
    sections = ["Load:", "Target:", "Watching:", "Limits:", "Output:", "Commands:"]
    assert headings[1:-1] == sections


def test_help_says_what_quiet_leaves_out_and_what_it_prints() -> None:
    assert "  --quiet                          No progress: only warnings and the verdict.\n" in (
        qosflood("--help").out
    )
    every = " ".join(qosflood("run", "--help-all").out.split())
    assert (
        "--quiet Print neither plan nor progress: only warnings, and at the end the verdict and "
        "the report's path."
    ) in every


@pytest.mark.parametrize("words", [("--help-all",), ("run", "--help-all")])
def test_help_all_shows_every_option(words: tuple[str, ...]) -> None:
    said = qosflood(*words)
    assert (said.code, said.err) == (0, "")
    run = group.commands.commands["run"]
    for option in run.params:
        if isinstance(option, click.Option) and option.name != "help_all":
            assert f"  {option.opts[0]}" in said.out
    short = qosflood(words[0].replace("-all", ""), *(f"{word[:6]}" for word in words[1:])).out
    assert "--otlp-header" not in short


@pytest.mark.parametrize(
    "words",
    [
        ("--help", "--all"),
        ("--all", "-h"),
        ("run", "--help", "--all"),
        ("intercom", "--help", "--all"),
    ],
)
def test_help_with_all_is_help_all(words: tuple[str, ...]) -> None:
    named = [] if words[0].startswith("-") else ["run"]
    assert qosflood(*words) == qosflood(*named, "--help-all")


def test_help_with_all_is_help_where_help_shows_every_option_already() -> None:
    assert qosflood("report", "--help", "--all") == qosflood("report", "--help")
    assert qosflood("watch", "--help", "--all") == qosflood("watch", "--help-all")


def test_all_without_help_is_no_option() -> None:
    assert 'got "--all", expected an option' in qosflood("--all").err
    assert qosflood("--", "--help", "--all").code == 2


@pytest.mark.parametrize("command", ["", "run", "watch", "report", "profiles show"])
def test_h_and_the_help_command_say_what_help_says(command: str) -> None:
    words = command.split()
    long = qosflood(*words, "--help")
    assert long.code == 0
    assert qosflood(*words, "-h") == long
    assert qosflood("help", *words) == long


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("reprt",), 'got "reprt", expected one of run, capacity, watch, '),
        (("profiles", "shwo"), 'got "shwo", expected one of list, show, validate, schema; did you'),
        (("report", "now"), 'got "now", expected nothing after report'),
    ],
)
def test_help_on_no_command_is_one_line(words: tuple[str, ...], line: str) -> None:
    said = qosflood("help", *words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"qosflood: {line}")
    assert said.err.count("\n") == 1


def test_every_command_is_named_where_an_unknown_word_is_answered() -> None:
    assert f"expected a command ({', '.join(COMMANDS)}), a profile" in qosflood("xyzzy").err


@pytest.mark.parametrize("command", [*COMMANDS, "profiles show", "profiles validate"])
def test_every_command_explains_itself(command: str) -> None:
    said = qosflood(*command.split(), "--help")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"Usage: qosflood {command}")
    assert "--help" in said.out


@pytest.mark.parametrize("command", ["run", "watch", "collector"])
def test_every_duration_has_an_example_of_its_own(command: str) -> None:
    assert "TIME" not in qosflood(*command.split(), "--help").out


@pytest.mark.parametrize("command", ["run", "watch", "doctor", "collector", "report"])
def test_every_option_has_a_word_of_help(command: str) -> None:
    for option in group.commands.commands[command].params:
        assert not isinstance(option, click.Option) or option.help, option.name


@pytest.mark.parametrize("word", ["--version", "-V", "version"])
def test_the_version_is_printed(word: str) -> None:
    said = qosflood(word)
    assert (said.code, said.out) == (0, f"qosflood, version {__version__}\n")


def test_a_variable_called_version_is_no_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QOSFLOOD_VERSION", "1.2.3")
    assert qosflood("--dry-run").code == 0


def test_profiles_list_is_profiles() -> None:
    said = qosflood("profiles", "list")
    assert said.code == 0
    assert next(iter(list_profiles())) in said.out
    assert said == qosflood("profiles")


@pytest.mark.parametrize(
    ("words", "ending"),
    [
        (["intercon"], "did you mean intercom?"),
        (["reprt", "some-run"], "did you mean report?"),
        (["doctr", "--target", "http://127.0.0.1:1"], "did you mean doctor?"),
        (["Collector"], "did you mean collector?"),
        (["run", "intercon"], "did you mean intercom?"),
        (["doctor", "intercon"], "did you mean intercom?"),
        (["xyzzy"], f"a profile ({', '.join(list_profiles())}) or the path of one"),
    ],
)
def test_an_unknown_word_is_answered_with_the_nearest_command_or_profile(
    words: list[str], ending: str
) -> None:
    said = qosflood(*words)
    assert (said.code, said.out) == (2, "")
    unknown = words[1] if words[0] in ("run", "doctor") else words[0]
    assert said.err.startswith(
        f'qosflood: got "{unknown}", expected a command (run, capacity, watch, report, '
    )
    assert said.err.endswith(f"{ending}\n")
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["intercom", "twice"], 'got "twice" after intercom, expected one profile at most'),
        (["nowhere.toml"], "profile nowhere.toml: "),
        (
            ["--ratee", "5x"],
            'got "--ratee", expected an option of qosflood run (qosflood run --help-all lists '
            "them); did you mean --rate?\n",
        ),
        (
            ["report", "--jsn"],
            'got "--jsn", expected an option of qosflood report (qosflood report --help lists '
            "them); did you mean --json?\n",
        ),
        (["--rate"], "--rate: got nothing, expected 10x|5000/s\n"),
        (["compare", "--min-effect"], "--min-effect: got nothing, expected 5%[,1ms]\n"),
        (["--quiet=yes"], "Option '--quiet' does not take a value."),
        (["report", ".", "b"], "Got unexpected extra argument (b)"),
        (
            ["report", "/nowhere/at/all"],
            'RUN: got "/nowhere/at/all", expected the folder of a run, e.g. one below '
            "qosflood-runs\n",
        ),
        (["merge", "/nowhere"], 'DIR…: got "/nowhere", expected the folder of a run, '),
        (
            ["compare", "--base", "/nowhere"],
            '--base: got "/nowhere", expected the folder of a run or its report.json\n',
        ),
        (
            ["compare", "s60"],
            'got "s60" without its side, expected --base RUN and --new RUN, e.g. qosflood compare '
            "--base BEFORE --new s60\n",
        ),
        (
            ["compare", "s60", "s61"],
            'got "s60" without its side, expected --base RUN and --new RUN, e.g. qosflood compare '
            "--base s60 --new s61\n",
        ),
        (["profiles", "shw"], "No such command 'shw'."),
        (["--dry-run", "--json"], "--json: got --dry-run too, which makes no report"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_2(words: list[str], line: str) -> None:
    said = qosflood(*words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"qosflood: {line}")
    assert said.err.count("\n") == 1


def test_a_mistyped_folder_is_answered_with_the_one_beside_it(tmp_path: Path) -> None:
    (tmp_path / "before").mkdir()
    said = qosflood("report", str(tmp_path / "befor"))
    assert said.code == 2
    assert said.err.endswith(f"; did you mean {tmp_path / 'before'}?\n")


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (JournalWriteError("no more"), 3, "qosflood: no more\n"),
        (KeyboardInterrupt(), 130, "qosflood: interrupted; nothing was flooded\n"),
        (click.Abort(), 130, "qosflood: interrupted; nothing was flooded\n"),
        (BrokenPipeError(), 130, ""),
        (
            ZeroDivisionError("by 0"),
            70,
            "qosflood: internal error: ZeroDivisionError: by 0 "
            "(QOSFLOOD_TRACEBACK=1 shows where)\n",
        ),
    ],
)
def test_an_error_becomes_its_exit_code_and_a_line(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, line: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(group.commands, "main", fail)
    said = qosflood()
    assert (said.code, said.out, said.err) == (code, "", line)


def test_a_traceback_is_shown_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group.commands, "main", lambda **_: 1 / 0)
    monkeypatch.setenv("QOSFLOOD_TRACEBACK", "1")
    assert "Traceback" in qosflood().err


@pytest.mark.parametrize("word", ["profiles", "--help", "intercon"])
def test_a_reader_that_has_gone_is_no_verdict(word: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "qosflood", word]
    done = subprocess.run(command, stdout=writing, stderr=writing, timeout=60)
    os.close(writing)
    assert done.returncode == (2 if word == "intercon" else 130)


def test_a_path_is_like_another_by_its_name_not_by_the_folder_that_both_are_in(tmp_path) -> None:
    for name in ("20261130T180000Z-smoke", "elsewhere"):
        (tmp_path / name).mkdir()
    near = qosflood("report", str(tmp_path / "20261130T180000Z-smoki")).err
    assert f"did you mean {tmp_path / '20261130T180000Z-smoke'}?" in near
    assert "did you mean" not in qosflood("report", str(tmp_path / "nothing-like")).err
