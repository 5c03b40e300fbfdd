"""`--dry-run`: the plan with where each value came from, and not a sound to the target."""

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Said, qosflood


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wide enough that no row is folded."""
    monkeypatch.setenv("COLUMNS", "300")


def row(said: Said, label: str) -> str:
    """The plan's first row with a label."""
    return next(
        " ".join(line.split()) for line in said.out.splitlines() if line.startswith(f"{label} ")
    )


def planned(*words: str) -> Said:
    said = qosflood(*words, "--dry-run")
    assert (said.code, said.err) == (0, ""), said.err
    return said


@contextlib.contextmanager
def silent_listener(host: str = "127.0.0.1") -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server:
        server.setblocking(False)
        yield server


def assert_untouched(server: socket.socket) -> None:
    with pytest.raises(BlockingIOError):
        server.accept()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_nothing_is_sent_and_nothing_written(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with silent_listener() as server:
        url = f"http://{host}:{server.getsockname()[1]}"
        said = planned("--target", url, "--out", str(tmp_path / "run"))
        assert_untouched(server)
    assert url in said.out
    assert list(tmp_path.iterdir()) == []


def test_a_loopback_name_of_two_addresses_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with silent_listener() as server:
        port = server.getsockname()[1]
        both = [(0, 0, 0, "", (address, port)) for address in ("127.0.0.2", "127.0.0.1")]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
        said = planned("--target", f"http://localhost:{port}")
        assert_untouched(server)
    assert f"http://localhost:{port} at 127.0.0.2" in said.out


def test_each_value_says_where_it_came_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text('report.timeout = "7s"\n[limits]\nexpect = ["errors < 2%"]\n')
    monkeypatch.setenv("QOSFLOOD_RUN_RATE", "3x")
    monkeypatch.setenv("QOSFLOOD_RUN_LIMIT", "response.p99 < 250ms;scrape.success > 90%")
    said = planned(str(profile), "--duration", "2m", "--set", "peak.clients=7")
    assert row(said, "load").endswith("environment QOSFLOOD_RUN_RATE")
    load = "load 21 clients, 4.2 reports/s (3x of a peak of 1.4 reports/s, 7 clients)"
    assert row(said, "load").startswith(load)
    assert row(said, "flood").endswith("option --duration")
    assert row(said, "1x").endswith("option --set")
    assert "7s profile" in row(said, "timeout")
    assert row(said, "target").endswith("the embedded collector shipped default")
    limits = " ".join(said.out.split())
    assert "limit response.p99 < 250ms environment QOSFLOOD_RUN_LIMIT" in limits
    assert "limit scrape.success > 90% environment QOSFLOOD_RUN_LIMIT" in limits
    assert "limit errors < 2% profile" in limits
    assert "limit restarts == 0 shipped default" in limits


def test_an_option_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QOSFLOOD_RUN_RATE", "3x")
    assert row(planned("--rate", "2x"), "load").endswith("option --rate")


def test_a_wrong_value_in_the_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QOSFLOOD_RUN_DURATION", "0s")
    said = qosflood("--dry-run")
    assert said.code == 2
    assert said.err.startswith('qosflood: QOSFLOOD_RUN_DURATION: got "0s", expected more than 0s')


@pytest.mark.parametrize(
    ("words", "load"),
    [
        (
            ("--clients", "50"),
            "50 clients, 50 reports/s (2.5x of a peak of 20 reports/s, 20 clients), "
            "a report every 1s",
        ),
        (
            ("--rate", "5x"),
            "100 clients, 100 reports/s (5x of a peak of 20 reports/s, 20 clients), "
            "a report every 1s",
        ),
        (
            ("--rate", "60/s"),
            "60 clients, 60 reports/s (3x of a peak of 20 reports/s, 20 clients), "
            "a report every 1s",
        ),
        (
            ("--clients", "50", "--rate", "5x"),
            "50 clients, 100 reports/s (5x of a peak of 20 reports/s, 20 clients), "
            "a report every 500ms",
        ),
        (
            ("--set", "peak.scale=cadence", "--rate", "5x"),
            "20 clients, 100 reports/s (5x of a peak of 20 reports/s, 20 clients), "
            "a report every 200ms",
        ),
    ],
)
def test_clients_and_cadence_follow_from_what_was_asked(words: tuple[str, ...], load: str) -> None:
    assert row(planned("--peak", "20@1s", *words), "load").startswith(f"load {load} option --")


def test_the_plan_goes_to_standard_output_and_its_warnings_to_standard_error() -> None:
    said = qosflood("--dry-run", "--set", 'target.sources=["192.0.2.1"]')
    assert said.code == 0
    assert row(said, "load")
    assert said.err.startswith("warning: target.sources: 192.0.2.1 cannot be connected from")


def test_quiet_still_shows_the_plan() -> None:
    assert row(planned("--quiet"), "load")


def test_a_secret_s_source_is_shown_and_its_value_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "Bearer hunter2-7f3kQ")
    said = planned("--header", "Authorization=env:TOKEN", "--target", "http://127.0.0.1:1")
    assert row(said, "header") == "header Authorization: *** (from env:TOKEN) option --header"
    assert "hunter2" not in said.out


def test_a_start_that_is_over_is_said_before_its_day() -> None:
    words = ("--part", "1/2", "--seed", "3", "--target", "http://127.0.0.1:1")
    said = qosflood(*words, "--start-at", "2020-01-01T00:00:00Z", "--dry-run")
    assert said.code == 0
    (line,) = said.err.splitlines()
    assert line.startswith("warning: --start-at")


def test_a_year_is_planned_at_once() -> None:
    began = time.monotonic()
    said = planned("--duration", "365d", "--target", "http://127.0.0.1:9")
    assert time.monotonic() - began < 10
    assert row(said, "sessions").startswith(
        "sessions 88,000,000 distinct sessions of 5,000 clients"
    )
    assert row(said, "reports").startswith("reports 31,536,")
