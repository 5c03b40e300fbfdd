"""The run directory: run.json and an append-only journal, readable after a power cut.

`run.json` is written once, before the first report. `journal.jsonl` takes one JSON record a line,
each with a single write; a torn last line is dropped when reading. These two are the only truth:
everything else in the directory can be rebuilt from them.
"""

import contextlib
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import orjson

from qosflood.base.errors import DiskFullError, JournalError, JournalWriteError, RunDirectoryError
from qosflood.base.new_file import create, temporary_beside
from qosflood.base.text import printable
from qosflood.base.units import format_bytes
from qosflood.journal.damage import MOST_T_NS, check_record
from qosflood.journal.earlier_schemas import completed_plan
from qosflood.journal.record_lines import decode_record, encode_record
from qosflood.journal.records import JournalRecord, Segment
from qosflood.plan.plan import Plan, plan_from_builtins

RUN_JSON = "run.json"
JOURNAL = "journal.jsonl"
FAILURES = "failures.jsonl"
RUN_SCHEMA = "qosflood/run/1"
_RESERVE = ".reserve"
_RESERVE_BYTES = 256 * 1024
_SALVAGE = "the report of all other lines is made by: qosflood report --salvage"
_LEAST_FREE_BYTES = 2 * _RESERVE_BYTES
"""The reserve, run.json and the beginning of a journal."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class Run:
    """What run.json and the journal's first line say. `facts` is run.json as it stands."""

    plan: Plan
    facts: dict[str, Any]
    segment: Segment


def check_run_directory(path: Path) -> None:
    """Refuse what `create_run_directory` would refuse, as far as it shows without making
    anything; raises RunDirectoryError."""
    try:
        if path.is_dir():
            _refuse_used(path)
        elif path.exists():
            raise _taken(path)
        found = next(place for place in (path, *path.absolute().parents) if place.exists())
    except OSError as error:
        raise _unwritable(path, error.strerror) from None
    if not found.is_dir():
        raise _unwritable(path, os.strerror(errno.ENOTDIR))
    if not os.access(found, os.W_OK | os.X_OK):
        raise _unwritable(path, os.strerror(errno.EACCES))
    disk = shutil.disk_usage(found)
    # A file system without sizes has a total of 0.
    if disk.total and disk.free < _LEAST_FREE_BYTES:
        raise _without_space(path, errno.ENOSPC)


def create_run_directory(path: Path) -> Path:
    """Make `path`, which must be new or empty and writable; raises RunDirectoryError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        _refuse_used(path)
        probe = path / ".probe"
        create(probe).close()
        probe.unlink()
    except FileExistsError:
        raise _taken(path) from None
    except OSError as error:
        if error.errno in _FULL:
            raise _without_space(path, error.errno) from None
        raise _unwritable(path, error.strerror) from None
    return path


def _refuse_used(path: Path) -> None:
    if any(path.iterdir()):
        raise RunDirectoryError(
            f"--out {path}: the folder is not empty, expected a new or empty one; "
            "name another one, or drop --out to have one created"
        )


def _taken(path: Path) -> RunDirectoryError:
    return RunDirectoryError(
        f"--out {path}: got a file, expected a new or empty folder; name another"
    )


def _unwritable(path: Path, why: str | None) -> RunDirectoryError:
    return RunDirectoryError(
        f"--out {path}: cannot be written ({why}), expected a folder you may write to; name another"
    )


def _without_space(path: Path, number: int | None) -> RunDirectoryError:
    free = "a disk quota that is used up"
    if number != errno.EDQUOT:
        place = next(place for place in (path, *path.absolute().parents) if place.exists())
        free = f"{format_bytes(shutil.disk_usage(place).free)} free on its disk"
    return RunDirectoryError(
        f"--out {path}: got {free}, expected at least {format_bytes(_LEAST_FREE_BYTES)}; "
        "free space there or name a folder on another disk with --out"
    )


def _not_begun(run_dir: Path, error: OSError, file: str = "") -> RunDirectoryError:
    """Why no run began; where the disk was full, the folder is left empty for another try."""
    if error.errno not in _FULL:
        return RunDirectoryError(f"{run_dir / file}: {error.strerror}")
    journal = run_dir / JOURNAL
    with contextlib.suppress(OSError):
        # A journal with a record in it is another run's.
        if not journal.exists() or journal.stat().st_size == 0:
            for name in (_RESERVE, RUN_JSON, JOURNAL, FAILURES):
                (run_dir / name).unlink(missing_ok=True)
    return _without_space(run_dir, error.errno)


def write_atomically(path: Path, content: bytes) -> None:
    """Write to a temporary name beside `path`, then rename; raises OSError.

    Synced before the rename: after a power cut a name must not lead to an empty file.
    """
    temporary, file = temporary_beside(path)
    try:
        with file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _sync_folder(path: Path) -> None:
    """Sync the folder's names to disk, where its file system can."""
    with contextlib.suppress(OSError):
        folder = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def write_run_json(run_dir: Path, facts: dict[str, Any]) -> None:
    """Write run.json; raises RunDirectoryError."""
    try:
        write_atomically(run_dir / RUN_JSON, orjson.dumps(facts, option=orjson.OPT_INDENT_2))
    except OSError as error:
        raise _not_begun(run_dir, error, RUN_JSON) from None


class JournalWriter:
    """Appends records to journal.jsonl and samples to failures.jsonl of a run directory."""

    def __init__(self, run_dir: Path) -> None:
        self._path = run_dir / JOURNAL
        self._reserve = run_dir / _RESERVE
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        try:
            # Space for the end record, should the disk fill up during the run.
            with create(self._reserve) as reserve:
                reserve.write(b"\0" * _RESERVE_BYTES)
            self._fd = os.open(self._path, flags, 0o644)
            self._failures_fd = os.open(run_dir / FAILURES, flags, 0o644)
        except OSError as error:
            raise _not_begun(run_dir, error) from None
        # The lock shows that a run still writes; the kernel drops it when the process ends.
        with contextlib.suppress(OSError):
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _sync_folder(run_dir)
        self._sizes = {self._fd: 0, self._failures_fd: 0}

    def append(self, record: JournalRecord) -> None:
        """Write one record; raises JournalWriteError and leaves whole lines behind."""
        self.append_line(encode_record(record))

    def append_line(self, line: bytes) -> None:
        """Write one encoded record with its newline; raises JournalWriteError."""
        self._write(self._fd, line)

    def append_failure(self, line: bytes) -> None:
        """Write one failure sample's line; raises JournalWriteError."""
        self._write(self._failures_fd, line)

    def check(self) -> None:
        """Raise JournalWriteError if the run directory was moved or removed: whatever is written
        after that is lost."""
        try:
            there = self._path.stat().st_ino == os.fstat(self._fd).st_ino
        except OSError:
            there = False
        if not there:
            raise JournalWriteError(f"{self._path}: was moved or removed during the run")

    def sync(self) -> None:
        """Sync what was written to disk; called from a thread, since it may block."""
        if self._sizes:
            with contextlib.suppress(OSError):
                os.fdatasync(self._fd)

    def free_reserve(self) -> None:
        """Free the reserved space: to write the end record, or because the run is over."""
        with contextlib.suppress(OSError):
            self._reserve.unlink()

    def close(self) -> None:
        """Sync and close, once; nothing can be written any more."""
        self.sync()
        self.free_reserve()
        for fd in self._sizes:
            # A file system that is broken or full may say so only now; the records are written.
            with contextlib.suppress(OSError):
                os.close(fd)
        self._sizes = {}

    def _write(self, fd: int, line: bytes) -> None:
        if fd not in self._sizes:
            raise JournalWriteError(f"{self._path}: is closed")
        number = errno.ENOSPC
        try:
            if os.write(fd, line) == len(line):
                self._sizes[fd] += len(line)
                return
        except OSError as error:
            number = error.errno or 0
        # A torn line in the middle of the journal would cost every record behind it.
        with contextlib.suppress(OSError):
            os.ftruncate(fd, self._sizes[fd])
        if number in _FULL:
            raise DiskFullError("the disk is full: no more records can be written to the journal")
        raise JournalWriteError(f"{self._path}: {os.strerror(number)}")


def remove_reserve(run_dir: Path) -> None:
    """Free the space that a killed run still reserves, but not that of a run that still writes."""
    with contextlib.suppress(OSError), (run_dir / JOURNAL).open("rb") as journal:
        fcntl.flock(journal, fcntl.LOCK_SH | fcntl.LOCK_NB)
        (run_dir / _RESERVE).unlink()


def is_running(run_dir: Path) -> bool:
    """Whether a run on this machine still writes the journal."""
    try:
        with (run_dir / JOURNAL).open("rb") as journal:
            fcntl.flock(journal, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def read_run(run_dir: Path) -> Run:
    """The run a directory holds; raises JournalError."""
    plan, facts = _plan_and_facts(run_dir)
    first = next(read_records(run_dir), None)
    if not isinstance(first, Segment):
        raise JournalError(f"{run_dir / JOURNAL}: has no first record; nothing was recorded")
    return Run(plan, facts, first)


def read_damaged_run(run_dir: Path) -> Run:
    """The run a directory holds, of which the journal's first record may be damaged: run.json says
    when the run began, too. Raises JournalError."""
    plan, facts = _plan_and_facts(run_dir)
    records = read_records(run_dir, LeftOut())
    segment = next((one for one in records if isinstance(one, Segment)), None)
    if segment is None:
        began = facts.get("wall_ns")
        if not isinstance(began, int) or not 0 <= began < MOST_T_NS:
            raise JournalError(f"{run_dir}: neither run.json nor the journal says when it began")
        segment = Segment(t=0, boot_id="unknown", wall_ns=began, mono_ns=0)
    return Run(plan, facts, segment)


def _plan_and_facts(run_dir: Path) -> tuple[Plan, dict[str, Any]]:
    path = run_dir / RUN_JSON
    try:
        facts = orjson.loads(path.read_bytes())
        _refuse_other_schema(facts)
        return plan_from_builtins(completed_plan(facts["plan"])), facts
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror}; expected a run directory") from None
    except (ValueError, KeyError, TypeError, msgspec.ValidationError) as error:
        raise JournalError(f"{path}: {error}; expected {RUN_SCHEMA}") from None


def _refuse_other_schema(facts: Any) -> None:
    """Raise ValueError for a run.json that says it is of a schema which is not ours."""
    schema = facts.get("schema", RUN_SCHEMA) if isinstance(facts, dict) else RUN_SCHEMA
    if schema != RUN_SCHEMA:
        raise ValueError(f"got schema {printable(schema, 60)}, made by another version of qosflood")


class LeftOut:
    """Lines of a journal that could not be read, counted; the first few of them in words."""

    MOST_NAMED = 5

    def __init__(self) -> None:
        self.lines = self.of = 0
        self._named: list[str] = []

    def add(self, what: str) -> None:
        """A further one."""
        self.lines += 1
        if self.lines <= self.MOST_NAMED:
            self._named.append(what)

    @property
    def words(self) -> str:
        """What was left out, in one line."""
        further = self.lines - len(self._named)
        more = f"; and {further:,} more" if further else ""
        return f"{self.lines:,} of {self.of:,} lines left out: {'; '.join(self._named)}{more}"


def read_records(run_dir: Path, left_out: LeftOut | None = None) -> Iterator[JournalRecord]:
    """The journal's records in order; a torn last line is dropped.

    Raises JournalError, for a damaged line only where there is no `left_out` to take it.
    """
    path = run_dir / JOURNAL
    try:
        with path.open("rb") as journal:
            for number, line in enumerate(journal, 1):
                if not line.endswith(b"\n"):
                    return
                try:
                    record = decode_record(line)
                    check_record(record)
                except (ValueError, RecursionError) as error:
                    what = f"line {number}: {printable(error, 200)}"
                    if left_out is None:
                        raise JournalError(f"{path}: {what}; {_SALVAGE} {run_dir}") from None
                    left_out.add(what)
                    continue
                finally:
                    if left_out is not None:
                        left_out.of = number
                yield record
    except OSError as error:
        raise JournalError(f"{path}: {error.strerror}") from None


def read_failures(run_dir: Path) -> list[dict[str, Any]]:
    """The failure samples of a run that can be read; empty if there are none."""
    try:
        lines = (run_dir / FAILURES).read_bytes().split(b"\n")[:-1]
    except OSError:
        return []
    samples = []
    for line in lines:
        with contextlib.suppress(orjson.JSONDecodeError):
            sample = orjson.loads(line)
            if isinstance(sample, dict):
                samples.append(sample)
    return samples
