"""The first and the last of each kind, of things that come one by one. Pure."""

from typing import Generic, TypeVar

T = TypeVar("T")


class FirstAndLast(Generic[T]):
    """Says of each thing whether it is one of the `first` of its kind, and keeps the `last` of the
    others.

    `order` decides which are last: several sources may hand in theirs one after the other.
    """

    def __init__(self, first: int, last: int) -> None:
        self._first = first
        self._last = last
        self._counts: dict[str, int] = {}
        self._kept: dict[str, list[tuple[int, T]]] = {}

    def offer(self, kind: str, order: int, thing: T) -> bool:
        """Take a thing in; whether it is one of the first."""
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        if count <= self._first:
            return True
        kept = self._kept.setdefault(kind, [])
        kept.append((order, thing))
        kept.sort(key=lambda pair: pair[0])
        del kept[: -self._last]
        return False

    def take_last(self) -> list[T]:
        """The last of each kind, once, kind by kind in their order."""
        last = [thing for kept in self._kept.values() for _, thing in kept]
        self._kept = {}
        return last
