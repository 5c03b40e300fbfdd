import json
from pathlib import Path

import pytest
from peers import FIGURES, PEERS, Load, Reported

HEY = """
  Slowest:	0.9192 secs
  0.000 [1]	|
  0.919 [105]	|■■
Latency distribution:
  50% in 0.0034 secs
  90% in 0.0074 secs
  99% in 0.9184 secs
Status code distribution:
  [202]	2205 responses
  [503]	4 responses

Error distribution:
  [3]	Post "http://127.0.0.1:1/": EOF
"""
WRK = """Running 15s test
{"answers":10,"failed":1,"p50":500,"p90":1500,"p99":2000,"p99_9":3000,"max":4000}
"""
AUTOCANNON = {
    "2xx": 10,
    "non2xx": 1,
    "errors": 2,
    "latency": {"p50": 1, "p90": 2, "p99": 3, "p99_9": 4, "max": 5},
}
LOCUST = """Name,Request Count,Failure Count,Max Response Time,50%,90%,99%,99.9%
/qos,99,9,1,1,1,1,1
Aggregated,12,2,993.9,12,25,990,991
"""


def read(name: str, out: str, scratch: Path) -> Reported:
    peer = next(peer for peer in PEERS if peer.name == name)
    return peer.read(out, Load("http://127.0.0.1:1", 105, 500, 15, scratch))


@pytest.mark.parametrize(
    ("name", "out", "figures", "answers", "failed"),
    [
        ("wrk", WRK, (0.5, 1.5, 2, 3, 4), 10, 1),
        ("hey", HEY, (3.4, 7.4, 918.4, None, 919.2), 2205, 7),
        ("locust", "", (12, 25, 990, 991, 993.9), 10, 2),
        ("autocannon", json.dumps(AUTOCANNON), (1, 2, 3, 4, 5), 10, 3),
    ],
)
def test_each_tool_is_read_as_it_reports(
    name: str,
    out: str,
    figures: tuple[float | None, ...],
    answers: int,
    failed: int,
    tmp_path: Path,
) -> None:
    (tmp_path / "locust_stats.csv").write_text(LOCUST)
    said = read(name, out, tmp_path)
    assert said.latency_ms == pytest.approx(dict(zip(FIGURES, figures, strict=True)))
    assert (said.answers, said.failed) == (answers, failed)


@pytest.mark.parametrize(("name", "option"), [("hey", "-q"), ("autocannon", "-R"), ("wrk", "-R")])
def test_a_tool_is_told_a_rate_only_if_there_is_one_and_it_keeps_one(
    name: str, option: str, tmp_path: Path
) -> None:
    peer = next(peer for peer in PEERS if peer.name == name)
    told = {
        rate: option in peer.command(Load("http://127.0.0.1:1", 100, rate, 5, tmp_path))
        for rate in (None, 500)
    }
    assert told == {None: False, 500: peer.paced}


def test_a_tool_that_makes_bodies_new_is_not_given_one_body(tmp_path: Path) -> None:
    load = Load("http://127.0.0.1:1", 100, None, 5, tmp_path)
    given = {peer.name: [*peer.command(load), *peer.env(load).values()] for peer in PEERS}
    whole = [name for name, parts in given.items() if any('"peer-1"' in part for part in parts)]
    assert whole == [peer.name for peer in PEERS if not peer.unique]
