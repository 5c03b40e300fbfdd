"""Whether qosflood's latencies and outcomes are true, compared with what other tools report.

    python benchmarks/truth.py [--quick]

A server freezes on a script, so that the response times of reports that are due then can be
computed. qosflood's figures are compared with them, and wrk, hey, locust and autocannon flood the
same server. Then servers are slow, reset connections and answer badly, and qosflood's outcomes are
compared with their logs. Prints Markdown tables; exits with 1 if a figure or an outcome is wrong.
Loopback only; takes about four minutes, with --quick two.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from books import CASES, QUICK, Books, Case, contradictions, keep_books
from freezing_process import freezing
from judged import Crowd, Judged, Own, measure_own
from peers import PEERS, Load, Peer, Reported
from pinned import Cores, environment, two_cores
from tables import markdown

RATE = 500
"""Reports per second. The server needs some 25 us for each that a freeze held up, so that at 500/s
the last of them waits about 12 ms longer than arithmetic says: less than the aim."""
SPARSE_CROWD = Crowd(clients=1050, cadence_ms=2100)
"""A cadence longer than a freeze: no report queues behind another. And none that divides the
period, so that clients do not meet each freeze alike."""
PEERS_CROWD = Crowd(clients=105, cadence_ms=210)
"""The same rate from as many connections as the other tools use: up to five reports of a client
queue in a freeze."""
ATTEMPTS = 3
AFTER_THAW_S = 2.0
"""When the other tools start and, with a multiple of the period, end: out of a freeze."""


def own_table(runs: Sequence[Own]) -> str:
    """qosflood's figures, with the two computed ones and the server's own."""
    head = ("qosflood", "ms", "evenly due", "as due", "server's clock", "reported", "off by", "aim")
    rows = [
        (
            str(run.crowd),
            _named(one.name),
            *(f"{value:.1f}" for value in (one.evenly, one.due, one.clock)),
            "–" if one.reported is None else f"{one.reported:.1f}",
            "–" if one.off is None else f"{one.off:+.1f}",
            f"within {one.allowed:.1f}: {'holds' if one.holds else '**MISSED**'}",
        )
        for run in runs
        for one in run.figures
    ]
    return markdown(head, rows)


def side_by_side(own: Own, peers: dict[str, Reported | str], seconds: int) -> str:
    """What each tool reports of the same server; a text for a tool that reports nothing."""
    head = ("", "computed", "qosflood", *peers)
    rows = [
        (f"{_named(one.name)}, ms", f"{one.evenly:.1f}", _own_cell(one), *_cells(peers, one.name))
        for one in own.figures
    ]
    rates = (
        said if isinstance(said, str) else f"{said.answers / seconds:,.0f}"
        for said in peers.values()
    )
    rows.append(("answered /s", f"{RATE}", f"{own.answers / own.seconds:,.0f}", *rates))
    return markdown(head, rows)


def _own_cell(one: Judged) -> str:
    if one.reported is None or one.off is None:
        return "–"
    return f"**{one.reported:.1f}** ({one.off:+.1f})"


def _cells(peers: dict[str, Reported | str], figure: str) -> list[str]:
    cells = []
    for said in peers.values():
        value = said if isinstance(said, str) else said.latency_ms[figure]
        cells.append(f"{value:.1f}" if isinstance(value, float) else value or "not reported")
    return cells


def _named(figure: str) -> str:
    return figure.replace("_", ".")


def books_table(kept: Sequence[tuple[Case, Books]]) -> str:
    """The counts of both sides."""
    head = ("server", "scheduled", "ended as", "sent", "resent", "received", "answered", "counts")
    rows = [
        (
            case.name,
            f"{books.scheduled:,}",
            ", ".join(f"{count:,} {name}" for name, count in sorted(books.outcomes.items())),
            f"{books.sent:,}",
            f"{books.resent:,}",
            f"{books.received:,}",
            ", ".join(f"{count:,} x {name}" for name, count in sorted(books.statuses.items()))
            or "–",
            "**CONTRADICT**" if contradictions(case, books) else "agree",
        )
        for case, books in kept
    ]
    return markdown(head, rows)


def run_peers(cores: Cores, scratch: Path, seconds: int) -> dict[str, Reported | str]:
    """Each tool in turn against one server."""
    with freezing(cores) as server:
        load = Load(server.url, PEERS_CROWD.clients, RATE, seconds, scratch)
        said: dict[str, Reported | str] = {}
        for peer in PEERS:
            if not peer.missing:
                server.wait_for_thaw(AFTER_THAW_S)
            said[peer.name] = _peer(peer, load, cores)
    return said


def _peer(peer: Peer, load: Load, cores: Cores) -> Reported | str:
    """Its figures, or why there are none; standard error has the details."""
    if peer.missing:
        print(peer.how_to_install, file=sys.stderr)
        return "not installed"
    try:
        return peer.measure(load, cores)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return "failed"


def run_own(cores: Cores, scratch: Path, crowd: Crowd, seconds: int) -> Own:
    """qosflood against a server of its own, which keeps a log.

    If other work on the machine delayed the generator, qosflood reports it and the figures are
    invalid: only that run is repeated.
    """
    for attempt in range(1, ATTEMPTS + 1):
        folder = scratch / f"own-{crowd.clients}-{attempt}"
        with freezing(cores, keep=True) as server:
            own = measure_own(server, cores, folder, crowd, seconds)
        if not own.late:
            break
        print(f"{crowd}: the generator was late, run {attempt} of {ATTEMPTS}", file=sys.stderr)
    return own


def own_problems(runs: Iterable[Own]) -> list[str]:
    """Aims that were missed, and problems that invalidate figures."""
    problems = []
    for run in runs:
        problems += [f"{run.crowd}: {problem}" for problem in run.problems]
        problems += [
            f"{run.crowd}: {_named(one.name)} is {one.reported} ms, expected {one.due:.1f} ms "
            f"within {one.allowed:.1f} ms"
            for one in run.figures
            if not one.holds
        ]
    return problems


def books_problems(kept: Iterable[tuple[Case, Books]]) -> list[str]:
    """Every contradiction, with the server it is about."""
    return [
        f"{case.name}: {words}" for case, books in kept for words in contradictions(case, books)
    ]


def main() -> None:
    """Both parts; prints the tables, exits with 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="shorter runs, fewer servers")
    quick = parser.parse_args().quick
    cores = two_cores((), "util-linux")
    print(f"{environment()}; {RATE} reports/s, frozen 1 s of 5 s", flush=True)
    with tempfile.TemporaryDirectory(prefix="qosflood-truth-") as folder:
        scratch = Path(folder)
        own_s, peers_s, books_s = (25, 5, 2) if quick else (30, 15, 4)
        runs = [run_own(cores, scratch, crowd, own_s) for crowd in (SPARSE_CROWD, PEERS_CROWD)]
        print("", own_table(runs), sep="\n", flush=True)
        peers = run_peers(cores, scratch, peers_s)
        print("", side_by_side(runs[1], peers, peers_s), sep="\n", flush=True)
        kept = [
            (case, keep_books(case, cores, scratch / f"books-{number}", books_s))
            for number, case in enumerate(QUICK if quick else CASES)
        ]
        print("", books_table(kept), sep="\n")
    problems = own_problems(runs) + books_problems(kept)
    words = [f"WRONG: {problem}" for problem in problems]
    print("", *(words or ["All figures are within their aims, all counts agree."]), sep="\n")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
