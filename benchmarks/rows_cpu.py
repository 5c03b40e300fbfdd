"""The rows of versus.py on CPU per report and on send lag."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bench import Bench, Shown, in_rounds, median, present, ratios
from nginx import Nginx
from peers import Peer
from running import Cost
from spending import Flood, Spending
from tables import Aim, markdown

OWN = "qosflood shard"
ABOVE = 1.1
"""Rate offered, as a multiple of the capacity that a probe found: saturated, but without a backlog
of a million reports, whose memory would distort the figures."""
SATURATED = 200
"""Connections of each tool at saturation."""
FULL_MODEL = (
    "--set", "network.mix=mixed",
    "--set", "sessions.lifetime=5s",
    "--set", "sessions.hold=false",
    "--set", "sessions.final_report=true",
)  # fmt: skip
"""All shipped networks, and 40 sessions per second that join and leave until the end."""
WRK_AT_MOST = 1.3
STRETCH = 1.15
PACED_RATE = 5000
PACED_CLIENTS = 500
PACED_US = 35.0
LAG_RATE = 20_000
LAG_MS = 0.25
SHARD_RATE = 15_000
SHARDS_ALIKE = 0.1
OFFERED_ALIKE = 0.005

Runs = dict[str, list[Cost]]


def saturated(rate: int, seconds: int, options: Sequence[str] = FULL_MODEL) -> Flood:
    """A flood above what a shard can send, from a quiet start."""
    return Flood(SATURATED, rate, seconds, base_s=1.0, options=tuple(options))


def probed(bench: Bench, sink: Nginx, options: Sequence[str] = FULL_MODEL) -> Flood:
    """A flood a little above a shard's capacity, which a short probe far above it finds: from its
    CPU, so that other work on the core does not make it seem less."""
    probe = bench.flood(sink, saturated(200_000, 5, options))
    return saturated(round(ABOVE * 1e6 / probe.cost.us_per_report), bench.seconds, options)


def saturation(bench: Bench) -> Shown:
    """CPU per report of all tools, each as fast as it can, in turn."""
    with bench.sink() as sink:
        flood = probed(bench, sink)
        peers = present()
        tools: dict[str, Callable[[], Cost]] = {OWN: lambda: bench.flood(sink, flood).cost}
        tools |= {peer.name: _spender(bench, sink, peer, SATURATED, None) for peer in peers}
        runs = in_turn(tools, bench.rounds)
    bodies = {peer.name: "unique" if peer.unique else "one" for peer in peers}
    return shown_saturation(runs, {OWN: "unique", **bodies})


def shown_saturation(runs: Runs, bodies: Mapping[str, str]) -> Shown:
    """Each tool compared with wrk, round by round."""
    base = _us(runs.get("wrk", []))
    rows = []
    for name, costs in runs.items():
        to_wrk = [f"{median(ratios(_us(costs), base)):.2f}"] if base else ["–"]
        rows.append((name, bodies[name], *_cells(costs), *to_wrk))
    head = ("200 connections", "bodies", "CPU per report, us, by round", "median", "/s", "to wrk")
    aims = []
    if base and OWN in runs:
        ratio = median(ratios(_us(runs[OWN]), base))
        what = "saturated: CPU per report, qosflood / wrk + Lua"
        aims = [Aim(what, ratio, WRK_AT_MOST), Aim(f"{what}, stretch", ratio, STRETCH)]
    return Shown(markdown(head, rows), aims)


def paced(bench: Bench) -> Shown:
    """5,000 reports/s from 500 clients with a quantum of 500 us, and the tools that keep a rate."""
    options = ("--set", "load.quantum=500us")
    flood = Flood(PACED_CLIENTS, PACED_RATE, bench.seconds, options=options)
    own: list[Spending] = []

    def by_qosflood() -> Cost:
        own.append(bench.flood(sink, flood))
        return own[-1].cost

    with bench.sink() as sink:
        tools: dict[str, Callable[[], Cost]] = {OWN: by_qosflood}
        for peer in present():
            if peer.paced:
                tools[peer.name] = _spender(bench, sink, peer, PACED_CLIENTS, PACED_RATE)
        runs = in_turn(tools, bench.rounds)
    lags = [run.lag_p99_ms for run in own]
    rows = [
        (name, *_cells(costs), f"{median(lags):.3f} ms" if name == OWN else "not reported")
        for name, costs in runs.items()
    ]
    head = ("500 clients, 5,000/s", "CPU per report, us, by round", "median", "/s", "send lag p99")
    aim = Aim(
        "5,000/s, 500 clients, quantum 500 us: CPU per report", _median(runs[OWN]), PACED_US, " us"
    )
    return Shown(markdown(head, rows), [aim])


def lag(bench: Bench) -> Shown:
    """20,000 reports/s from 500 clients with the shipped quantum."""
    flood = Flood(PACED_CLIENTS, LAG_RATE, bench.seconds)
    with bench.sink() as sink:
        runs = [bench.flood(sink, flood) for _ in range(bench.rounds)]
    lags = [run.lag_p99_ms for run in runs]
    costs = [run.cost for run in runs]
    head = ("500 clients, 20,000/s", "send lag p99, ms, by round", "median", "CPU per report, us")
    row = (OWN, in_rounds(lags, 3), f"{median(lags):.3f}", f"{_median(costs):.2f}")
    aim = Aim("20,000/s, shipped quantum: send lag p99", median(lags), LAG_MS, " ms")
    return Shown(markdown(head, [row]), [aim])


def shards(bench: Bench) -> Shown:
    """One shard, then two at the same rate each; shards and nginx share the cores."""
    one = Flood(PACED_CLIENTS, SHARD_RATE, bench.seconds)
    two = replace(one, clients=2 * one.clients, rate=2 * one.rate, shards=2)
    runs: dict[int, list[Spending]] = {1: [], 2: []}
    with bench.sink(workers=2, pinned=False) as sink:
        for _ in range(bench.rounds):
            runs[1].append(bench.flood(sink, one))
            runs[2].append(bench.flood(sink, two))
    return shown_shards(runs)


def shown_shards(runs: Mapping[int, Sequence[Spending]]) -> Shown:
    """Both side by side."""
    rows = []
    for number, spent in runs.items():
        rates = [median(getattr(run, name) for run in spent) for name in ("offered", "acked")]
        costs = _cells([run.cost for run in spent])[:2]
        rows.append((f"{number}", *costs, *(f"{rate:,.1f}" for rate in rates)))
    costs = ratios(*(_us([run.cost for run in runs[number]]) for number in (2, 1)))
    acked = ratios(*([run.acked for run in runs[number]] for number in (2, 1)))
    rows.append(("two / one", in_rounds(costs), f"{median(costs):.2f}", "", f"{median(acked):.3f}"))
    head = ("shards", "CPU per report, us, by round", "median", "offered /s", "accepted /s")
    return Shown(
        markdown(head, rows),
        [
            Aim("two shards / one: accepted reports", median(acked), OFFERED_ALIKE, exactly=2.0),
            Aim("two shards / one: CPU per report", median(costs), SHARDS_ALIKE, exactly=1.0),
        ],
    )


def in_turn(tools: Mapping[str, Callable[[], Cost]], rounds: int) -> Runs:
    """Each tool once per round; one that fails is left out, with the reason on standard error."""
    runs: Runs = {name: [] for name in tools}
    for _ in range(rounds):
        for name in list(runs):
            try:
                runs[name].append(tools[name]())
            except (OSError, RuntimeError) as error:
                print(f"{name} is left out: {error}", file=sys.stderr)
                del runs[name]
    return runs


def _spender(
    bench: Bench, sink: Nginx, peer: Peer, clients: int, rate: int | None
) -> Callable[[], Cost]:
    return lambda: bench.spend(sink, peer, clients, rate)


def _us(costs: Sequence[Cost]) -> list[float]:
    return [cost.us_per_report for cost in costs]


def _median(costs: Sequence[Cost]) -> float:
    return median(_us(costs))


def _cells(costs: Sequence[Cost]) -> tuple[str, str, str]:
    """By round, median, reports per second."""
    rate = median(cost.per_second for cost in costs)
    return in_rounds(_us(costs)), f"{_median(costs):.2f}", f"{rate:,.0f}"
