"""Cells of a CSV file: their contents, and what keeps a spreadsheet from executing them.

Every row begins with its moment. Units stand in the headers (`_ms`, `_s`, `_bytes`); a figure that
was not measured is an empty cell, yes and no are 1 and 0.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import orjson

from qosflood.base.text import printable
from qosflood.base.units import MS, SECOND, format_utc_ms

R = TypeVar("R")
Cell = str | int | float | bool | None
Column = tuple[str, Callable[[R], Cell]]
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_MOST_TEXT = 32_000
"""A spreadsheet cell holds 32,767 characters."""


@dataclass(frozen=True, slots=True)
class Clock:
    """UTC of the journal's zero (ns since the epoch), and the load's start on the journal's clock;
    None: it never started."""

    wall_ns: int
    t0: int | None

    def moment(self, t: int) -> tuple[Cell, Cell]:
        """UTC and seconds since the load's start of a journal time."""
        since = None if self.t0 is None else (t - self.t0) / SECOND
        return format_utc_ms(self.wall_ns + t), since

    def moment_of_epoch(self, at_ms: int) -> tuple[Cell, Cell]:
        """The same for milliseconds since the epoch, as another machine reported them."""
        return self.moment(at_ms * MS - self.wall_ns)


@dataclass(frozen=True, slots=True)
class Table(Generic[R]):
    """A CSV file: its name without `.csv`, what it holds, and its columns after the moment."""

    name: str
    about: str
    columns: tuple[Column[R], ...]

    @property
    def header(self) -> list[str]:
        """The first line."""
        return ["utc", "t_s", *(name for name, _ in self.columns)]

    def row(self, moment: tuple[Cell, Cell], record: R) -> list[Cell]:
        """One further line."""
        return [shown(cell) for cell in (*moment, *(read(record) for _, read in self.columns))]


def shown(cell: Cell) -> Cell:
    """The cell as it is written. Text of a target must not be a formula, nor break a line."""
    if isinstance(cell, bool):
        return int(cell)
    if not isinstance(cell, str):
        return cell
    text = printable(cell, _MOST_TEXT)
    return f"'{text}" if text.startswith(_FORMULA) else text


def ms(ns: float | None) -> float | None:
    """Nanoseconds as milliseconds, empty where nothing was measured."""
    return None if ns is None else ns / MS


def seconds(ns: float | None) -> float | None:
    """Seconds."""
    return None if ns is None else ns / SECOND


def as_json(value: Mapping[str, object]) -> str | None:
    """What has no columns, as one cell; None if there is nothing."""
    return orjson.dumps(value, default=str).decode() if value else None
