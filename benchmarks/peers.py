"""Other load generators against the same server: the latencies that they report themselves, and the
CPU that they need for a report."""

import csv
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from pinned import Cores
from processes import wait_until
from running import Cost, Running, running_tool

FIGURES = ("p50", "p90", "p99", "p99_9", "max")
QUANTILES = dict(zip(FIGURES, (0.5, 0.9, 0.99, 0.999, 1.0), strict=True))

_HERE = Path(__file__).resolve().parent
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "qosflood-bench"
_PATH = "/api/v1/metrics/qos"
_BODY = (
    '{"sessionId":"peer-%s","bridgeId":"bridge-1","productionId":"production-1","lineId":"line-1",'
    '"direction":"ingress","mos":4.1,"packetLoss":0.2,"roundTripTime":41.5}'
)
_UNDER_WAY = 1000
"""Requests after which a tool's load has begun; asking for their number is one too."""
_SETTLING_S = 1.0
"""Left out of the CPU measured, at the load's start and before its end."""


@dataclass(frozen=True, slots=True)
class Reported:
    """What a tool reports of its run; latencies in ms, None where it reports none."""

    latency_ms: dict[str, float | None]
    answers: int
    failed: int


@dataclass(frozen=True, slots=True)
class Load:
    """The load that each tool approximates, at `url` (scheme, host and port).

    Without a `rate` (reports per second of all clients) each client reports again when answered.
    """

    url: str
    clients: int
    rate: int | None
    seconds: int
    scratch: Path

    @property
    def per_client(self) -> str:
        """Reports per second of each client; empty without a rate."""
        return "" if self.rate is None else f"{self.rate / self.clients:.6g}"


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool: its program, how to install and run it and read its output; whether its bodies are
    unique, and whether it can keep a rate."""

    name: str
    program: str
    install: str
    command: Callable[[Load], Sequence[str]]
    read: Callable[[str, Load], Reported]
    env: Callable[[Load], Mapping[str, str]] = field(default=lambda _: {})
    unique: bool = True
    paced: bool = True

    @property
    def missing(self) -> bool:
        """Whether it is not installed."""
        return shutil.which(self.program) is None

    @property
    def how_to_install(self) -> str:
        """A line with the command that installs it."""
        return f"{self.name}: not installed ({self.install})"

    def measure(self, load: Load, cores: Cores) -> Reported:
        """Run it on the generator's core; raises RuntimeError if it fails."""
        with self._running(load, cores) as running:
            return self._reported(running, load)

    def spend(self, load: Load, cores: Cores, requests: Callable[[], int]) -> Cost:
        """Its CPU per report on the generator's core, without the load's start and end.

        `requests` returns the number of requests that the server has read. Raises RuntimeError if
        the tool or any report fails.
        """
        before = requests()
        with self._running(load, cores) as running:
            wait_until(
                lambda: running.ended or requests() > before + _UNDER_WAY, f"load of {self.name}"
            )
            time.sleep(_SETTLING_S)
            cost = running.cost(requests, load.seconds - 2 * _SETTLING_S)
            reported = self._reported(running, load)
        if reported.failed:
            raise RuntimeError(f"{self.name}: {reported.failed} reports failed")
        return cost

    def _running(self, load: Load, cores: Cores) -> AbstractContextManager[Running]:
        command = cores.pinned(cores.generator, [self.program, *self.command(load)])
        return running_tool(command, {**os.environ, **self.env(load)}, load.scratch)

    def _reported(self, running: Running, load: Load) -> Reported:
        said = running.wait(load.seconds + 60)
        try:
            return self.read(said.out, load)
        except (OSError, ValueError, KeyError, TypeError, IndexError, StopIteration) as error:
            words = f"{said.out}{said.errors}"
            raise RuntimeError(f"{self.name} ended with {said.status}: {words}") from error


def _wrk(load: Load) -> list[str]:
    script = str(_HERE / "latency.lua")
    return ["-t1", f"-c{load.clients}", f"-d{load.seconds}s", "-s", script, load.url + _PATH]


def _read_wrk(out: str, _: Load) -> Reported:
    said = json.loads(next(line for line in out.splitlines() if line.startswith("{")))
    latency = {name: said[name] / 1e3 for name in FIGURES}
    return Reported(latency, said["answers"], said["failed"])


def _hey(load: Load) -> list[str]:
    pace = [] if load.rate is None else ["-q", load.per_client]
    size = ["-c", str(load.clients), "-z", f"{load.seconds}s"]
    request = ["-m", "POST", "-T", "application/json", "-d", _BODY % "1"]
    return [*pace, *size, *request, load.url + _PATH]


def _read_hey(out: str, _: Load) -> Reported:
    latency: dict[str, float | None] = dict.fromkeys(FIGURES)
    for percent, seconds in re.findall(r"(\d+)% in ([\d.]+) secs", out):
        if f"p{percent}" in latency:
            latency[f"p{percent}"] = float(seconds) * 1e3
    latency["max"] = float(re.findall(r"Slowest:\s+([\d.]+) secs", out)[0]) * 1e3
    statuses = {int(s): int(n) for s, n in re.findall(r"\[(\d+)\]\s+(\d+) responses", out)}
    errors = sum(int(n) for n in re.findall(r"\[(\d+)\]", out.partition("Error distribution:")[2]))
    accepted = statuses.pop(202)
    return Reported(latency, accepted, errors + sum(statuses.values()))


def _locust(load: Load) -> list[str]:
    size = ["-u", str(load.clients), "-r", str(load.clients), "-t", f"{load.seconds}s"]
    quiet = ["--headless", "--only-summary", "--csv", "locust", "--host", load.url]
    return ["-f", str(_HERE / "locust_reports.py"), *size, *quiet]


def _locust_env(load: Load) -> dict[str, str]:
    values = {"PER_CLIENT": load.per_client, "PATH": _PATH, "BODY": _BODY}
    return {f"PEER_{name}": value for name, value in values.items()}


def _read_locust(_: str, load: Load) -> Reported:
    with (load.scratch / "locust_stats.csv").open(newline="") as lines:
        row = next(row for row in csv.DictReader(lines) if row["Name"] == "Aggregated")
    columns = ("50%", "90%", "99%", "99.9%", "Max Response Time")
    latency = {name: float(row[column]) for name, column in zip(FIGURES, columns, strict=True)}
    failed = int(row["Failure Count"])
    return Reported({**latency}, int(row["Request Count"]) - failed, failed)


def _autocannon(load: Load) -> list[str]:
    pace = [] if load.rate is None else ["-R", str(load.rate)]
    size = ["-c", str(load.clients), "-d", str(load.seconds)]
    body = ["-b", _BODY % "[<id>]", "--idReplacement"]
    request = ["-m", "POST", "-H", "content-type=application/json", *body]
    return [*pace, *size, *request, "--json", "--no-progress", load.url + _PATH]


def _read_autocannon(out: str, _: Load) -> Reported:
    said = json.loads(out)
    latency = {name: float(said["latency"][name]) for name in FIGURES}
    return Reported({**latency}, said["2xx"], said["non2xx"] + said["errors"])


_SHOWN = str(_CACHE).replace(str(Path.home()), "~", 1)

PEERS = (
    Peer("wrk", "wrk", "apt-get install wrk", _wrk, _read_wrk, paced=False),
    Peer("hey", "hey", "apt-get install hey", _hey, _read_hey, unique=False),
    Peer(
        "locust",
        str(_CACHE / "locust" / "bin" / "locust"),
        f"python3 -m venv {_SHOWN}/locust && {_SHOWN}/locust/bin/pip install locust",
        _locust,
        _read_locust,
        _locust_env,
    ),
    Peer(
        "autocannon",
        str(_CACHE / "node" / "node_modules" / ".bin" / "autocannon"),
        f"npm install --prefix {_SHOWN}/node autocannon",
        _autocannon,
        _read_autocannon,
    ),
)
