"""The small interfaces that rooms share, and their doubles for tests."""

from typing import Protocol


class Clock(Protocol):
    """A monotonic clock in nanoseconds; only differences mean anything."""

    def now_ns(self) -> int:
        """Nanoseconds since an arbitrary moment."""


class ManualClock:
    """A clock that stands still until it is moved; ships with the package for tests."""

    def __init__(self, now_ns: int = 0) -> None:
        self._now_ns = now_ns

    def now_ns(self) -> int:
        """The moment it was last moved to."""
        return self._now_ns

    def advance(self, ns: int) -> None:
        """Move forward by `ns` nanoseconds."""
        self._now_ns += ns
