"""How much of a crowd's work fits into one turn of the loop: paced by time, for its cost varies.

Closing a plain connection costs some 10 us, one with TLS up to a millisecond, and most of it comes
in callbacks after the turn. So the time from turn to turn decides.
"""

from collections.abc import Callable

TURN_NS = 2_000_000
"""A turn's work, with the callbacks that follow from it, shall take no longer."""


class Turns:
    """The size of the slices in which a crowd is handled, from `first` to `most`; after a pause,
    `first` at most."""

    def __init__(self, clock: Callable[[], int], first: int, most: int) -> None:
        self._clock = clock
        self._first = self._size = first
        self._most = most
        self._began_ns: int | None = None

    def begin(self) -> int:
        """A turn begins: how many may be handled in it."""
        now_ns = self._clock()
        if self._began_ns is not None:
            over = now_ns - self._began_ns > TURN_NS
            less = max(min(self._size // 2, self._first), 1)
            self._size = less if over else min(self._size * 2, self._most)
        self._began_ns = now_ns
        return self._size

    @property
    def spent(self) -> bool:
        """Whether the turn has taken its time already."""
        return self._began_ns is not None and self._clock() - self._began_ns > TURN_NS
