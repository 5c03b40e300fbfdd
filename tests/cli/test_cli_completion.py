"""A real bash completes commands, profiles, options and shells by the script that is printed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import qosflood
from parts import require

COMPLETE = """
eval "$(qosflood completion bash)"
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
compopt() { :; }
_qosflood_completion qosflood
printf '%s\\n' "${COMPREPLY[@]}"
"""


def offered(*words: str) -> list[str]:
    """What bash offers for the last of the words that follow `qosflood`."""
    require(shutil.which("bash"), "apt-get install bash")
    folder = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-c", COMPLETE, "bash", "qosflood", *words],
        env={"PATH": f"{folder}:/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert not done.stderr
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--rat",), ["--rate"]),
        (("--rate", "10x", "--durat"), ["--duration"]),
        (("synchro",), ["synchronised"]),
        (("merg",), ["merge"]),
        (("run", "merg"), []),
        (("watch", "smok"), ["smoke"]),
        (("completion", "z"), ["zsh"]),
    ],
    ids=" ".join,
)
def test_bash_is_offered_what_fits(words: tuple[str, ...], expected: list[str]) -> None:
    assert offered(*words) == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_that_asks_us(shell: str) -> None:
    said = qosflood("completion", shell)
    assert said.code == 0
    assert f"_QOSFLOOD_COMPLETE={shell}_complete" in said.out


def test_a_shell_that_is_not_known_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    said = qosflood("completion")
    assert said.code == 2
    assert said.err == 'qosflood: got "tcsh" as shell, expected one of bash, zsh, fish\n'
