"""Collectors that keep what they accept, and some that do not, under small floods: what the audit
says of each."""

import contextlib
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from floods import CLIENTS, Flooded, flood, flood_faulty
from processes import Popen, first_line, read_journal, started, wait_until

pytestmark = pytest.mark.e2e

LOSSY = Path(__file__).parents[1] / "support" / "lossy.py"
COUNTER = ("--set", "audit.counter=intercom_webrtc_reports_total")
GAUGE = ("--set", "audit.gauge=intercom_webrtc_active_sessions")
UNREAD = ("--set", "audit.readback=off")
LONG_SETTLE = ("--set", "phases.settle=6500ms")
SETTLE = ("--set", "phases.settle=1500ms")
SCRAPED = ("--scrape-interval", "500ms")
LOOKED_AT = (
    *("--peak", "100@1s", "--rate", "1x", "--scrape-interval", "5s"),
    *("--set", "phases.baseline=1s"),
)
"""No more clients in the flood than in the baseline, so that a look is as cheap."""
RECOVERED = ("--set", "phases.recovery=2s")


@dataclass(frozen=True)
class Case:
    """A collector's fault, and how it is looked for."""

    fault: str
    options: tuple[str, ...] = ()


CASES = {
    "healthy": Case("none"),
    "counted": Case("late", (*COUNTER, *SETTLE)),
    "gauged": Case("none", (*GAUGE, *UNREAD)),
    "drops": Case("drops:10", COUNTER),
    "forgets": Case("forgets:20"),
    "forgets gauged": Case("forgets:20", (*GAUGE, *UNREAD)),
    "expires": Case("expires:6000", LONG_SETTLE),
    "expires gauged": Case("expires:6000", (*GAUGE, *UNREAD, *LONG_SETTLE)),
    "uncounted": Case("uncounted:10", COUNTER),
    "fast503": Case("fast503", COUNTER),
    "foreign": Case("foreign:2", COUNTER),
    "behind": Case("behind:3000", COUNTER),
    "rendered": Case("renders:2500", (*COUNTER, *SCRAPED)),
    "frozen": Case("freezes:80", (*COUNTER, *SCRAPED)),
    "workers": Case("workers:2", COUNTER),
    "workers uncounted": Case("workers:2"),
    "looked at": Case("none", LOOKED_AT),
    "crowded": Case("crowded:3", RECOVERED),
    "twice": Case("twice:50", COUNTER),
}


@contextlib.contextmanager
def lossy(fault: str, port: int = 0) -> Iterator[tuple[Popen, int]]:
    """The embedded collector with a fault, and its port."""
    with started([sys.executable, LOSSY, fault, str(port)]) as process:
        yield process, int(first_line(process))


@pytest.fixture(scope="module")
def flooded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Flooded]:
    """Every case's flood, a few at once."""
    folder = tmp_path_factory.mktemp("audit")

    def one(name: str) -> Flooded:
        case = CASES[name]
        with lossy(case.fault) as (_, port):
            target = f"http://127.0.0.1:{port}"
            run_dir = folder / name.replace(" ", "-")
            return flood(run_dir, "--target", target, *case.options)

    with ThreadPoolExecutor(len(CASES) + 2) as pool:
        restarted = pool.submit(flood_over_a_restart, folder / "restarted")
        other = pool.submit(flood_faulty, folder / "other", "ok")
        done = dict(zip(CASES, pool.map(one, CASES), strict=True))
        return done | {"restarted": restarted.result(), "other": other.result()[0]}


def flood_over_a_restart(run_dir: Path) -> Flooded:
    """The collector is killed in the flood, and another takes its place."""
    with ThreadPoolExecutor() as pool:
        with lossy("none") as (first, port):
            target = ("--target", f"http://127.0.0.1:{port}")
            begun = pool.submit(flood, run_dir, "--duration", "6s", *target, *COUNTER)

            def flooding() -> bool:
                with contextlib.suppress(OSError, ValueError):
                    windows = read_journal(run_dir, "window")
                    return any(one["phase"] == "flood" for one in windows)
                return False

            wait_until(lambda: flooding() or begun.done(), "a second of the flood", 30.0)
            first.kill()
            first.wait()
        with lossy("none", port):
            return begun.result()


def loss(flooded: dict[str, Flooded], name: str) -> dict:
    return flooded[name].report["loss"]


def test_a_healthy_collector_holds_the_last_report_of_every_sampled_session(flooded):
    found = loss(flooded, "healthy")
    assert (found["method"], found["verdict"]) == ("readback", "ok"), found
    assert (found["checked"], found["seen"], found["missing"]) == (CLIENTS, CLIENTS, 0)
    assert found["reason"] == (
        "100 of 100 sampled sessions hold their last report; earlier reports were not checked"
    )
    assert flooded["healthy"].limit("loss == none")["ok"] is None
    assert "loss == none" in str(flooded["healthy"].report["not_judged"])


def test_a_cheap_snapshot_is_read_in_the_flood_too(flooded):
    found = loss(flooded, "looked at")
    assert (found["method"], found["verdict"]) == ("readback", "ok"), found
    assert "hold their last report, as they did at " in found["reason"]
    journal = read_journal(flooded["looked at"].folder, "readback")
    assert {one.get("look") for one in journal} >= {None, 0, 1}


def test_a_counter_and_a_snapshot_are_looked_at_after_the_collector_has_settled(flooded):
    found = loss(flooded, "counted")
    assert (found["method"], found["verdict"]) == ("counter", "ok"), found
    assert found["seen"] - found["acked"] in (0, 1)
    assert f"all {found['acked']} accepted reports were counted" in found["reason"]
    assert "100 of 100 sampled sessions hold their last report" in found["reason"]
    assert flooded["counted"].limit("loss == none")["ok"] is True


def test_a_counter_that_is_behind_is_waited_for(flooded):
    found = loss(flooded, "behind")
    assert (found["method"], found["verdict"]) == ("counter", "ok"), found


def test_a_page_that_is_rendered_every_few_seconds_is_waited_for(flooded):
    found = loss(flooded, "rendered")
    assert (found["method"], found["verdict"]) == ("counter", "ok"), found


def test_a_page_that_stands_still_proves_nothing(flooded):
    found = loss(flooded, "frozen")
    assert (found["method"], found["verdict"]) == ("counter", "inconclusive"), found
    assert "the page stands still" in found["reason"]


@pytest.mark.parametrize("name", ["workers", "workers uncounted"])
def test_of_two_workers_behind_one_port_neither_is_accused(flooded, name):
    found = loss(flooded, name)
    assert found["verdict"] != "lost", found
    if found["seen"] != found["checked"]:  # now and then one of them serves all clients
        assert "processes share port" in found["reason"] or "fell from" in found["reason"]


def test_reports_dropped_in_the_flood_alone_show_in_sessions_that_ended_with_it(flooded):
    found = loss(flooded, "crowded")
    assert (found["method"], found["verdict"]) == ("readback", "lost"), found
    assert 10 < found["missing"] < 60


def test_a_counter_that_counts_twice_may_hide_losses(flooded):
    found = loss(flooded, "twice")
    assert (found["method"], found["verdict"]) == ("counter", "inconclusive"), found
    assert "more than this run can have had accepted, which may hide losses" in found["reason"]


def test_a_collector_that_forgets_the_silent_is_not_accused(flooded):
    found = loss(flooded, "expires")
    assert (found["method"], found["verdict"]) == ("readback", "inconclusive"), found
    assert "the target seems to expire" in found["reason"] or "none of the" in found["reason"]
    assert flooded["expires"].limit("loss == none")["ok"] is None


def test_a_gauge_is_read_at_the_loads_end_before_sessions_are_forgotten(flooded):
    found = loss(flooded, "expires gauged")
    assert (found["method"], found["missing"] or 0) == ("gauge", 0), found
    assert "after settle" in found["reason"]


def test_a_gauge_shows_that_no_session_is_gone(flooded):
    found = loss(flooded, "gauged")
    assert (found["method"], found["verdict"]) == ("gauge", "ok"), found
    assert "a gauge does not count single reports" in found["reason"]


def test_dropped_reports_are_counted_and_their_sessions_named(flooded):
    done, found = flooded["drops"], loss(flooded, "drops")
    assert (done.code, done.report["verdict"]) == (1, "FAIL")
    assert done.limit("loss == none")["ok"] is False
    assert (found["method"], found["verdict"]) == ("counter", "lost"), found
    # The report before the flood is kept, so that each tenth of those after it comes one earlier.
    assert found["missing"] == (found["acked"] + 1) // 10 > 0
    assert found["seen"] == found["acked"] - found["missing"]
    assert "sampled sessions do not hold their last accepted report" in found["reason"]
    assert len(found["examples"]) > 0
    assert all(": accepted 20" in one for one in found["examples"])


def test_forgotten_sessions_are_not_there(flooded):
    found = loss(flooded, "forgets")
    assert (found["method"], found["verdict"]) == ("readback", "lost"), found
    assert "of them are missing" in found["reason"]
    assert len(found["examples"]) == min(found["missing"], 10)
    assert found["examples"][0].endswith(", missing")


def test_a_gauge_tells_how_many_sessions_are_gone(flooded):
    found = loss(flooded, "forgets gauged")
    assert (found["method"], found["verdict"]) == ("gauge", "lost"), found
    assert found["missing"] == CLIENTS - found["seen"] > 0


def test_a_snapshot_does_not_excuse_what_the_counter_misses(flooded):
    found = loss(flooded, "uncounted")
    assert (found["method"], found["verdict"]) == ("counter", "lost"), found
    assert "100 of 100 sampled sessions hold their last report" in found["reason"]


def test_a_collector_that_accepts_nothing_is_not_accused_of_losing(flooded):
    found = loss(flooded, "fast503")
    assert found["verdict"] == "unmeasured", found
    assert found["reason"] == "no report was accepted, so none can be missing"


def test_more_than_was_sent_is_somebody_elses_and_a_warning(flooded):
    done, found = flooded["foreign"], loss(flooded, "foreign")
    assert found["foreign"] == found["acked"]
    assert any("other clients report to it" in warning for warning in done.report["warnings"])
    assert not any("it refused" in warning for warning in done.report["warnings"])
    assert (found["method"], found["verdict"]) == ("counter", "inconclusive"), found
    assert "may hide losses" in found["reason"]
    assert "100 of 100 sampled sessions hold their last report" in found["reason"]


def test_another_kind_of_target_is_left_alone(flooded):
    found = loss(flooded, "other")
    assert (found["method"], found["verdict"]) == ("none", "unmeasured")
    assert "shows no sessions to read back" in found["reason"]


def test_after_a_restart_nothing_is_cleared(flooded):
    found = loss(flooded, "restarted")
    # Lost, if some of the sampled sessions had no report accepted after it.
    assert found["verdict"] in ("lost", "inconclusive"), found
    assert "the target restarted" in found["reason"]
