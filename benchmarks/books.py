"""qosflood's outcomes, compared with the log of a server that is slow, resets or answers badly."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from freezing_process import freezing
from judged import PREFLIGHT
from pinned import Cores
from processes import faulty, read_report

CLIENTS = 100
CADENCE_MS = 200


class Logs(Protocol):
    """A server with a URL and a log of what it received."""

    @property
    def url(self) -> str:
        """Scheme, host and port."""

    def log(self) -> dict[str, Any]:
        """`reports` received and `statuses` answered so far."""


@dataclass(frozen=True, slots=True)
class Case:
    """A way to misbehave, and what must then be equal.

    `answered` maps the outcomes that an answer leads to onto the answer's status; `preflight` is
    the outcome that the report of preflight would have had, None if it is not answered. Where
    `whole` is false the server may miss reports that were sent to it, and send answers after the
    timeout: then its counts are only bounds.
    """

    name: str
    answered: Mapping[str, str] = field(default_factory=dict)
    preflight: str | None = "acked"
    options: tuple[str, ...] = ()
    whole: bool = True
    server: Callable[[Cores], AbstractContextManager[Logs]] | None = None


@contextlib.contextmanager
def _long_frozen(cores: Cores) -> Iterator[Logs]:
    with freezing(cores, frozen_s=2.5, period_s=5) as server:
        # Preflight must not meet a freeze.
        server.wait_for_thaw(0.1)
        yield server


_ACKED = {"acked": "202"}

CASES = (
    Case("slow:50ms", _ACKED),
    Case("half_503", {"acked": "202", "rejected": "503"}),
    Case("after:500+reset", _ACKED),
    Case("drop", preflight=None),
    Case("reset", preflight=None),
    Case("after:500+drop", _ACKED),
    Case("half", {"bad_response": "202"}, preflight="bad_response"),
    Case("close", _ACKED),
    Case("after:500+silent", _ACKED, options=("--timeout", "1s")),
    Case(
        "frozen 2.5 s of 5 s, timeout 1 s",
        _ACKED,
        options=("--timeout", "1s"),
        whole=False,
        server=_long_frozen,
    ),
)
QUICK = CASES[:3]


@dataclass(frozen=True, slots=True)
class Books:
    """What a flood reported, and what the server received and answered."""

    planned: int
    scheduled: int
    outcomes: dict[str, int]
    in_flight: int
    sent: int
    resent: int
    received: int
    statuses: dict[str, int]


def keep_books(case: Case, cores: Cores, folder: Path, seconds: int) -> Books:
    """Flood a server that misbehaves in this way; the counts of both sides."""
    options = f"--peak {CLIENTS}@{CADENCE_MS}ms --rate 1x --duration {seconds}s".split()
    for phase in ("baseline", "ramp", "recovery"):
        options += ["--set", f"phases.{phase}=0s"]
    options += ["--set", "phases.settle=100ms", *case.options]
    with case.server(cores) if case.server else faulty(case.name) as server:
        cores.flood(folder, ["--target", server.url, *options], deadline_s=seconds + 90)
        return books_of(read_report(folder), server.log())


def books_of(report: dict[str, Any], log: dict[str, Any]) -> Books:
    """The counts in a run's report and in the log of its target."""
    totals = report["totals"]
    return Books(
        planned=sum(phase["planned"] for phase in report["plan"]["phases"]),
        scheduled=totals["scheduled"],
        outcomes={name: count for name, count in totals["outcomes"].items() if count},
        in_flight=totals["in_flight"],
        sent=sum(phase["sent"] for phase in report["phases"]),
        resent=totals["resent"],
        received=log["reports"],
        statuses=log["statuses"],
    )


def contradictions(case: Case, books: Books) -> list[str]:
    """Where the counts contradict each other; empty if nowhere."""
    return [*_within(books), *_against_log(case, books)]


def _within(books: Books) -> Iterator[str]:
    """What must hold in the report alone."""
    ended = sum(books.outcomes.values())
    unsent = sum(books.outcomes.get(name, 0) for name in ("unsent", "connect_error"))
    if books.scheduled != books.planned:
        yield f"{books.planned} planned, {books.scheduled} scheduled"
    if books.scheduled != ended or books.in_flight:
        yield f"{books.scheduled} scheduled, {ended} ended, {books.in_flight} in flight"
    if books.sent != books.scheduled - unsent:
        yield f"{books.scheduled} scheduled, {unsent} not sent, {books.sent} sent"


def _against_log(case: Case, books: Books) -> Iterator[str]:
    """What must hold between the report and the server's log."""
    sent = books.sent + books.resent + PREFLIGHT
    if not _agree(books.received, sent, case.whole):
        yield f"{sent} sent, {books.received} received"
    for outcome, status in case.answered.items():
        seen = books.outcomes.get(outcome, 0) + (case.preflight == outcome)
        answered = books.statuses.get(status, 0)
        if not _agree(seen, answered, case.whole):
            yield f"{answered} answered with {status}, {seen} {outcome}"


def _agree(part: int, whole: int, equal: bool) -> bool:
    return part == whole if equal else part <= whole
