"""What a flood by qosflood cost its shards, from the run directory alone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nginx import Nginx
from pinned import Cores
from processes import read_journal, read_report
from running import Cost

Windows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Flood:
    """Clients, their reports per second altogether, and the flood's length.

    Before it all clients connect in a baseline of `lead_s`, at the flood's own rate or with a
    report every `base_s` from each client.
    """

    clients: int
    rate: int
    seconds: int
    lead_s: int = 3
    base_s: float | None = None
    shards: int = 1
    options: tuple[str, ...] = ()

    def arguments(self, url: str) -> list[str]:
        """The command line's options."""
        base_us = round((self.base_s or self.clients / self.rate) * 1e6)
        load = f"--peak {self.clients}@{base_us}us --clients {self.clients} --rate {self.rate}/s"
        phases = {"baseline": f"{self.lead_s}s", "ramp": "0s", "recovery": "0s", "settle": "100ms"}
        sets = [f"phases.{name}={length}" for name, length in phases.items()]
        options = ["--target", url, *load.split(), "--duration", f"{self.seconds}s"]
        return [*options, *(part for value in sets for part in ("--set", value)), *self.options]

    def run(self, sink: Nginx, cores: Cores, folder: Path) -> "Spending":
        """Run it; `folder` becomes its run directory. Raises RuntimeError if there is no
        verdict."""
        deadline_s = self.seconds + self.lead_s + 90
        cores.flood(folder, self.arguments(sink.url), deadline_s, self.shards)
        return spending(read_journal(folder, "window"), read_report(folder))


@dataclass(frozen=True, slots=True)
class Spending:
    """CPU, memory and rates of all shards together.

    `cost` is of the flood without its first and last second; `lead_cpu_s` the CPU of the baseline;
    `rss_bytes` the sum of the shards' largest; `connected` how many clients were at the end of a
    second, at most, and `connected_s` the first second at whose end they were; rates are the
    flood's, `lag_p99_ms` its send lag.
    """

    cost: Cost
    lead_cpu_s: float
    rss_bytes: int
    connected: int
    connected_s: int
    planned: float
    offered: float
    acked: float
    lag_p99_ms: float


def spending(windows: Windows, report: Mapping[str, Any]) -> Spending:
    """From a journal's windows and the run's report."""
    healths = [window for window in windows if window["health"] is not None]
    flood = next(phase for phase in report["phases"] if phase["name"] == "flood")
    lead_ns = sum(w["health"]["cpu_ns"] for w in healths if w["phase"] == "baseline")
    rss_bytes: Counter[int] = Counter()
    connected: Counter[int] = Counter()
    for window in healths:
        shard, second, health = window["shard"], window["second"], window["health"]
        rss_bytes[shard] = max(rss_bytes[shard], health["rss_bytes"])
        connected[second] += health["connected"]
    most = max(connected.values())
    return Spending(
        cost=_cost(windows),
        lead_cpu_s=lead_ns / 1e9,
        rss_bytes=rss_bytes.total(),
        connected=most,
        connected_s=1 + min(second for second, number in connected.items() if number == most),
        **{name: flood["rate"][name] for name in ("planned", "offered", "acked")},
        lag_p99_ms=flood["send_lag_ms"]["p99"],
    )


def _whole_seconds(windows: Windows) -> Windows:
    """The flood's windows with a health, without its first and last second."""
    flood = [w for w in windows if w["phase"] == "flood" and w["health"] is not None]
    seconds = sorted({w["second"] for w in flood})[1:-1]
    if not seconds:
        raise RuntimeError(f"no whole second of the flood in {len(windows)} windows")
    return [w for w in flood if w["second"] in seconds]


def _cost(windows: Windows) -> Cost:
    """CPU of all shards over the accepted reports of all phases in the same seconds."""
    whole = _whole_seconds(windows)
    seconds = {w["second"] for w in whole}
    acked = sum(w["outcomes"].get("acked", 0) for w in windows if w["second"] in seconds)
    if not acked:
        raise RuntimeError("no report was accepted")
    cpu_us = sum(w["health"]["cpu_ns"] for w in whole) / 1e3
    return Cost(cpu_us / acked, acked / len(seconds))
