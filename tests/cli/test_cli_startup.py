"""What is not imported before a command is called: version, help and completion stay fast."""

import os
import subprocess
import sys

import pytest

HEAVY = {
    "aiohttp",
    "asyncio",
    "hdrh",
    "numpy",
    "orjson",
    "plotly",
    "prometheus_client",
    "psutil",
    "pydantic",
    "rich",
    "uvloop",
}
OURS = {f"qosflood.{room}" for room in ("run", "live", "report", "analysis", "load", "journal")}


def imported(*words: str, **environment: str) -> set[str]:
    """The modules that a command imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "qosflood", *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
    lines = (line for line in done.stderr.splitlines() if line.startswith("import time:"))
    return {line.rpartition("|")[2].strip() for line in lines}


def completed(*words: str) -> set[str]:
    line = " ".join(("qosflood", *words))
    position = str(len(words))
    variables = {"COMP_WORDS": line, "COMP_CWORD": position}
    return imported(_QOSFLOOD_COMPLETE="bash_complete", **variables)


@pytest.mark.parametrize("word", ["--version", "-V", "--help", "--help-all"])
def test_version_and_help_import_nothing_heavy(word: str) -> None:
    modules = imported(word)
    assert "qosflood.cli.group" in modules
    assert modules & (HEAVY | OURS) == set()


@pytest.mark.parametrize(
    "words",
    [
        ("",),
        ("--rat",),
        ("smok",),
        ("watch", "--prom"),
        ("report", "--js"),
        ("profiles", "show", "s"),
    ],
)
def test_completion_imports_nothing_heavy(words: tuple[str, ...]) -> None:
    modules = completed(*words)
    assert "click.shell_completion" in modules
    assert modules & (HEAVY | OURS) == set()


def test_a_command_imports_what_it_needs_when_it_is_called() -> None:
    assert {"pydantic", "qosflood.run"} <= imported("--dry-run")
