"""Time and memory that building a report takes, and the size of its page.

    python benchmarks/report.py

The journals are synthetic: floods of 15 minutes and of 24 hours at 1,000 reports/s with a window,
a memory sample and TCP counters every second, a scrape every 5s and failures every ten minutes.
`python -m qosflood.report` builds each report, as a run does. Prints Markdown tables, and last
every aim with "holds" or "missed". Takes about two minutes and 400 MB below the system's
temporary folder.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from findings_maker import make_run_plan
from journal_maker import write_run
from record_maker import at, end, event, load_started, memory, phase_at, rollup, scrape, window
from tables import Aim, aims_table, markdown

from qosflood.base.units import SECOND
from qosflood.journal.records import ClockMark, JournalRecord, TcpSample, Window
from qosflood.plan.plan import Plan

KINDS = 24
"""Windows that differ; a day is made of copies of them, since making one takes longer than
reading it."""
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Length:
    """A flood's length, and the most its report may take."""

    name: str
    flood_s: int
    most_s: float


LENGTHS = (Length("15 minutes", 900, 3.0), Length("24 hours", 86_400, 10.0))
MOST_PAGE = 6e6


@dataclass(frozen=True, slots=True)
class Cost:
    """What building one report took."""

    seconds: float
    cpu_s: float
    rss_bytes: int


def records_of(plan: Plan, seed: int = 1) -> Iterator[JournalRecord]:
    """A journal in the order of time; every tenth minute some reports fail."""
    draw = Random(seed)
    kinds = {phase.name: _windows(phase.name, draw) for phase in plan.phases}
    minutes = {name: rollup(name, made[0], 0.0) for name, made in kinds.items()}
    yield load_started()
    for second in range(plan.phases[-1].end_ns // SECOND):
        name = phase_at(plan, second).name
        good, bad = kinds[name]
        if second < plan.load_ns // SECOND:
            failing = second % 600 < 3 and second > 0
            kind = draw.choice(bad if failing else good)
            yield replace(kind, t=at(second + 1), second=second)
            if second % 60 == 59:
                yield replace(minutes[name], t=at(second + 1), from_t=at(second - 59))
        yield memory(second + 0.25, (80 + second % 47 / 5) * MIB)
        yield TcpSample(t=at(second + 0.3), sent=3000 * second, resent=second // 9)
        if second % 5 == 0:
            yield scrape(second + 0.5, ok=second % 3_000 != 0)
        if second % 10 == 0:
            yield ClockMark(t=at(second + 0.9), wall_ns=second * SECOND)
        if second % 14_400 == 600:
            yield event(second + 0.95, "mark", "operator", "looked at the dashboard")
    yield end(plan.phases[-1].end_ns / SECOND)


def _windows(phase: str, draw: Random) -> tuple[list[Window], list[Window]]:
    return (
        [_window(phase, draw, 0) for _ in range(KINDS)],
        [_window(phase, draw, draw.randint(1, 60)) for _ in range(KINDS)],
    )


def _window(phase: str, draw: Random, failed: int) -> Window:
    count = 1_000 if phase == "flood" else 100
    took = [draw.lognormvariate(0.0, 0.9) for _ in range(count)]
    lag = [draw.uniform(0.05, 0.4) for _ in range(count)]
    lost = {"timeout": failed, "rejected": failed} if failed else None
    return window(0, phase, response_ms=took, lag_ms=lag, failed=lost)


def built(run_dir: Path) -> Cost:
    """One report, built in a process of its own."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "qosflood.report", str(run_dir)], stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    assert os.waitstatus_to_exitcode(status) == 0
    return Cost(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="write the runs here, and keep them")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        rows, aims = [], []
        for length in LENGTHS:
            row, held = _measured(length, folder, options.rounds)
            rows.append(row)
            aims += held
    print(f"Python {sys.version.split()[0]}, median of {options.rounds} rounds\n")
    print(markdown(("flood", "journal", "seconds", "CPU", "largest RSS", "report.html"), rows))
    print(f"\n{aims_table(aims)}")


def _measured(length: Length, folder: Path, rounds: int) -> tuple[tuple[str, ...], list[Aim]]:
    plan = make_run_plan(flood_s=length.flood_s)
    run_dir = write_run(folder / length.name.replace(" ", "-"), plan, records_of(plan))
    costs = [built(run_dir) for _ in range(rounds)]
    seconds = statistics.median(cost.seconds for cost in costs)
    page = (run_dir / "report.html").stat().st_size
    row = (
        length.name,
        f"{(run_dir / 'journal.jsonl').stat().st_size / 1e6:.0f} MB",
        f"{seconds:.2f}",
        f"{statistics.median(cost.cpu_s for cost in costs):.2f} s",
        f"{max(cost.rss_bytes for cost in costs) / MIB:.0f} MiB",
        f"{page / 1e6:.2f} MB",
    )
    return row, [
        Aim(f"a flood of {length.name}: seconds", seconds, length.most_s, " s"),
        Aim(f"a flood of {length.name}: report.html", page / 1e6, MOST_PAGE / 1e6, " MB"),
    ]


if __name__ == "__main__":
    main()
