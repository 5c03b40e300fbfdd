"""How long the command takes before it does anything, beside a bare interpreter.

    python benchmarks/startup.py [--rounds 10]

Each command runs once unmeasured, then in turns; medians count, of wall time and of CPU time, which
other work on the machine stretches less. Then the modules that take the most of `--version`, by
`-X importtime`.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping

from tables import markdown

QOSFLOOD = ("-m", "qosflood")
COMPLETING = {
    "_QOSFLOOD_COMPLETE": "bash_complete",
    "COMP_WORDS": "qosflood --rat",
    "COMP_CWORD": "1",
}
CASES: dict[str, tuple[tuple[str, ...], Mapping[str, str]]] = {
    "`python -c pass`": (("-c", "pass"), {}),
    "`qosflood --version`": ((*QOSFLOOD, "--version"), {}),
    "completion of `--rat`": (QOSFLOOD, COMPLETING),
    "`qosflood --help`": ((*QOSFLOOD, "--help"), {}),
    "`qosflood --dry-run`": ((*QOSFLOOD, "--dry-run"), {}),
}
_SHOWN = 8


def once(arguments: tuple[str, ...], variables: Mapping[str, str]) -> tuple[float, float]:
    """Milliseconds from start to exit, and of CPU."""
    before, cpu_before = time.perf_counter(), _children_s()
    subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return (time.perf_counter() - before) * 1e3, (_children_s() - cpu_before) * 1e3


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def rows(measured: Mapping[str, list[tuple[float, float]]]) -> list[tuple[str, ...]]:
    """Each case's medians in ms, and the ratio of its CPU to that of the first, the bare
    interpreter."""
    medians = {
        name: tuple(statistics.median(column) for column in zip(*times, strict=True))
        for name, times in measured.items()
    }
    bare = next(iter(medians.values()))[1]
    return [
        (name, f"{wall:.0f}", f"{cpu:.0f}", f"{cpu / bare:.1f}")
        for name, (wall, cpu) in medians.items()
    ]


def heaviest(importtime: str, count: int = _SHOWN) -> list[tuple[str, str]]:
    """The modules that take longest themselves, in ms, of what `-X importtime` wrote."""
    found = []
    for line in importtime.splitlines():
        own, _, module = (
            line.removeprefix("import time:").split("|") if "|" in line else ("", "", "")
        )
        if own.strip().isdigit():
            found.append((int(own), module.strip()))
    return [(module, f"{us / 1e3:.1f}") for us, module in sorted(found, reverse=True)[:count]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    for case in CASES.values():
        once(*case)
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in CASES}
    for _ in range(rounds):
        for name, case in CASES.items():
            measured[name].append(once(*case))
    print(markdown(("command", "wall, ms", "CPU, ms", "CPU to a bare interpreter"), rows(measured)))
    command = [sys.executable, "-X", "importtime", *QOSFLOOD, "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    print()
    print(markdown(("heaviest modules of `--version`", "ms"), heaviest(done.stderr)))


if __name__ == "__main__":
    main()
