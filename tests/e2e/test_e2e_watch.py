"""`qosflood watch`: the monitor without a load, to the same journal, verdict and report."""

import contextlib
import json
import signal
from pathlib import Path
from typing import Any

import pytest
from flooding import flooding
from processes import faulty, free_port, read_journal, read_report, run_qosflood, stop, wait_until
from sick_collectors import sick_collector

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Watches side by side: of a healthy collector, of one that dies, and one interrupted."""
    folder = tmp_path_factory.mktemp("watch")
    with contextlib.ExitStack() as stack:
        well = stack.enter_context(faulty())
        doomed = stack.enter_context(sick_collector("healthy"))

        def begin(name: str, url: str, *options: str) -> Any:
            words = ("watch", "--target", url, "--no-live", *options)
            return stack.enter_context(flooding(folder / name, load=words))

        limit = ("--limit", "scrape.success >= 99%", "--limit", "memory.max < 2GiB")
        watches = {
            "doomed": begin("doomed", doomed.url, "--duration", "5s"),
            "well": begin("well", well.url, "--duration", "3s", *limit),
            "stopped": begin("stopped", well.url, "--duration", "1h"),
        }
        wait_for_scrapes(folder / "doomed")
        stop(doomed.process)
        wait_for_scrapes(folder / "stopped")
        watches["stopped"].signal(signal.SIGINT)
        codes = {name: watch.finish().code for name, watch in watches.items()}
        assert codes == {"well": 0, "doomed": 1, "stopped": 130}
        assert well.log()["reports"] == 0
        for watch in watches.values():
            watch.wait_until_gone()
        return {name: folder / name for name in watches}


def wait_for_scrapes(folder: Path) -> None:
    """Wait until the watch has begun for good: the second scrape comes after its first moment."""

    def scraped() -> bool:
        with contextlib.suppress(OSError, ValueError):
            return len(read_journal(folder, "scrape")) >= 2
        return False

    wait_until(scraped, "two scrapes", 30.0)


def test_a_healthy_target_passes_with_words_fit_for_a_watch(folders: dict[str, Path]) -> None:
    report = read_report(folders["well"])
    assert report["verdict"] == "PASS"
    assert report["headline"].startswith("watched http://127.0.0.1:")
    assert " for 3s: PASS - " in report["headline"]
    assert [phase["name"] for phase in report["phases"]] == ["watch"]
    assert report["phases"][0]["scrapes"]["count"] >= 2
    assert report["totals"]["scheduled"] == 0
    assert report["limited_by"] == "none"
    judged = {limit["expr"]: limit["ok"] for limit in report["limits"]}
    assert judged["scrape.success >= 99%"] is True
    assert judged["memory.max < 2GiB"] is True
    assert judged["restarts == 0"] is True
    assert not any(expr.startswith(("errors", "offered", "loss")) for expr in judged)


def test_a_target_that_dies_fails_the_watch_and_the_moment_is_told(
    folders: dict[str, Path],
) -> None:
    report = read_report(folders["doomed"])
    assert report["verdict"] == "FAIL"
    first = report["first_failure"]
    assert (first["who"], first["kind"]) in {
        ("target", "process_gone"),
        ("target", "scrapes_failing"),
    }
    assert any("ended and did not come back" in reason for reason in report["reasons"])
    assert report["restarts"] == 0


def test_ctrl_c_reports_what_was_seen(folders: dict[str, Path]) -> None:
    report = read_report(folders["stopped"])
    assert (report["verdict"], report["exit_code"]) == ("INTERRUPTED", 130)
    assert "into watch: by SIGINT" in report["headline"]
    assert read_journal(folders["stopped"], "end")[0]["reason"] == "interrupted"


def test_its_report_is_built_again_like_any_other(folders: dict[str, Path]) -> None:
    (folders["well"] / "report.html").unlink()
    done = run_qosflood("report", "--json", str(folders["well"]))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["verdict"] == "PASS"
    assert (folders["well"] / "report.html").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "watch: got no target, expected --target URL"),
        (("--target", "http://127.0.0.1:9", "--limit", "errors < 1%"), "expected a limit on"),
        (
            ("--target", "http://127.0.0.1:9", "--scrape-interval", "off"),
            "scrapes are off and memory has no source",
        ),
        (
            ("--target", "http://127.0.0.1:9"),
            "http://127.0.0.1:9/metrics: connection refused; expected a collector there",
        ),
    ],
)
def test_what_cannot_be_watched_is_refused_in_one_line(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    done = run_qosflood("watch", *words, "--quiet", "--out", str(tmp_path / "run"))
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert said in line
    assert not (tmp_path / "run").exists()


def test_a_target_that_was_never_there_is_no_pass(tmp_path: Path) -> None:
    where = ("--target", f"http://127.0.0.1:{free_port()}", "--scrape-interval", "1s", "--anyway")
    out = ("--quiet", "--out", str(tmp_path / "run"))
    done = run_qosflood("watch", *where, "--duration", "2s", *out)
    assert done.returncode == 3, done.stderr
    said = " ".join(done.stdout.split())
    assert "nothing of the target was seen: none of 2 scrapes succeeded" in said
