"""Collects what is wrong with a plan, to report all of it at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from qosflood.base.errors import PlanError, StartError
from qosflood.base.units import MS, format_duration
from qosflood.plan.profile.fields import LONGEST_NS

T = TypeVar("T")
SHORTEST_NS = MS


@dataclass(frozen=True, slots=True)
class Origins:
    """Where a profile's values were written, by key path. Values of a `shipped` profile are
    qosflood's, not the user's."""

    sources: Mapping[str, str]
    shipped: bool

    def of(self, key: str, default: str) -> str:
        """Where the value of `key` was written; `default` if it was not written."""
        return self.sources.get(key, default)

    def named_by_user(self, source: str) -> bool:
        """Whether the value written at `source` is the user's own."""
        return not (self.shipped and source.startswith("profile"))


class Problems:
    """Lines of what is wrong; each names the value by where it was written."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources
        self.lines: list[str] = []

    def name(self, key: str) -> str:
        """`--rate`, `QOSFLOOD_RUN_RATE` or `profile soak.toml: run.rate` for the key run.rate."""
        source = self._sources.get(key, "")
        kind, _, name = source.partition(" ")
        if kind in ("option", "environment"):
            return f"{name} {key}" if name == "--set" else name
        return f"{source}: {key}" if kind == "profile" else key

    def add(self, key: str, problem: str) -> None:
        """Note what is wrong with the value of `key`."""
        self.add_line(f"{self.name(key)}: {problem}")

    def add_line(self, line: str) -> None:
        """Note a whole line."""
        self.lines.append(" ".join(line.split()))

    def catch(self, name: str, read: Callable[[str], T], text: str) -> T | None:
        """What `read` makes of `text`; None, and its error noted under `name`, if it fails."""
        try:
            return read(text)
        except StartError as error:
            self.add_line(f"{name}: {error}")
            return None

    def within(self, key: str, value: int, least: int, most: int, words: str) -> int:
        """`value` if it lies between the two; else the nearer of them, and a problem noted."""
        if not least <= value <= most:
            self.add(key, words)
        return min(max(value, least), most)

    def duration(self, key: str, ns: int) -> int:
        """`ns` if it is a duration one can plan with: 1 ms to 366 days."""
        words = f"got {format_duration(ns)}, expected 1ms to 366d, e.g. 5s"
        return self.within(key, ns, SHORTEST_NS, LONGEST_NS, words)

    def raise_if_any(self) -> None:
        """Raise PlanError with one line per problem."""
        if self.lines:
            raise PlanError("\n".join(self.lines))
