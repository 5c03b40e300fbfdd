""".ci/run installs what is missing where it may, and always goes on to the tests."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APT_GET = """#!/bin/sh
echo "$@" >> apt.log
case "$*" in
  *--simulate*chromium) exit 100 ;;
  *--yes*) [ -x sbin/policy-rc.d ] && sbin/policy-rc.d; echo "services: $?" >> apt.log ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the script, the system's folder that it writes to, a PATH of little more than
    a shell, and doubles that write logs."""
    for folder in (".ci", "sbin", "bin"):
        (tmp_path / folder).mkdir()
    script = (ROOT / ".ci/run").read_text("utf-8").replace("/usr/sbin", str(tmp_path / "sbin"))
    (tmp_path / ".ci/run").write_text(script)
    for name in ("bash", "sh", "env", "dirname", "chmod", "rm", "sleep"):
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    double(tmp_path / "bin/make", 'echo "$CI $@" > make.log')
    return tmp_path


def double(path: Path, script: str) -> None:
    path.write_text(script if script.startswith("#!") else f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def run(checkout: Path, *, user: int, **env: str) -> "subprocess.CompletedProcess[str]":
    double(checkout / "bin/id", f"echo {user}")
    return subprocess.run(
        [checkout / "bin/bash", ".ci/run"],
        cwd=checkout,
        env={"PATH": str(checkout / "bin"), **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def asked_of_apt(checkout: Path) -> list[str]:
    return (checkout / "apt.log").read_text().splitlines()


def test_root_installs_what_is_missing_though_apt_lacks_one_of_them(checkout: Path) -> None:
    double(checkout / "bin/apt-get", APT_GET)
    done = run(checkout, user=0)
    assert done.returncode == 0, done.stderr
    asked = asked_of_apt(checkout)
    [installed] = [line for line in asked if line.startswith("install --yes")]
    assert asked[0] == "update"
    assert {"nginx-light", "prometheus", "wrk", "nodejs"} <= set(installed.split())
    assert "chromium" not in installed
    assert "cannot install it here: chromium" in done.stderr
    assert (checkout / "make.log").read_text() == "true test\n"


def test_no_service_starts_while_packages_are_installed(checkout: Path) -> None:
    double(checkout / "bin/apt-get", APT_GET)
    assert run(checkout, user=0).returncode == 0
    assert asked_of_apt(checkout)[-1] == "services: 101"
    assert not (checkout / "sbin/policy-rc.d").exists()


@pytest.mark.parametrize(("user", "tools"), [(1000, ["apt-get"]), (0, [])], ids=["user", "no-apt"])
def test_who_cannot_install_is_told_what_is_missing_and_the_tests_run(
    checkout: Path, user: int, tools: list[str]
) -> None:
    for tool in tools:
        double(checkout / f"bin/{tool}", APT_GET)
    done = run(checkout, user=user)
    assert done.returncode == 0, done.stderr
    assert "missing and not installed" in done.stderr
    assert "prometheus" in done.stderr
    assert not (checkout / "apt.log").exists()
    assert (checkout / "make.log").read_text() == "true test\n"


def test_the_interpreter_that_is_named_is_the_one_looked_at(checkout: Path) -> None:
    double(checkout / "bin/apt-get", APT_GET)
    double(checkout / "bin/python3", "exit 1")
    double(checkout / "bin/named", "exit 0")
    assert run(checkout, user=0, PYTHON="named").returncode == 0
    assert not any("python3-venv" in line for line in asked_of_apt(checkout))
