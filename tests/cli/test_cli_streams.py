"""Whatever started us, with whatever streams and variables: a verdict and its exit code come."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from qosflood.cli.environment import drop_service_links

ROOT = Path(__file__).parents[2]
OLD_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def shell(line: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """A command line of a shell, with `qosflood` for the command."""
    script = f'qosflood() {{ "{sys.executable}" -m qosflood "$@"; }}; {line}'
    return subprocess.run(
        ["bash", "-c", script], env=os.environ | variables, capture_output=True, timeout=60
    )


def test_a_locale_that_is_not_utf_8_shows_marks_and_fails_nothing() -> None:
    done = shell("qosflood --help && qosflood watch --help", **OLD_LOCALE)
    assert (done.returncode, done.stderr) == (0, b"")
    for locale in (OLD_LOCALE, {"PYTHONIOENCODING": "latin-1"}):
        done = shell("qosflood --target http://127.0.0.1:9", **locale)
        assert done.returncode == 2
        assert b"connection refused" in done.stderr


@pytest.mark.e2e
@pytest.mark.parametrize("to", ["/dev/null", "/dev/full"])
def test_a_run_keeps_its_exit_code_whatever_its_output_takes(tmp_path: Path, to: str) -> None:
    short = "--duration 1s --clients 5 --set phases.baseline=0s --set phases.ramp=100ms"
    short += " --set phases.recovery=0s --set phases.settle=100ms"
    run = f"cd {tmp_path} && PYTHONPATH={ROOT} qosflood {short} --limit 'errors < 1%'"
    done = shell(f"{run} --json --out ./-dash > {to}", **OLD_LOCALE)
    assert done.returncode in (0, 3), done.stderr
    assert (b"it lacks report.json" in done.stderr) is (to == "/dev/full")
    assert (tmp_path / "-dash" / "report.html").exists()
    again = shell(f"cd {tmp_path} && PYTHONPATH={ROOT} qosflood report ./-dash > {to}")
    assert again.returncode == done.returncode, again.stderr
    done = shell(f"{run} --limit 'offered >= 0%' > {to}", **OLD_LOCALE)
    assert done.returncode in (0, 3), done.stderr


@pytest.mark.parametrize("command", ["--version", "--help", "profiles show intercom"])
def test_a_device_that_is_full_is_named(command: str) -> None:
    done = shell(f"qosflood {command} > /dev/full")
    assert done.returncode == 2
    assert done.stderr == b"qosflood: standard output: No space left on device\n"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_standard_stream_may_be_closed(closed: str) -> None:
    done = shell(f"qosflood --dry-run {closed}")
    assert done.returncode == 0, done.stderr
    done = shell(f"qosflood --target http://127.0.0.1:9 {closed}")
    assert done.returncode == 2, done.stderr


def test_a_profile_may_come_through_a_pipe_and_begin_with_a_mark(tmp_path: Path) -> None:
    marked = tmp_path / "marked.toml"
    marked.write_bytes(b"\xef\xbb\xbf[run]\nrate = '3x'\n")
    for profile in (str(marked), f"<(cat {marked})"):
        done = shell(f"qosflood {profile} --dry-run")
        assert done.returncode == 0, done.stderr
        assert b"(3x of a peak of " in done.stdout


def test_what_kubernetes_says_of_a_service_is_no_option() -> None:
    link = {
        "QOSFLOOD_COLLECTOR_PORT": "tcp://10.0.0.1:3000",
        "QOSFLOOD_COLLECTOR_PORT_3000_TCP_ADDR": "10.0.0.1",
        "QOSFLOOD_COLLECTOR_SERVICE_HOST": "10.0.0.1",
        "QOSFLOOD_RUN_METRICS_PORT": "tcp://10.0.0.2:9090",
    }
    kept = {"QOSFLOOD_COLLECTOR_HOST": "127.0.0.1", "QOSFLOOD_RUN_RATE": "2x", "PORT": "tcp://x"}
    environ = link | kept
    drop_service_links(environ)
    assert environ == kept
    done = shell("qosflood collector --help && qosflood --dry-run", **link)
    assert done.returncode == 0
    assert done.stderr == b""


def test_a_port_that_is_one_stays_an_option() -> None:
    environ = {"QOSFLOOD_COLLECTOR_PORT": "3000"}
    drop_service_links(environ)
    assert environ == {"QOSFLOOD_COLLECTOR_PORT": "3000"}


@pytest.mark.parametrize("option", ["--cacert", "--target", "--out", "--rate", "--scrape"])
def test_an_empty_value_is_named(option: str) -> None:
    done = shell(f"qosflood {option} ''")
    assert done.returncode == 2
    assert f'{option}: got "", expected '.encode() in done.stderr
