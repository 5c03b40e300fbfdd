"""Small floods of the real command, run to their end, several at once."""

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from processes import faulty, read_report, run_qosflood

T = TypeVar("T")
A = TypeVar("A")

AT_ONCE = 6
"""Floods at a time: they mostly wait, and none of them may make another late all the time."""
CLIENTS = 100
SMALL = (
    *("--peak", "20@1s", "--rate", "5x", "--duration", "2s"),
    *("--set", "phases.baseline=0s", "--set", "phases.ramp=500ms"),
    *("--set", "phases.recovery=0s", "--set", "phases.settle=100ms"),
    *("--set", "sessions.lifetime=0s"),
)
"""100 clients, each with a report a second."""


@dataclass(frozen=True)
class Flooded:
    """How a flood ended, and what it left behind in `folder`."""

    code: int
    out: str
    err: str
    folder: Path

    @cached_property
    def report(self) -> dict[str, Any]:
        """report.json; a failed assertion with the command's last words if there is none."""
        assert (self.folder / "report.json").exists(), f"exit {self.code}: {self.err}"
        return read_report(self.folder)

    @property
    def totals(self) -> dict[str, Any]:
        """The totals, after checking that outcomes add up and hold what was planned."""
        totals: dict[str, Any] = self.report["totals"]
        assert totals["balanced"] is True
        assert totals["in_flight"] == 0
        assert totals["scheduled"] == sum(totals["outcomes"].values())
        planned = sum(phase["planned"] for phase in self.report["plan"]["phases"])
        assert totals["scheduled"] == planned > 0
        return totals

    @property
    def outcomes(self) -> dict[str, int]:
        """The outcomes that occurred."""
        return {name: count for name, count in self.totals["outcomes"].items() if count}

    @property
    def sent(self) -> int:
        """Reports sent in all phases, a resent one once."""
        return sum(phase["sent"] for phase in self.report["phases"])

    @property
    def flood(self) -> dict[str, Any]:
        """The flood's figures."""
        return next(phase for phase in self.report["phases"] if phase["name"] == "flood")

    @property
    def failures(self) -> list[dict[str, Any]]:
        """The failures kept in full."""
        lines = (self.folder / "failures.jsonl").read_bytes().splitlines()
        return [json.loads(line) for line in lines]

    def limit(self, expr: str) -> dict[str, Any]:
        """A limit as it was judged."""
        return next(limit for limit in self.report["limits"] if limit["expr"] == expr)


def flood(folder: Path, *options: str, env: Mapping[str, str] | None = None) -> Flooded:
    """A small flood to its end, its run directory in `folder`; later options win."""
    done = run_qosflood(*SMALL, "--no-live", "--out", str(folder), *options, env=env)
    assert "Traceback" not in done.stderr
    return Flooded(done.returncode, done.stdout, done.stderr, folder)


def flood_faulty(folder: Path, behaviour: str, *options: str) -> tuple[Flooded, dict[str, Any]]:
    """A flood of a faulty server that behaves so, and the server's own log."""
    with faulty(behaviour) as server:
        done = flood(folder, "--target", server.url, *options)
        return done, server.log()


def at_once(work: Callable[[A], T], items: Iterable[A]) -> list[T]:
    """`work` done on each item, a few at a time; raises the first error."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, items))
