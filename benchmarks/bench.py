"""Where the rows of versus.py run, and what they return."""

import contextlib
import itertools
import statistics
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from certificates import Certificate
from nginx import Nginx, nginx_sink
from peers import PEERS, Load, Peer
from pinned import Cores
from running import Cost
from spending import Flood, Spending
from tables import Aim


@dataclass(frozen=True, slots=True)
class Shown:
    """What a row prints: a table of what it measured, and its aims."""

    table: str
    aims: Sequence[Aim]


@dataclass(frozen=True, slots=True)
class Bench:
    """Two cores, a scratch folder, and the number and length of floods."""

    cores: Cores
    scratch: Path
    rounds: int
    seconds: int
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def folder(self) -> Path:
        """A new place below the scratch folder."""
        return self.scratch / f"{next(self._numbers)}"

    @contextlib.contextmanager
    def sink(
        self, certificate: Certificate | None = None, *, workers: int = 1, pinned: bool = True
    ) -> Iterator[Nginx]:
        """nginx on the core that is not the generator's, or on both."""
        wrapper = self.cores.pinned(self.cores.other, ()) if pinned else ()
        folder = self.folder()
        with nginx_sink(
            folder, certificate=certificate, wrapper=wrapper, workers=workers
        ) as running:
            yield running

    def flood(self, sink: Nginx, flood: Flood) -> Spending:
        """One run of qosflood."""
        return flood.run(sink, self.cores, self.folder())

    def spend(self, sink: Nginx, peer: Peer, clients: int, rate: int | None) -> Cost:
        """One run of another tool."""
        load = Load(sink.url, clients, rate, self.seconds, self.scratch)
        return peer.spend(load, self.cores, sink.requests)


def present(peers: Iterable[Peer] = PEERS) -> list[Peer]:
    """The tools that are installed; a line on standard error for each that is not."""
    there = []
    for peer in peers:
        if peer.missing:
            print(peer.how_to_install, file=sys.stderr)
        else:
            there.append(peer)
    return there


def ratios(these: Sequence[float], those: Sequence[float]) -> list[float]:
    """Round by round, so that what slowed down a round slowed down both."""
    return [this / that for this, that in zip(these, those, strict=True)]


def median(values: Iterable[float]) -> float:
    """The middle round."""
    return statistics.median(values)


def in_rounds(values: Iterable[float], digits: int = 2) -> str:
    """The figures of all rounds, as text."""
    return " · ".join(f"{value:.{digits}f}" for value in values)
