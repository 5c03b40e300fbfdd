"""The fixed grid on which scrapes and samples are due, and what became of its ticks. Pure."""

from dataclasses import dataclass

from qosflood.base.units import MS

_LEAST_LATENESS_NS = 250 * MS


@dataclass(slots=True)
class Ticks:
    """Ticks every `interval_ns` from `next_ns` on; a late one never moves those after it."""

    next_ns: int
    interval_ns: int

    @property
    def tolerance_ns(self) -> int:
        """How late a tick may begin and still count as kept."""
        return max(self.interval_ns // 2, _LEAST_LATENESS_NS)

    def missed(self, now_ns: int) -> list[int]:
        """Drop and return the ticks that are too late to keep at `now_ns`."""
        dropped = []
        while now_ns - self.next_ns > self.tolerance_ns:
            dropped.append(self.take())
        return dropped

    def take(self) -> int:
        """The next tick, which is hereby served."""
        tick = self.next_ns
        self.next_ns += self.interval_ns
        return tick
