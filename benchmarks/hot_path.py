"""What a report costs the generator, beside wrk in the same run; and 10,000 connected clients.

    python benchmarks/hot_path.py

nginx is the sink on the second core, the generator alone has the first. wrk (C, closed loop) and
a qosflood shard take turns; CPU per report is the generator's own CPU over the accepted reports.
Prints one Markdown table. Loopback only; takes about three minutes.
"""

import argparse
import contextlib
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pinned import Cores, environment, two_cores

_HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(_HERE.parent / "tests" / "support"))

from nginx import Nginx, nginx_sink  # noqa: E402
from processes import read_journal, read_report  # noqa: E402

CONNECTIONS = 200
PROBE_RATE = "200000/s"
PROBE_S = 5
ABOVE = 1.1
"""What is offered, of the capacity that a probe found: saturated, without a backlog of a million
reports whose memory would be measured instead of the sending."""
MANY_CLIENTS = 10_000
MANY_RATE = "1000/s"
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU of the generator per accepted report in microseconds, and accepted reports per second."""

    us_per_report: float
    per_second: float


@dataclass(frozen=True, slots=True)
class Crowd:
    """Many connected clients at a moderate rate: the shard's memory, and what it sent of plan."""

    rss_max_bytes: int
    planned: float
    offered: float
    acked: float


@dataclass(frozen=True, slots=True)
class Bench:
    """Where the parts run."""

    sink: Nginx
    folder: Path
    cores: Cores


def measure_wrk(bench: Bench, seconds: int) -> Cost:
    """One run of wrk with a body of its own per request; raises RuntimeError on any error."""
    url = f"{bench.sink.url}/api/v1/metrics/qos"
    script = str(_HERE / "report.lua")
    wrk = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", script, url]
    process = subprocess.Popen(
        bench.cores.pinned(bench.cores.generator, wrk), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout:
        out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    done = re.search(r"(\d+) requests in ([\d.]+)s", out)
    if process.returncode != 0 or done is None or "Non-2xx" in out or "Socket errors" in out:
        raise RuntimeError(f"wrk failed: {out}")
    responses, elapsed_s = int(done[1]), float(done[2])
    return Cost((usage.ru_utime + usage.ru_stime) * 1e6 / responses, responses / elapsed_s)


def measure_shard(bench: Bench, seconds: int, run: str, rate: str) -> Cost:
    """One flood above saturation; CPU and answers of the flood's seconds but first and last."""
    folder = run_qosflood(bench, run, seconds, CONNECTIONS, rate)
    cpu_ns: dict[int, int] = {}
    acked: dict[int, int] = defaultdict(int)
    for window in read_journal(folder, "window"):
        acked[window["second"]] += window["outcomes"].get("acked", 0)
        if window["health"] is not None and window["phase"] == "flood":
            cpu_ns[window["second"]] = window["health"]["cpu_ns"]
    whole = sorted(cpu_ns)[1:-1]
    if not whole:
        raise RuntimeError(f"no whole second of the flood in {folder}/journal.jsonl")
    reports = sum(acked[second] for second in whole)
    return Cost(sum(cpu_ns[second] for second in whole) / 1e3 / reports, reports / len(whole))


def measure_crowd(bench: Bench, seconds: int) -> Crowd:
    """Many clients at a moderate rate."""
    folder = run_qosflood(bench, "crowd", seconds, MANY_CLIENTS, MANY_RATE)
    healths = [window["health"] for window in read_journal(folder, "window") if window["health"]]
    phases = {phase["name"]: phase for phase in read_report(folder)["phases"]}
    rate = phases["flood"]["rate"]
    rss_max = max(health["rss_bytes"] for health in healths)
    return Crowd(rss_max, rate["planned"], rate["offered"], rate["acked"])


def run_qosflood(bench: Bench, run: str, seconds: int, clients: int, rate: str) -> Path:
    """Run the real command with its one shard alone on its core; the run directory."""
    folder = bench.folder / run
    options = f"--target {bench.sink.url} --clients {clients} --rate {rate} --duration {seconds}s"
    options += f" --peak {CONNECTIONS}@1s"
    bench.cores.flood(folder, options.split(), deadline_s=seconds + 90)
    return folder


def table(wrk: list[Cost], shard: list[Cost], crowd: Crowd) -> str:
    """Everything measured, as one Markdown table."""
    rows: list[tuple[str, ...]] = [("", "wrk + Lua body", "qosflood shard", "ratio"), ("---",) * 4]
    for number, (peer, own) in enumerate(zip(wrk, shard, strict=True), start=1):
        ratio = own.us_per_report / peer.us_per_report
        cells = (f"{cost.us_per_report:.2f} us ({cost.per_second:,.0f}/s)" for cost in (peer, own))
        rows.append((f"CPU per report, round {number}", *cells, f"{ratio:.2f}"))
    medians = (median_us(wrk), median_us(shard))
    cells = (f"**{value:.2f} us**" for value in medians)
    rows.append(("**median**", *cells, f"**{medians[1] / medians[0]:.2f}**"))
    many = f"{MANY_CLIENTS:,} clients at {MANY_RATE}"
    rates = f"{crowd.offered:,.1f}/s of {crowd.planned:,.1f}/s, {crowd.acked:,.1f}/s"
    rows.append((f"{many}: RSS at most", "", f"{crowd.rss_max_bytes / _MIB:.1f} MiB", ""))
    rows.append((f"{many}: offered of planned, acked", "", rates, ""))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def median_us(costs: list[Cost]) -> float:
    """The middle round."""
    return statistics.median(cost.us_per_report for cost in costs)


@contextlib.contextmanager
def prepared() -> Iterator[Bench]:
    """The sink on its core and a scratch folder; exits with one line where a part is missing."""
    cores = two_cores(("wrk", "nginx"), "apt-get install wrk nginx-light")
    with tempfile.TemporaryDirectory(prefix="qosflood-bench-") as scratch:
        folder = Path(scratch)
        wrapper = cores.pinned(cores.other, ())
        with nginx_sink(folder / "nginx", wrapper=wrapper) as sink:
            yield Bench(sink, folder, cores)


def main() -> None:
    """Alternate wrk and shard, then the crowd; print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=8, help="of each flood")
    options = parser.parse_args()
    wrk: list[Cost] = []
    shard: list[Cost] = []
    with prepared() as bench:
        capacity = measure_shard(bench, PROBE_S, "probe", PROBE_RATE).per_second
        rate = f"{ABOVE * capacity:.0f}/s"
        for number in range(1, options.rounds + 1):
            wrk.append(measure_wrk(bench, options.seconds))
            shard.append(measure_shard(bench, options.seconds, f"shard-{number}", rate))
        crowd = measure_crowd(bench, max(15, options.seconds))
    print(environment(), "", table(wrk, shard, crowd), sep="\n")


if __name__ == "__main__":
    main()
