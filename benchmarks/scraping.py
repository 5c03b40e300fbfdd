"""Send lag of the load with a 20 MB metrics page scraped every second, and without scrapes.

The embedded collector is flooded by the real command; the page is served by a process of its own.
The two run in turn, so that other work on the machine affects both.
"""

import argparse
import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

PAGE_BYTES = 20_000_000
_PORT_LINE = "serving on "


def page() -> bytes:
    """Counters and gauges with labels, about 20 MB of text 0.0.4."""
    lines: list[bytes] = []
    size = number = 0
    while size < PAGE_BYTES:
        kind = b"counter" if number % 2 else b"gauge"
        lines.append(b"# TYPE app_metric_%d %s" % (number, kind))
        lines += [
            b'app_metric_%d{method="GET",path="/api/v1/things/%d",status="200"} %d' % (number, n, n)
            for n in range(100)
        ]
        size += sum(map(len, lines[-101:])) + 101
        number += 1
    return b"\n".join([*lines, b""])


async def serve() -> None:
    """Serve the page until killed."""
    body = page()
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: %d\r\n\r\n"
    )
    answer = head % len(body) + body

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(answer)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    print(f"{_PORT_LINE}{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The page's URL, from a process of its own."""
    command = [sys.executable, __file__, "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().removeprefix(_PORT_LINE).strip()
            yield f"http://127.0.0.1:{port}/metrics"
        finally:
            process.kill()


def flood(folder: Path, rate: int, seconds: int, *options: str) -> dict[str, Any]:
    """The flood phase of report.json of one run."""
    command = [
        *(sys.executable, "-m", "qosflood", "run", "--quiet", "--no-live", "--out", str(folder)),
        *("--clients", "200", "--rate", f"{rate}/s", "--duration", f"{seconds}s"),
        *("--set", "phases.baseline=0s", "--set", "phases.recovery=0s", *options),
    ]
    subprocess.run(command, check=False, env=os.environ, stdout=subprocess.DEVNULL)
    report = orjson.loads((folder / "report.json").read_bytes())
    found: dict[str, Any] = next(p for p in report["phases"] if p["name"] == "flood")
    return found


def main() -> None:
    """Print both rows, medians over the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rate", type=int, default=1000)
    args = parser.parse_args()
    if args.serve:
        asyncio.run(serve())
        return
    with tempfile.TemporaryDirectory() as scratch, serving() as url:
        rows = {
            "none": ("--scrape-interval", "off"),
            "20 MB every second": ("--scrape", url, "--scrape-interval", "1s"),
        }
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in rows}
        for number in range(args.rounds):
            for index, (name, options) in enumerate(rows.items()):
                folder = Path(scratch) / f"{number}-{index}"
                found[name].append(flood(folder, args.rate, args.seconds, *options))
    print("| scrapes | send lag p50 | p99 | max | good | scrape p50 | page parsed, longest |")
    print("|---|---|---|---|---|---|---|")
    for name, phases in found.items():
        print(_row(name, phases))


def _row(name: str, phases: list[dict[str, Any]]) -> str:
    lag = [_median([p["send_lag_ms"][key] for p in phases]) for key in ("p50", "p99", "max")]
    scrapes = [phase["scrapes"] for phase in phases]
    count = sum(one["count"] for one in scrapes)
    good = f"{count - sum(one['failed'] for one in scrapes)} of {count}" if count else "–"
    took = _median([one["duration_ms"]["p50"] or one["duration_ms"]["max"] for one in scrapes])
    parsed = _median([one["parse_ms"]["max"] for one in scrapes])
    return f"| {name} | {' | '.join(lag)} | {good} | {took} | {parsed} |"


def _median(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{statistics.median(known):.2f} ms" if known else "–"


if __name__ == "__main__":
    main()
