"""Which figures each client reports: its place on a path of its network class, encoded."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from qosflood.load.body.network import (
    INTERVALS,
    PATHS,
    Paths,
    assign_classes,
    assign_places,
    draw_paths,
)
from qosflood.plan.plan import NetworkClass

Path = list[Any]
"""The figures of one call, INTERVALS of them, each as a template's writer wants them."""
LAST = INTERVALS - 1
"""`path[turn & LAST]` walks a path round and round."""
_BLOCK = 1024


class Figure(NamedTuple):
    """What one interval of a call in the network class `network` was like."""

    network: str
    mos: float
    loss_percent: float
    rtt_ms: float
    jitter_ms: float


class Figures:
    """The paths of a run's network classes, and which client walks which from where. `encode`
    turns an interval's figures into an item of a path."""

    def __init__(
        self, networks: Sequence[NetworkClass], seed: int, encode: Callable[[Figure], Any]
    ) -> None:
        self._networks = networks
        self._seed = seed
        self._paths: list[Path] = []
        for number, network in enumerate(networks):
            self._paths += _encoded(network.name, draw_paths(network, number, seed), encode)
        self._block = -1
        self._walks: list[tuple[int, int]] = []

    def walk(self, number: int) -> tuple[Path, int]:
        """The path of client `number` and the turn it starts with."""
        block, at = divmod(number, _BLOCK)
        if block != self._block:
            # Drawn for many clients at once: one by one it is 50 us a client.
            self._block, self._walks = block, self._drawn(block)
        path, turn = self._walks[at]
        return self._paths[path], turn

    def _drawn(self, block: int) -> list[tuple[int, int]]:
        numbers = np.arange(block * _BLOCK, (block + 1) * _BLOCK)
        path, turn = assign_places(self._seed, numbers)
        path += PATHS * assign_classes(self._networks, self._seed, numbers)
        return list(zip(path.tolist(), turn.tolist(), strict=True))


def _encoded(name: str, paths: Paths, encode: Callable[[Figure], Any]) -> list[Path]:
    columns = (paths.mos, paths.loss_percent, paths.rtt_ms, paths.jitter_ms)
    return [
        [encode(Figure(name, *row)) for row in zip(*(each.tolist() for each in call), strict=True)]
        for call in zip(*columns, strict=True)
    ]
