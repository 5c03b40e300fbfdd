"""What is not this machine is flooded only with consent, and notices nothing without it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flooding import MARK, SMALL, flooding, running
from listeners import listener, renamed_python
from processes import Faulty, qosflood_command, read_report, run_qosflood, wait_until
from remote_host import THERE, target_elsewhere
from terminal import on_terminal

pytestmark = pytest.mark.e2e

CTRL_C = "\x03"
QUESTION = "is not this machine. Send it up to 100 reports/s? [yes/no]"


@pytest.fixture(scope="module")
def target() -> Iterator[Faulty]:
    with target_elsewhere() as server:
        yield server


def question_stands(screen: list[str]) -> bool:
    return QUESTION in "".join(screen)


def test_without_consent_a_host_elsewhere_is_refused_untouched(
    target: Faulty, tmp_path: Path
) -> None:
    before = target.log()["connections"]
    for command in (("run", *SMALL, "--out", str(tmp_path / "run")), ("doctor",)):
        done = run_qosflood(*command, "--target", target.url)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.splitlines()[-1] == (
            f"qosflood: target: {THERE}:{target.port} is not this machine; "
            f"to allow the flood, add --allow-target {THERE}:{target.port}"
        )
    assert target.log()["connections"] == before + 1, "only the question for the log"
    assert not (tmp_path / "run").exists()


def test_consent_to_another_port_is_none(target: Faulty, tmp_path: Path) -> None:
    done = run_qosflood("doctor", "--target", target.url, "--allow-target", f"{THERE}:1")
    assert done.returncode == 2


def test_with_allow_target_it_is_flooded(target: Faulty, tmp_path: Path) -> None:
    args = ("--duration", "1s", "--target", target.url, "--allow-target", THERE)
    with flooding(tmp_path / "run", *args) as flood:
        done = flood.finish()
        flood.wait_until_gone()
    assert done.code in (0, 3)
    report = read_report(flood.run_dir)
    assert report["totals"]["outcomes"]["acked"] == report["totals"]["scheduled"] > 0
    assert not [line for line in report["warnings"] if line.startswith("shared_host")]


@pytest.mark.parametrize(
    ("answer", "code", "says"),
    [
        ("yes\n", 130, "INTERRUPTED - interrupted"),
        ("no\n", 2, "to allow the flood, add --allow-target"),
        ("\n", 2, "to allow the flood, add --allow-target"),
        ("y\n", 2, "to allow the flood, add --allow-target"),
        (CTRL_C, 130, "interrupted; nothing was flooded"),
    ],
    ids=["yes", "no", "nothing", "y", "Ctrl-C"],
)
def test_a_question_on_the_terminal_is_answered_by_a_whole_yes(
    target: Faulty, tmp_path: Path, answer: str, code: int, says: str
) -> None:
    args = (*SMALL, "--set", "phases.baseline=60s", "--out", str(tmp_path / "run"))
    command = qosflood_command(*args, "--target", target.url)
    with on_terminal(command, {MARK: str(tmp_path)}) as terminal:
        terminal.wait_for(question_stands, "the question")
        terminal.type(answer)
        if answer == "yes\n":
            terminal.wait_for(lambda screen: "p50" in "\n".join(screen), "the load")
            terminal.type(CTRL_C)
        assert terminal.finish() == code
        wait_until(lambda: not running(str(tmp_path)), "no process of the run left")
    assert says in " ".join(terminal.text().split())
    assert (tmp_path / "run").exists() is (answer == "yes\n")


def test_a_forwarder_on_loopback_counts_as_elsewhere(tmp_path: Path) -> None:
    with listener(program=renamed_python(tmp_path, "socat")) as forwarder:
        place = f"127.0.0.1:{forwarder.port}"
        args = ("doctor", "--target", f"http://{place}", "--scrape-interval", "200ms")
        args += ("--set", "report.timeout=200ms")
        refused = run_qosflood(*args)
        allowed = run_qosflood(*args, "--allow-target", "127.0.0.1")
    held = f"{place} is held by a forwarder, socat (pid {forwarder.pid})"
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == (
        f"qosflood: target: {held}; to allow the flood, add --allow-target {place}\n"
    )
    assert allowed.returncode == 2  # it is looked at, but accepts neither report nor scrape
    assert "post ✗ no answer within 200ms" in allowed.stdout
    assert "memory ✗" in allowed.stdout
    assert f"warning: {held}: its memory is not the target's" in allowed.stderr
