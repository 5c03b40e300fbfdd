""".ci/run installs what is missing where it may, and always goes on to the tests."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APT_GET = """#!/bin/sh
echo "$@" >> apt.log
case "$*" in *--simulate*chromium) exit 100 ;; esac
"""
# Runs apt-get alone: nothing is written to the system's folders.
SUDO = """#!/bin/sh
[ "$1" = -n ] && shift
case "$1" in true) ;; env) exec "$@" ;; tee) cat >/dev/null ;; esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the script, a PATH of little more than a shell, and doubles that write logs."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "sh", "env", "dirname", "cat", "sleep"):
        (programs / name).symlink_to(str(shutil.which(name)))
    double(programs / "make", '#!/bin/sh\necho "$CI $@" > make.log\n')
    double(programs / "id", "#!/bin/sh\necho 1000\n")
    return tmp_path


def double(path: Path, script: str) -> None:
    path.write_text(script)
    path.chmod(0o755)


def run(checkout: Path, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [checkout / "bin/bash", ".ci/run"],
        cwd=checkout,
        env={"PATH": str(checkout / "bin"), **env},
        capture_output=True,
        text=True,
        timeout=60,
    )


def installed(checkout: Path) -> list[str]:
    log = (checkout / "apt.log").read_text().splitlines()
    return [line for line in log if line.startswith("install --yes")]


def test_in_ci_what_is_missing_is_installed_though_apt_lacks_one_of_them(checkout: Path) -> None:
    double(checkout / "bin/apt-get", APT_GET)
    double(checkout / "bin/sudo", SUDO)
    done = run(checkout, CI="true")
    assert done.returncode == 0, done.stderr
    [line] = installed(checkout)
    assert {"prometheus", "wrk", "nodejs"} <= set(line.split())
    assert "chromium" not in line
    assert "cannot install it here: chromium" in done.stderr
    assert (checkout / "make.log").read_text() == "true test\n"


@pytest.mark.parametrize("tools", [[], ["apt-get"], ["apt-get", "sudo"]], ids="-".join)
def test_a_person_is_told_what_is_missing_and_the_tests_run(
    checkout: Path, tools: list[str]
) -> None:
    for tool in tools:
        double(checkout / f"bin/{tool}", '#!/bin/sh\necho "$@" >> apt.log\n')
    done = run(checkout)
    assert done.returncode == 0, done.stderr
    assert "missing and not installed" in done.stderr
    assert "prometheus" in done.stderr
    assert not (checkout / "apt.log").exists()
    assert (checkout / "make.log").read_text() == "true test\n"


def test_the_interpreter_that_is_named_is_the_one_looked_at(checkout: Path) -> None:
    double(checkout / "bin/apt-get", APT_GET)
    double(checkout / "bin/sudo", SUDO)
    double(checkout / "bin/python3", "#!/bin/sh\nexit 1\n")
    double(checkout / "bin/named", "#!/bin/sh\nexit 0\n")
    assert run(checkout, CI="true", PYTHON="named").returncode == 0
    assert "python3-venv" not in installed(checkout)[0]
