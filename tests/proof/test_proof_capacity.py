"""Searches for the capacity of real collectors whose knee is known: do their intervals hold it?

`pytest -m proof tests/proof/test_proof_capacity.py -s` prints the table in benchmarks/README.md. It
takes about an hour and wants a quiet machine.
"""

import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from crowding import crowded
from flooding import flooding
from known_knees import KNOWN_KNEES, KnownKnee
from nginx import nginx_sink
from processes import read_report, run_qosflood
from sick_collectors import sick_collector

SEARCHES = 10
LEAST_HELD = 9
SHORT = ("--budget", "96s", "--width", "10%", "--no-live")
"""Trials of 3 s, sixteen of them at most."""

BUSY_LOOPS = 9
"""Beside so many a shard gets a tenth of its core, which 64x of 50 reports/s is too much for."""


@dataclass(frozen=True)
class Searched:
    """How a search ended."""

    code: int
    report: dict[str, Any]

    @property
    def capacity(self) -> dict[str, Any]:
        """The answer with its trials."""
        capacity: dict[str, Any] = self.report["capacity"]
        return capacity

    @property
    def first(self) -> str:
        """The limit that gives first; empty if none did."""
        first = self.capacity["first"]
        return first["limit"] if first else ""

    @property
    def width(self) -> float | None:
        """The interval's, relative to its lower end; None without both ends."""
        low, high = (self.capacity["clients"][end] for end in ("low", "high"))
        return high / low - 1 if low and high else None

    @property
    def interval(self) -> str:
        """Both ends in clients, a dash for one that was not found."""
        ends = (self.capacity["clients"][end] for end in ("low", "high"))
        return "-".join("–" if end is None else f"{end:,.0f}" for end in ends)

    def holds(self, clients: int) -> bool:
        """Whether both ends were found, and so many clients lie between them."""
        ends = self.capacity["clients"]
        return self.width is not None and bool(ends["low"] <= clients <= ends["high"])

    @property
    def seconds(self) -> float:
        """From the first trial's start to the last one's end."""
        last = self.capacity["trials"][-1]
        return float(last["started_s"] + last["seconds"])


def search(folder: Path, url: str, *words: str) -> Searched:
    """A short search of the target there, to its end."""
    asked = ("capacity", *SHORT, *words, "--target", url, "--out", str(folder))
    done = run_qosflood(*asked, timeout_s=400)
    assert (folder / "report.json").exists(), done.stderr
    return Searched(done.returncode, read_report(folder))


def search_known(known: KnownKnee, folder: Path) -> Searched:
    """A search of a collector that was started for it."""
    with known.started() as (url, limits):
        return search(folder, url, *known.load, *limits)


def row(known: KnownKnee, searched: list[Searched]) -> str:
    """The table's line about one collector."""
    widths = [one.width for one in searched if one.width is not None]
    width = f"{median(widths):.1%}" if widths else "–"
    cells = (
        known.name,
        f"{known.clients:,}",
        f"{sum(one.holds(known.clients) for one in searched)} of {len(searched)}",
        f"{sum(one.first.startswith(known.first) for one in searched)} ({known.first})",
        width,
        f"{median(len(one.capacity['trials']) for one in searched):g}",
        f"{median(one.seconds for one in searched):.0f} s",
        " · ".join(one.interval for one in searched),
    )
    return f"| {' | '.join(cells)} |\n"


@pytest.fixture(scope="module", autouse=True)
def table() -> None:
    heads = "collector | knee | held it | named first | width | trials | time | intervals"
    sys.stdout.write(f"\n| {heads} |\n|{' --- |' * 8}\n")


@pytest.mark.proof
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("known", KNOWN_KNEES, ids=lambda known: known.first)
def test_a_known_knee_lies_within_the_interval_of_nine_searches_in_ten(
    known: KnownKnee, tmp_path: Path
) -> None:
    searched = [search_known(known, tmp_path / str(number)) for number in range(SEARCHES)]
    sys.stdout.write(row(known, searched))
    held = [one for one in searched if one.holds(known.clients)]
    assert len(held) >= LEAST_HELD
    assert [one.first for one in held if not one.first.startswith(known.first)] == []


@pytest.mark.proof
def test_a_generator_that_is_the_bottleneck_says_at_least(tmp_path: Path) -> None:
    # A limit so loose that waiting for the core, a few ms at a time, is not being late yet.
    words = ("--peak", "50@1s", "--limit", "response.p99 < 2s", "--scrape-interval", "off")
    with ExitStack() as stack:
        target = stack.enter_context(nginx_sink(tmp_path / "nginx"))
        asked = ("capacity", *SHORT, *words, "--target", target.url)
        run = stack.enter_context(flooding(tmp_path / "run", load=asked))
        stack.enter_context(crowded(run.child("qosflood.load"), BUSY_LOOPS))
        done = run.finish(400)
    found = Searched(done.code, read_report(tmp_path / "run"))
    assert "carries at least" in done.out
    assert found.capacity["ceiling"] == "generator"
    assert found.capacity["clients"]["high"] is None
    assert found.capacity["clients"]["low"] >= 50


@pytest.mark.proof
def test_a_target_that_remembers_an_overload_is_named_with_the_load_at_which_it_recovers(
    tmp_path: Path,
) -> None:
    with sick_collector("remembering") as target:
        words = ("--peak", "100@500ms", "--limit", "response.p99 < 250ms")
        found = search(tmp_path / "run", target.url, *words)
    # It carries 500 clients before an overload, and 62 after it.
    assert found.capacity["hysteresis"] == {"good_before": 100, "recovers_at": 50}
    assert found.capacity["confirmed"] is False
