"""A JSON snapshot of sessions taken in piece by piece: its items one by one, never all of it. Pure.

A million sessions are 184 MB of JSON and five times that as objects; what is kept here is a piece
and an item.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import ijson

from qosflood.base.foreign_numbers import whole_number

LARGEST = 1 << 20
"""Bytes: no item, nor what stands before the list, is waited for beyond this."""
_SLICE = 1 << 16
_MOST_BEHIND = 1 << 16
_DEEPEST = 1000
_STARTS, _ENDS = ("start_map", "start_array"), ("end_map", "end_array")
_NO_JSON = "the answer is no JSON that can be read"
_GOES_ON = re.compile(r"(?i)(next.*|(next_?)?cursor|has_?(more|next.*)|continuation.*)")
"""Keys beside a list that say, with a value, that it is one page of several."""
_NEAR = 2
"""They stand in the answer's outermost object, or in an object that is a value there."""
_NO_NUMBERS = (b"NaN", b"Infinity")


class SnapshotError(Exception):
    """The answer is no snapshot; the text says why."""


class Snapshot:
    """The objects of the list that `path` leads to, a key for each level (none: the answer itself
    is the list). What stands behind the list is looked at only for a sign of further pages, which
    `goes_on` says was met."""

    def __init__(self, path: tuple[str, ...]) -> None:
        self._path = list(path)
        self._events: list[tuple[str, Any]] = ijson.sendable_list()
        # Numbers that are not whole come as Decimals, and whole ones may have any size.
        self._parser = ijson.basic_parse_coro(self._events)
        self._keys: list[str | None] = []
        self._item = _Item()
        self._found = self._whole = self._broken = False
        self._waiting = self._behind = 0
        self.items = 0
        self.goes_on = False

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Take in a piece; the items that are whole now. Raises SnapshotError."""
        for at in range(0, len(data), _SLICE):
            piece = data[at : at + _SLICE]
            read = self._parse(piece)
            before = self.items
            yield from self._take()
            if not read and not self._whole:
                raise SnapshotError(self._unreadable(piece))
            self._waiting = 0 if self.items > before else self._waiting + len(piece)
            if self._waiting > LARGEST and not self._whole:
                raise SnapshotError(f"the answer has {self._too_large}")

    def finish(self) -> None:
        """The answer is over; raises SnapshotError unless its list was."""
        if not self._whole:
            what = "is cut short" if self._found else f"has no {self._list}"
            raise SnapshotError(f"the answer {what}")

    @property
    def _list(self) -> str:
        return f'list "{".".join(self._path)}"' if self._path else "list"

    @property
    def _too_large(self) -> str:
        return "an item of 1 MiB or more" if self._found else f"no {self._list} in its first MiB"

    def _parse(self, piece: bytes) -> bool:
        """Read on, unless what stands behind the list is no JSON, or much; whether it was JSON."""
        if self._whole:
            self._behind += len(piece)
        if self._broken or self._behind > _MOST_BEHIND:
            return not self._broken
        try:
            self._parser.send(piece)
        except ijson.JSONError:
            self._broken = True
        return not self._broken

    def _unreadable(self, piece: bytes) -> str:
        if not self._found:
            return f"the answer has no {self._list}"
        if any(word in piece for word in _NO_NUMBERS):
            return "the answer has NaN or Infinity in its list, which is no JSON"
        return _NO_JSON

    def _take(self) -> Iterator[dict[str, Any]]:
        """Go through the events that have come."""
        item = self._item
        for event, value in self._events:
            if item.open:
                if item.add(event, value):
                    self.items += 1
                    yield item.whole
            elif not self._found or self._whole:
                self._around(event, value)
            elif event == "start_map":
                item.begin()
            elif event == "end_array":
                self._whole = True
            else:
                what = f"something else than objects in its {self._list}"
                raise SnapshotError(f"the answer has {what}")
        self._events.clear()

    def _around(self, event: str, value: Any) -> None:
        """What stands before the list or behind it: the way there, and signs of further pages."""
        if event == "map_key":
            self._keys[-1] = value
        elif event in _ENDS:
            self._keys.pop()
        else:
            self.goes_on |= self._says_more(event, value)
            if not self._found and self._keys == self._path:
                if event != "start_array":
                    raise SnapshotError(f"the answer has no {self._list}")
                self._found = True
            elif event in _STARTS:
                _check_depth(self._keys)
                self._keys.append("" if event == "start_map" else None)

    def _says_more(self, event: str, value: Any) -> bool:
        """Whether a value, or that an object or a list has one, is a sign of further pages."""
        for depth, key in enumerate(self._keys[:_NEAR], start=1):
            if key is None:
                return False
            within = depth < len(self._keys)
            if _GOES_ON.fullmatch(key) and (within or (event not in _STARTS and value)):
                return True
        return False


class _Item:
    """Makes an object of its events."""

    def __init__(self) -> None:
        self.open = False
        self.whole: dict[str, Any] = {}
        self._at: Any = None
        self._key = ""
        self._above: list[Any] = []

    def begin(self) -> None:
        """Start an object, without what is left of the one before."""
        self.open = True
        self._at = self.whole = {}

    def add(self, event: str, value: Any) -> bool:
        """Take in what follows; whether that was its end."""
        if event == "map_key":
            self._key = value
        elif event in _ENDS:
            self.open = bool(self._above)
            if self.open:
                self._at = self._above.pop()
            return not self.open
        elif event in _STARTS:
            inner: Any = {} if event == "start_map" else []
            self._put(inner)
            _check_depth(self._above)
            self._above.append(self._at)
            self._at = inner
        else:
            self._put(float(value) if isinstance(value, Decimal) else value)
        return False

    def _put(self, value: Any) -> None:
        if isinstance(self._at, list):
            self._at.append(value)
        else:
            self._at[self._key] = value


def _check_depth(containers: list[Any]) -> None:
    if len(containers) >= _DEEPEST:
        raise SnapshotError(_NO_JSON)


def at_path(item: Any, path: tuple[str, ...]) -> Any:
    """What stands in an item at `path`; None if nothing does."""
    for name in path:
        if not isinstance(item, dict):
            return None
        item = item.get(name)
    return item


def epoch_ms(value: Any) -> int | None:
    """A time of observation as whole ms since 1970, from a number or its digits; None for what is
    no time."""
    try:
        return whole_number(float(value)) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        return None
