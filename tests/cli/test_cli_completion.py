"""Commands, profiles, options and shells are offered; a real bash asks by the printed script."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import qosflood
from parts import require

COMPLETE = """
eval "$(qosflood completion bash)"
compopt() { :; }
while read -r -a words; do
    COMP_WORDS=(qosflood "${words[@]}")
    COMP_CWORD=${#words[@]} COMPREPLY=()
    _qosflood_completion qosflood
    echo "${COMPREPLY[*]}"
done
"""


def test_a_real_bash_is_offered_what_fits() -> None:
    require(shutil.which("bash"), "apt-get install bash")
    folder = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-c", COMPLETE],
        input="--rate 10x --durat\nwatch smok\n",
        env={"PATH": f"{folder}:/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert not done.stderr
    assert done.stdout.splitlines() == ["--duration", "smoke"]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("--rat", ["--rate"]),
        ("--rate 10x --durat", ["--duration"]),
        ("synchro", ["synchronised"]),
        ("merg", ["merge"]),
        ("run merg", []),
        ("watch smok", ["smoke"]),
        ("completion z", ["zsh"]),
    ],
)
def test_the_last_word_is_offered_what_fits(
    monkeypatch: pytest.MonkeyPatch, typed: str, expected: list[str]
) -> None:
    monkeypatch.setenv("_QOSFLOOD_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", f"qosflood {typed}")
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split())))
    offered = [line.partition(",") for line in qosflood().out.splitlines()]
    assert [word for kind, _, word in offered if kind == "plain"] == expected


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
