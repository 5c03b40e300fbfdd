"""The rows of versus.py on connections: memory per client, plain and over TLS."""

from dataclasses import replace

from bench import Bench, Shown, in_rounds, median, ratios
from certificates import make_certificates
from rows_cpu import OWN, probed
from spending import Flood, Spending
from tables import Aim, markdown

KIB = 1024
FEW = 10
"""Clients of the run that serves as the baseline of memory."""
MANY = 10_000
MANY_RATE = 1000
CLIENT_KIB = 4.0
CROWD = 40_000
CROWD_RATE = 4000
CROWD_SHARDS = 4
SOURCES = ("127.0.0.2", "127.0.0.3")
"""One address alone has some 28,000 ports to a target."""
TLS = 4000
TLS_RATE = 400
IDLE_KIB = 35.0
TLS_TO_PLAIN = 1.5
LEAD_S = 10
"""Time in which all clients connect."""
CROWD_LEAD_S = 12
"""10,000 clients connect in a second, but once more than half of an address's ports are taken,
Linux needs longer to find a free one."""
NOTHING_OFF = 0.001


def clients(bench: Bench) -> Shown:
    """10,000 clients, compared with 10 at the same rate."""
    many = Flood(MANY, MANY_RATE, bench.seconds, LEAD_S)
    with bench.sink() as sink:
        empty = bench.flood(sink, replace(many, clients=FEW))
        full = bench.flood(sink, many)
    each = per_client_kib(empty, full, MANY - FEW)
    return Shown(
        markdown(_HEAD, [_row(f"{FEW}", empty), _row(f"{MANY:,}", full)]),
        [
            Aim("10,000 clients at 1,000/s: memory per client", each, CLIENT_KIB, " KiB"),
            _offered("10,000 clients at 1,000/s", full),
        ],
    )


def crowd(bench: Bench) -> Shown:
    """40,000 clients of four shards from two addresses, against four workers of nginx."""
    options = ("--set", f"target.sources={list(SOURCES)!r}".replace("'", '"'))
    lead_s, shards = CROWD_LEAD_S, CROWD_SHARDS
    many = Flood(CROWD, CROWD_RATE, bench.seconds, lead_s, shards=shards, options=options)
    with bench.sink(workers=4, pinned=False) as sink:
        empty = bench.flood(sink, replace(many, clients=FEW * shards))
        full = bench.flood(sink, many)
    each = per_client_kib(empty, full, CROWD - FEW * shards)
    what = "40,000 clients, four shards, two sources"
    return Shown(
        markdown(_HEAD, [_row(f"{FEW * shards}", empty), _row(f"{CROWD:,}", full)]),
        [
            Aim(f"{what}: connected", full.connected, 0, exactly=CROWD),
            _offered(what, full),
            Aim(f"{what}: memory per client", each, CLIENT_KIB, " KiB"),
        ],
    )


def tls(bench: Bench) -> Shown:
    """Idle connections, handshakes, and saturation, compared with plain TCP in the same rounds."""
    folder = bench.folder()
    folder.mkdir()
    certificate = make_certificates(folder).good
    trust = ("--cacert", str(certificate.authority))
    many = Flood(TLS, TLS_RATE, bench.seconds, LEAD_S, options=trust)
    with bench.sink() as plain, bench.sink(certificate) as secret:
        empty = bench.flood(secret, replace(many, clients=FEW))
        full = bench.flood(secret, many)
        floods = probed(bench, plain, ()), probed(bench, secret, trust)
        costs: tuple[list[float], list[float]] = ([], [])
        for _ in range(bench.rounds):
            for sink, flood, spent in zip((plain, secret), floods, costs, strict=True):
                spent.append(bench.flood(sink, flood).cost.us_per_report)
    connect_us = (full.lead_cpu_s - empty.lead_cpu_s) * 1e6 / (TLS - FEW)
    ratio = ratios(costs[1], costs[0])
    rows = [
        ("CPU per report, plain, us", in_rounds(costs[0]), f"{median(costs[0]):.2f}"),
        ("CPU per report, TLS, us", in_rounds(costs[1]), f"{median(costs[1]):.2f}"),
        ("TLS / plain", in_rounds(ratio), f"{median(ratio):.2f}"),
        ("CPU per connect, TLS, us", "", f"{connect_us:.0f}"),
    ]
    tables = (
        markdown(_HEAD, [_row(f"{FEW} over TLS", empty), _row(f"{TLS:,} over TLS", full)]),
        markdown((f"{OWN}, saturated", "by round", "median"), rows),
    )
    each = per_client_kib(empty, full, TLS - FEW)
    return Shown(
        "\n\n".join(tables),
        [
            Aim("TLS, 4,000 clients: memory per client", each, IDLE_KIB, " KiB"),
            Aim("TLS, saturated: CPU per report, TLS / plain", median(ratio), TLS_TO_PLAIN),
        ],
    )


def per_client_kib(empty: Spending, full: Spending, more: int) -> float:
    """KiB that each of `more` additional clients adds to the memory of all shards."""
    return (full.rss_bytes - empty.rss_bytes) / KIB / more


_HEAD = (
    "clients", "connected", "after", "largest RSS", "offered /s of planned", "accepted /s",
    "lag p99",
)  # fmt: skip


def _row(name: str, run: Spending) -> tuple[str, ...]:
    return (
        name,
        f"{run.connected:,}",
        f"{run.connected_s} s",
        f"{run.rss_bytes / KIB / KIB:.1f} MiB",
        f"{run.offered:,.1f} of {run.planned:,.1f}",
        f"{run.acked:,.1f}",
        f"{run.lag_p99_ms:.2f} ms",
    )


def _offered(what: str, run: Spending) -> Aim:
    share = run.offered / run.planned
    return Aim(f"{what}: offered of planned", share, NOTHING_OFF, exactly=1.0)
