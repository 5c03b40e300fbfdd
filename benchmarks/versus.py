"""CPU per report and memory per client of qosflood, compared with other load generators.

    python benchmarks/versus.py [--only ROW]... [--quick] [--rounds N] [--seconds N]

nginx answers on the second core, the generator has the first to itself. Tools take turns within a
round; figures are medians of the rounds, and ratios are made within a round. Prints Markdown
tables and every aim with "holds" or "missed". A row that cannot be measured prints the reason, the
others go on, and the exit status is 1. Loopback only; takes about fifteen minutes, with --quick
five.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "support"))

from bench import Bench, Shown
from pinned import environment, two_cores
from rows_connections import clients, crowd, tls
from rows_cpu import lag, paced, saturation, shards
from tables import Aim, aims_table

Row = Callable[[Bench], Shown]

ROWS: Mapping[str, tuple[str, Row]] = {
    "saturation": ("CPU per report at saturation", saturation),
    "paced": ("CPU per report at a rate", paced),
    "lag": ("Send lag", lag),
    "clients": ("Memory of 10,000 clients", clients),
    "crowd": ("40,000 clients", crowd),
    "tls": ("TLS", tls),
    "shards": ("Two shards", shards),
}


def run_rows(bench: Bench, names: list[str]) -> tuple[list[Aim], list[str]]:
    """Measure and print each row; all aims, and why rows failed."""
    aims: list[Aim] = []
    failures = []
    for name in names:
        title, row = ROWS[name]
        print(f"\n### {title} (`{name}`)\n", flush=True)
        try:
            shown = row(bench)
        except Exception as error:  # an error in one row must not stop the others
            failures.append(f"{name} was not measured; its section says why")
            print(f"{name} was not measured: {type(error).__name__}: {error}", flush=True)
            continue
        print(shown.table, flush=True)
        aims += shown.aims
    return aims, failures


def main() -> None:
    """All rows, then all aims."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    of = f"measure only this row, one of {', '.join(ROWS)}; repeatable"
    parser.add_argument("--only", action="append", choices=list(ROWS), metavar="ROW", help=of)
    parser.add_argument("--quick", action="store_true", help="one round of 4 s")
    parser.add_argument("--rounds", type=int, help="rounds of each comparison (3)")
    parser.add_argument("--seconds", type=int, help="seconds of each flood (8, at least 4)")
    options = parser.parse_args()
    rounds = options.rounds or (1 if options.quick else 3)
    seconds = max(options.seconds or (4 if options.quick else 8), 4)
    cores = two_cores(("nginx",), "apt-get install nginx-light")
    print(f"{environment()}; {rounds} rounds, floods of {seconds} s", flush=True)
    with tempfile.TemporaryDirectory(prefix="qosflood-versus-") as folder:
        bench = Bench(cores, Path(folder), rounds, seconds)
        aims, failures = run_rows(bench, options.only or list(ROWS))
    print("\n### Aims\n", aims_table(aims), *failures, sep="\n")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
