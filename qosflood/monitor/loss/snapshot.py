"""A JSON snapshot of sessions taken in piece by piece: its items one by one, never all of it. Pure.

A million sessions are 184 MB of JSON and five times that as objects; what is kept here is a piece
and an item.
"""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any

LARGEST = 1 << 20
"""Characters: no item, nor what stands before the list, is waited for beyond this."""
_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER_GOES_ON = re.compile(r"[.eE][+-]?")
_MOST_BEHIND = 1 << 16
_GOES_ON = re.compile(r"(?i)(next.*|(next_?)?cursor|has_?(more|next.*)|continuation.*)")
"""Keys beside a list that say, with a value, that it is one page of several."""
_BETWEEN = re.compile(r"[ \t\r\n,]*")


class SnapshotError(Exception):
    """The answer is no snapshot; the text says why."""


class Snapshot:
    """The objects of the list that `path` leads to, a key for each level (none: the answer itself
    is the list). What stands behind the list is looked at only for a sign of further pages."""

    def __init__(self, path: tuple[str, ...]) -> None:
        self._path = path
        self._text = ""
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._found = False
        self._whole = False
        self._head = self._behind = ""
        self.items = 0

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Take in a piece; the items that are whole now. Raises SnapshotError."""
        if self._whole:
            self._look_behind(data)
            return
        try:
            self._text += self._utf8.decode(data)
            if not self._found:
                self._find()
            at = 0
            while self._found and not self._whole:
                item, at = self._next(at)
                if item is None:
                    break
                self.items += 1
                yield item
        except (UnicodeDecodeError, RecursionError):
            raise SnapshotError("the answer is no JSON that can be read") from None
        self._text = self._text[at:]
        if len(self._text) > LARGEST:
            what = (
                "an item of 1 MiB or more" if self._found else f"no {self._list} in its first MiB"
            )
            raise SnapshotError(f"the answer has {what}")

    def finish(self) -> None:
        """The answer is over; raises SnapshotError unless its list was."""
        if not self._whole:
            what = "is cut short" if self._found else f"has no {self._list}"
            raise SnapshotError(f"the answer {what}")

    @property
    def goes_on(self) -> bool:
        """Whether what stands beside the list says that it is one page of several."""
        try:
            beside = json.loads(f"{self._head}[]{self._behind}")
        except (ValueError, RecursionError):
            return False
        tables = [beside] if isinstance(beside, dict) else []
        tables += [one for table in tables for one in table.values() if isinstance(one, dict)]
        return any(
            value and _GOES_ON.fullmatch(key) for one in tables for key, value in one.items()
        )

    def _look_behind(self, data: bytes) -> None:
        if len(self._behind) <= _MOST_BEHIND:
            self._behind += data.decode("utf-8", "replace")

    @property
    def _list(self) -> str:
        return f'list "{".".join(self._path)}"' if self._path else "list"

    def _find(self) -> None:
        """Go to the list's beginning, if it has come."""
        try:
            at = _begin(self._text, 0)
            for name in self._path:
                at = self._enter(name, at)
            self._demand("[", at)
        except (IndexError, json.JSONDecodeError):
            return
        self._head, self._text = self._text[:at], self._text[at + 1 :]
        self._found = True

    def _enter(self, name: str, at: int) -> int:
        """Where the value of `name` begins in the object at `at`; raises IndexError or
        JSONDecodeError if it has not come yet."""
        self._demand("{", at)
        while True:
            key, at = _DECODER.raw_decode(self._text, _begin(self._text, at + 1))
            at = _begin(self._text, at)
            self._demand(":", at)
            at = _begin(self._text, at + 1)
            if key == name:
                return at
            at = _begin(self._text, _DECODER.raw_decode(self._text, at)[1])
            if _NUMBER_GOES_ON.fullmatch(self._text, at):
                raise IndexError
            self._demand(",", at)

    def _demand(self, char: str, at: int) -> None:
        if self._text[at] != char:
            raise SnapshotError(f"the answer has no {self._list}")

    def _next(self, at: int) -> tuple[dict[str, Any] | None, int]:
        """The next item and where it ends; None if it has not come yet, or if there is none."""
        found = _BETWEEN.match(self._text, at)
        assert found is not None
        at = found.end()
        char = self._text[at : at + 1]
        if char == "]":
            self._whole, self._behind = True, self._text[at + 1 :]
        elif char == "{":
            try:
                item: dict[str, Any]
                item, end = _DECODER.raw_decode(self._text, at)
            except json.JSONDecodeError:
                return None, at
            return item, end
        elif char:
            raise SnapshotError(f"the answer has something else than objects in its {self._list}")
        return None, at


def at_path(item: Any, path: tuple[str, ...]) -> Any:
    """What stands in an item at `path`; None if nothing does."""
    for name in path:
        if not isinstance(item, dict):
            return None
        item = item.get(name)
    return item


def epoch_ms(value: Any) -> int | None:
    """A time of observation as whole ms since 1970, from a number or its digits."""
    try:
        return round(float(value)) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        return None


def _begin(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None
    return found.end()
