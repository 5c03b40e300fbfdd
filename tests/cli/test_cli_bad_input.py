"""Bad input ends in one clear line and exit 2 before anything is sent, whatever room finds it."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Said, qosflood


@pytest.fixture
def silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, ...]]:
    """The words that flood a listener; it must not have been connected to, nothing be written."""
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield ("--target", f"http://127.0.0.1:{server.getsockname()[1]}", "--quiet")
        with pytest.raises(BlockingIOError):
            server.accept()
    assert [path.name for path in tmp_path.iterdir()] in ([], ["soak.toml"])


def line_of(said: Said) -> str:
    """The only line that was said."""
    assert (said.code, said.out) == (2, ""), said.err
    (line,) = said.err.splitlines()
    assert line.startswith("qosflood: ")
    return line.removeprefix("qosflood: ")


LONG = "a" * 64


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--target", f"http://{LONG}"), "--target: got "),
        (("--target", f"http://{LONG}.example"), "--target: got "),
        (("--scrape", f"http://{LONG}/metrics"), "--scrape: got "),
        (("--allow-target", LONG), "--allow-target: got "),
        (("--web", f"{LONG}:0"), "--web: cannot listen on "),
        (
            ("--set", "target.resolve=both"),
            '--set target.resolve=both: got "both", expected "one" ',
        ),
        (("--set", "\udcff=1"), "--set: got bytes that are no UTF-8, expected "),
        (("--set", "run.duration=\udcff"), "--set: got bytes that are no UTF-8, expected "),
        (("--set", 'report.body.a="\udcff"'), "--set: got bytes that are no UTF-8, expected "),
        (("--job", "\udcff"), "--job: got bytes that are no UTF-8, expected text"),
        (("--limit", "p99 < \udcff"), "--limit: got bytes that are no UTF-8, expected text"),
    ],
)
def test_what_no_resolver_and_no_json_takes_is_refused_in_one_line(
    silent: tuple[str, ...], words: tuple[str, ...], line: str
) -> None:
    own = ("--quiet",) if words[0] == "--target" else silent
    assert line_of(qosflood(*own, *words)).startswith(line)


NETWORKS = [
    (f"{{ name = 'a', {given} }}", key, f"{got}, {expected}")
    for given, key, got, expected in (
        ("good_loss = 1.5", "good_loss", "got 1.5", "expected a number from 0 to 1, e.g. "),
        ("bad_loss = -0.1", "bad_loss", "got -0.1", "expected a number from 0 to 1, e.g. "),
        ("bad_packets = 0", "bad_packets", "got 0", "expected a number of packets from 1 to "),
        ("good_packets = nan", "good_packets", "got NaN", "expected a number of packets from 1 "),
        ("correlation = 1.0", "correlation", "got 1.0", "expected a number from 0 to below 1, "),
        ("rtt = '0s'", "rtt", 'got "0s"', "expected more than 0s, e.g. 80ms"),
        ("rtt = '1h'", "rtt", 'got "1h"', "expected at most 10s, e.g. 80ms"),
        ("jitter = '-5ms'", "jitter", 'got "-5ms"', "expected 0s or more, e.g. 5ms"),
        ("rtt_spread = 9", "rtt_spread", "got 9", "expected a number from 0 to 2, e.g. 0.4"),
        ("weight = -1", "weight", "got -1", "expected a number above 0, at most a million, "),
    )
]


@pytest.mark.parametrize(("network", "key", "words"), NETWORKS)
def test_an_impossible_network_is_refused_by_the_key_that_is_wrong(
    silent: tuple[str, ...], tmp_path: Path, network: str, key: str, words: str
) -> None:
    (tmp_path / "soak.toml").write_text(f"network.classes = [{network}]".replace("'", '"'))
    line = line_of(qosflood("soak.toml", *silent))
    assert line.startswith(f"profile soak.toml: network.classes[0].{key}: {words}")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        (
            'network.classes=[{name="a",good_loss=0.5,bad_loss=0.1}]',
            "got good_loss 0.5 above bad_loss 0.1, expected at most as much, e.g. good_loss = 0.01",
        ),
        (
            'network.classes=[{name="a"},{name="a"}]',
            'got "a" twice, expected a different name for each class',
        ),
        (
            'network={mix="mixed",classes=[{name="a"}]}',
            'got mix "mixed" together with classes, expected one of the two: remove mix',
        ),
        ("network.mix=awful", 'got "awful", expected "auto", "healthy" or "mixed", e.g. "mixed"'),
    ],
)
def test_networks_that_contradict_one_another_are_refused(
    silent: tuple[str, ...], setting: str, words: str
) -> None:
    assert line_of(qosflood(*silent, "--set", setting)) == f"--set {setting}: {words}"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ("--set", "sessions.lifetime=4s"),
            "--set sessions.lifetime: got 4s, expected at least a cadence (5s), or 0s for sessions "
            "that live as long as the run",
        ),
        (
            ("--set", "sessions.lifetime=30s", "--peak", "10@1m"),
            "--set sessions.lifetime: got 30s, expected at least a cadence (1m), or 0s for "
            "sessions that live as long as the run",
        ),
        (
            ("--set", 'target.sources=["127.0.0.2","192.0.2.1"]'),
            "target.sources: 192.0.2.1 cannot be connected from (Cannot assign requested address); "
            "expected addresses of this host (ip address shows them)",
        ),
    ],
)
def test_what_cannot_be_carried_out_is_refused(
    silent: tuple[str, ...], words: tuple[str, ...], line: str
) -> None:
    assert line_of(qosflood(*silent, *words)) == line


def test_a_rate_that_takes_more_clients_than_there_are_ports_is_answered_with_a_number(
    silent: tuple[str, ...],
) -> None:
    said = qosflood(*silent, "--rate", "100000/s")
    assert said.code == 2
    line = said.err.splitlines()[0]
    assert line.startswith("qosflood: ports: 500,000 clients need a local port each")
    assert "target.sources" in line
    clients = int(line.partition("name --clients ")[2].partition(",")[0])
    assert 0 < clients <= 64_512


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--need", "0"), '--need: got "0", expected a positive integer, e.g. 500'),
        (("--width", "0%"), '--width: got "0%", expected 1% to 100%, e.g. 7%'),
        (
            ("--budget", "20s"),
            "--budget: got 20s, expected at least 64s: 8 trials and the rests between them",
        ),
        (("--steps", "1x,x"), '--steps: got "x", expected a multiple such as 10x or a rate'),
        (("--event", "6h"), "--event: needs --lifetime too, e.g. --event 6h --lifetime 20m"),
        (("--event", "0s", "--lifetime", "1m"), "--event: got 0s, expected durations such as"),
        (
            ("--event", "6h", "--lifetime", "20m", "--held", "5"),
            "--held: got --event too, which says how many; drop one of the two",
        ),
        (("--need", "5", "--steps", "1x"), "--need: got --steps too, which makes no search"),
    ],
)
def test_a_search_that_cannot_be_made_is_refused_in_one_line(
    words: tuple[str, ...], line: str
) -> None:
    said = qosflood("capacity", *words)
    assert said.code == 2
    assert said.err.startswith(f"qosflood: {line}")
    assert said.err.count("\n") == 1


def test_a_search_names_the_limits_that_no_trial_can_judge_at_its_start() -> None:
    said = qosflood("capacity", "--limit", "loss == none", "--dry-run")
    assert said.code == 0
    assert said.err.startswith("warning: loss == none is not judged in a search")


def test_only_a_search_is_resumed_and_only_with_what_keeps_it_the_same_search() -> None:
    runs = Path(__file__).parents[1] / "data" / "runs"
    search, flood = (
        runs / "run-1-report-2-capacity" / "pass",
        runs / "run-1-report-2-percentiles-by-name" / "pass",
    )
    other = qosflood("capacity", "--resume", str(flood))
    assert (other.code, "another kind of run" in other.err) == (2, True)
    for words in (("--max", "5"), ("--peak", "5"), ("--set", "peak.clients=5")):
        changed = qosflood("capacity", "--resume", str(search), *words)
        assert (changed.code, f"got {words[0]} too" in changed.err) == (2, True)
    planned = qosflood("capacity", "--resume", str(search), "--dry-run", "--width", "3%")
    assert planned.code == 0
    assert "steps of 20, 40 clients" in planned.out
