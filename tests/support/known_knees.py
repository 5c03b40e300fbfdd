"""Collectors whose capacity follows from arithmetic, and how a search is asked for it."""

import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import psutil
from processes import free_port, qosflood_command, started, wait_for_port
from sick_collectors import PAGE_NS, STARVING_SERVICE_NS, SWELL_BYTES, sick_collector

from qosflood.base.units import MS

SERVED_PER_S = 500
"""What a service time of 2 ms carries."""
_PAGE_WITHIN_NS = 500 * MS
_SWOLLEN = 100

Asked = tuple[str, ...]
"""Words of a command line."""


@dataclass(frozen=True, slots=True)
class KnownKnee:
    """A collector that carries `clients` of those that `load` describes; then `first` breaks.

    `started` gives its URL, and the limits to be named.
    """

    name: str
    clients: int
    first: str
    load: Asked
    started: Callable[[], AbstractContextManager[tuple[str, Asked]]]


@contextmanager
def serving_in_2ms() -> Iterator[str]:
    """A collector that serves one report in 2 ms; its URL."""
    port = free_port()
    command = qosflood_command("collector", "--service-time", "2ms", "--port", str(port))
    with started(command):
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _serving() -> Iterator[tuple[str, Asked]]:
    # At the knee clients that report in turn queue for 65 ms; above it the queue grows.
    with serving_in_2ms() as url:
        yield url, ("--limit", "response.p99 < 80ms")


@contextmanager
def _starving() -> Iterator[tuple[str, Asked]]:
    within = f"scrape.p99 < {_PAGE_WITHIN_NS // MS}ms"
    with sick_collector("starving") as target:
        yield target.url, ("--limit", within, "--limit", "response.p99 < 250ms")


@contextmanager
def _swelling() -> Iterator[tuple[str, Asked]]:
    with sick_collector("swelling") as target:
        urllib.request.urlopen(f"{target.url}/metrics", timeout=10).close()
        empty = psutil.Process(target.process.pid).memory_info().rss
        most = empty + _SWOLLEN * SWELL_BYTES + SWELL_BYTES // 2
        yield target.url, ("--limit", f"memory.max < {most}B")


def _starved_clients() -> int:
    """With a cadence as long as a page may take, as many reports come in each such time as there
    are clients, so that exactly this many leave PAGE_NS idle."""
    return (_PAGE_WITHIN_NS - PAGE_NS) // STARVING_SERVICE_NS


KNOWN_KNEES = (
    KnownKnee("2 ms a report", SERVED_PER_S, "response.p99", ("--peak", "90@1s"), _serving),
    KnownKnee(
        "scrapes starve",
        _starved_clients(),
        "scrape.p99",
        ("--peak", f"60@{_PAGE_WITHIN_NS // MS}ms", "--scrape-interval", "1s"),
        _starving,
    ),
    KnownKnee("2 MiB a session", _SWOLLEN, "memory.max", ("--peak", "30@500ms"), _swelling),
)
"""Their 1x is no half, quarter or eighth of what they carry, as it seldom is."""
