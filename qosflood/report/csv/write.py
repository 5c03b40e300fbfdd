"""Writes a run's series to CSV files: record by record, to a temporary name until all are whole."""

import csv
import gc
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from errno import EDQUOT, ENOSPC
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

from qosflood.base.errors import RunDirectoryError
from qosflood.base.new_file import temporary_beside
from qosflood.journal.records import Event, Window
from qosflood.journal.run_directory import check_run_directory, read_records, read_run
from qosflood.report.csv.load import Seconds
from qosflood.report.csv.tables import LOAD, Line, line_of_second, lines_of
from qosflood.report.csv.values import Clock, Table

SUFFIX = ".csv"
_COLLECT_EVERY = 2_000


@dataclass(frozen=True, slots=True)
class Written:
    """A file and how many rows it has below its header."""

    path: Path
    rows: int


class _File:
    """One CSV file that is being written."""

    def __init__(self, path: Path, table: Table[Any], stack: ExitStack) -> None:
        self.path = path
        self.rows = 0
        self._table = table
        self._temporary, file = temporary_beside(path)
        stack.callback(self._give_up)
        self._file: TextIO = stack.enter_context(TextIOWrapper(file, encoding="utf-8", newline=""))
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow(table.header)

    def add(self, line: Line) -> None:
        """One further row."""
        _, moment, record = line
        self._writer.writerow(self._table.row(moment, record))
        self.rows += 1

    def close(self) -> None:
        """Write what is left: a full disk shows here at the latest."""
        self._file.close()

    def finish(self) -> Written:
        """Give it its name."""
        self._temporary.rename(self.path)
        return Written(self.path, self.rows)

    def _give_up(self) -> None:
        with suppress(OSError):
            self._temporary.unlink()


def targets(run_dir: Path, out: Path | None, tables: Sequence[Table[Any]]) -> dict[str, Path]:
    """The file of each table: below the folder `out`, new or empty (by itself `csv` in the run
    directory), or `out` itself where it ends in `.csv` and there is one table.

    Raises RunDirectoryError for a place that is taken or cannot be written.
    """
    if out is None or out.suffix != SUFFIX:
        folder = out or run_dir / "csv"
        if out is None and folder.is_symlink():
            raise RunDirectoryError(
                f"{folder}: is a link to another folder, expected none; name a folder with --out"
            )
        check_run_directory(folder)
        return {table.name: folder / f"{table.name}{SUFFIX}" for table in tables}
    if len(tables) != 1:
        raise RunDirectoryError(
            f"--out {out}: got a file for {len(tables)} series, expected a folder; "
            "or name one of them, e.g. --series load"
        )
    if out.exists():
        raise RunDirectoryError(f"--out {out}: exists already, expected a new file; name another")
    return {tables[0].name: out}


def export(
    run_dir: Path, out: Path | None, tables: Sequence[Table[Any]], *, empty: bool
) -> list[Written]:
    """Write the tables of the run in `run_dir`; those without a row too if `empty`.

    Raises JournalError if it cannot be read, RunDirectoryError if `out` is taken or cannot be
    written; then no file is left behind.
    """
    clock = _clock(run_dir)
    places = targets(run_dir, out, tables)
    try:
        with ExitStack() as stack:
            files = _write(run_dir, clock, places, stack, tables if empty else ())
            for each in files.values():
                each.close()
            return [file.finish() for name in places if (file := files.get(name)) is not None]
    except OSError as error:
        where = error.filename or next(iter(places.values())).parent
        remedy = "make room" if error.errno in (ENOSPC, EDQUOT) else "name a folder of yours"
        raise RunDirectoryError(
            f"--out {where}: cannot be written ({error.strerror}); {remedy}"
        ) from None


def _write(
    run_dir: Path,
    clock: Clock,
    places: dict[str, Path],
    stack: ExitStack,
    at_once: Sequence[Table[Any]],
) -> dict[str, _File]:
    files: dict[str, _File] = {}

    def file_of(table: Table[Any]) -> _File:
        if table.name not in files:
            places[table.name].parent.mkdir(parents=True, exist_ok=True)
            files[table.name] = _File(places[table.name], table, stack)
        return files[table.name]

    for table in at_once:
        file_of(table)
    for line in _lines(run_dir, clock, load=LOAD.name in places):
        if line[0].name in places:
            file_of(line[0]).add(line)
    return files


def _lines(run_dir: Path, clock: Clock, *, load: bool) -> Iterator[Line]:
    """Every row of every table, each table's in the order of time."""
    seconds = Seconds()
    for number, record in enumerate(read_records(run_dir), 1):
        if load and isinstance(record, Window):
            for second in seconds.add(record):
                yield line_of_second(second, clock)
        yield from lines_of(record, clock)
        if number % _COLLECT_EVERY == 0:
            gc.collect()  # decoded histograms end in cycles of 90 KB each
    for second in seconds.rest():
        yield line_of_second(second, clock)


def _clock(run_dir: Path) -> Clock:
    run = read_run(run_dir)
    for record in read_records(run_dir):
        if isinstance(record, Event) and record.kind == "load_started":
            return Clock(run.segment.wall_ns, int(record.evidence["t0"]))
    return Clock(run.segment.wall_ns, None)
