"""CPU time to read a sample of a metrics page, compared with prometheus_client's parser.

    python benchmarks/exposition.py

Both read the same pages of some 20 MB, in turn. Measured is the CPU time of the reading thread per
sample; the ratio is that of the medians. Prints one Markdown table; takes about a minute.
"""

import argparse
import io
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from prometheus_client.openmetrics.parser import text_fd_to_metric_families as read_openmetrics
from prometheus_client.parser import text_fd_to_metric_families as read_text

from qosflood.monitor.exposition.exposition import read_exposition

PAGE_BYTES = 20_000_000
_ROUTES = ("/api/v1/metrics/qos", "/api/v1/session/{id}", "/api/v1/heartbeat/{id}", "/metrics")
_BOUNDS = ("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "+Inf")


@dataclass(frozen=True, slots=True)
class Page:
    """A page under the name of its kind, and how prometheus_client reads it."""

    name: str
    content_type: str
    body: bytes
    peer: Callable[[str], int]


def main() -> None:
    """Measure and print."""
    options = _options()
    rows = []
    for page in _pages():
        ours, theirs = [], []
        for _ in range(options.rounds):
            ours.append(_cost_us(lambda page=page: _read(page)))
            text = page.body.decode()
            theirs.append(_cost_us(lambda page=page, text=text: page.peer(text)))
        rows.append((page, statistics.median(ours), statistics.median(theirs)))
    print(f"Python {sys.version.split()[0]}, median of {options.rounds} rounds\n")
    print("| page | samples | prometheus_client | qosflood | ratio |")
    print("|---|---|---|---|---|")
    for page, own, peer in rows:
        print(
            f"| {page.name}, {len(page.body) / 1e6:.1f} MB | {_read(page):,} "
            f"| {peer:.2f} us per sample | {own:.2f} us | {peer / own:.1f} |"
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def _pages() -> Iterator[Page]:
    text = _page(Random(1), "").encode()
    yield Page("text 0.0.4", "text/plain; version=0.0.4", text, _count_text)
    stamped = _page(Random(1), " 1700000000123").encode()
    yield Page("text 0.0.4 with timestamps", "text/plain; version=0.0.4", stamped, _count_text)
    named = _page(Random(1), "").replace(" counter\n", " unknown\n") + "# EOF\n"
    kind = "application/openmetrics-text; version=1.0.0"
    yield Page("OpenMetrics", kind, named.encode(), _count_openmetrics)


def _page(chance: Random, stamp: str) -> str:
    """Families of counters, gauges and histograms as servers expose them, with 2 to 4 labels."""
    parts: list[str] = []
    size = family = 0
    while size < PAGE_BYTES:
        piece = "".join(_family(chance, family, stamp))
        parts.append(piece)
        size += len(piece)
        family += 1
    return "".join(parts)


def _family(chance: Random, number: int, stamp: str) -> Iterator[str]:
    name, kind = (
        (f"collector_{number}_reports", "counter"),
        (f"collector_{number}_bridge_health", "gauge"),
        (f"collector_{number}_duration_seconds", "histogram"),
    )[number % 3]
    yield f"# HELP {name} What the collector's family {number} counts.\n# TYPE {name} {kind}\n"
    for series in range(chance.randrange(1, 60)):
        route, code = chance.choice(_ROUTES), chance.choice((200, 202, 400, 503))
        labels = f'bridge_id="bridge-{series}",route="{route}",code="{code}"'
        if kind == "histogram":
            yield from _histogram(chance, name, labels, stamp)
        else:
            yield f"{name}{{{labels}}} {chance.random() * 1e6:.9g}{stamp}\n"


def _histogram(chance: Random, name: str, labels: str, stamp: str) -> Iterator[str]:
    seen = 0
    for bound in _BOUNDS:
        seen += chance.randrange(1000)
        yield f'{name}_bucket{{{labels},le="{bound}"}} {seen}{stamp}\n'
    yield f"{name}_sum{{{labels}}} {seen * 0.12:.6f}{stamp}\n"
    yield f"{name}_count{{{labels}}} {seen}{stamp}\n"


def _read(page: Page) -> int:
    found = read_exposition(page.body, page.content_type, "process_resident_memory_bytes")
    assert found.samples is not None
    return found.samples


def _count_text(text: str) -> int:
    return sum(len(family.samples) for family in read_text(io.StringIO(text)))


def _count_openmetrics(text: str) -> int:
    return sum(len(family.samples) for family in read_openmetrics(io.StringIO(text)))


def _cost_us(read: Callable[[], int]) -> float:
    began = time.thread_time_ns()
    samples = read()
    return (time.thread_time_ns() - began) / 1000 / samples


if __name__ == "__main__":
    main()
