"""The first and the last items of each kind in a stream. Pure."""

from typing import Generic, TypeVar

T = TypeVar("T")


class FirstAndLast(Generic[T]):
    """Whether an item is one of the `first` of its kind; keeps the `last` of the others.

    `order` decides which are last: several sources may be read one after the other.
    """

    def __init__(self, first: int, last: int) -> None:
        self._first = first
        self._last = last
        self._counts: dict[str, int] = {}
        self._kept: dict[str, list[tuple[int, T]]] = {}

    def offer(self, kind: str, order: int, item: T) -> bool:
        """Take in an item; whether it is one of the first."""
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        if count <= self._first:
            return True
        kept = self._kept.setdefault(kind, [])
        kept.append((order, item))
        kept.sort(key=lambda pair: pair[0])
        del kept[: -self._last]
        return False

    def take_last(self) -> list[T]:
        """The last of each kind, once, kind by kind in their order."""
        last = [item for kept in self._kept.values() for _, item in kept]
        self._kept = {}
        return last
