"""The run directory: refused unless empty, whole lines whatever happens, readable after a cut."""

import contextlib
import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from journals import MARK, SEGMENT, event, lines

from qosflood.base.errors import DiskFullError, JournalWriteError, RunDirectoryError
from qosflood.journal.record_lines import encode_record
from qosflood.journal.records import End
from qosflood.journal.run_directory import (
    FAILURES,
    JOURNAL,
    JournalWriter,
    check_run_directory,
    create_run_directory,
    read_records,
    remove_reserve,
    write_atomically,
    write_run_json,
)

# The folder.


def test_a_new_folder_is_made_with_its_parents_and_left_empty(tmp_path):
    path = create_run_directory(tmp_path / "a" / "b")
    assert list(path.iterdir()) == []
    assert create_run_directory(path) == path


def test_a_folder_with_anything_in_it_is_refused(tmp_path):
    (tmp_path / ".hidden").touch()
    with pytest.raises(RunDirectoryError, match="is not empty, expected a new or empty one"):
        create_run_directory(tmp_path)


@pytest.mark.parametrize("below", ["", "run"])
def test_a_file_in_the_folders_place_is_refused_in_one_line(tmp_path, below):
    taken = tmp_path / "taken"
    taken.touch()
    with pytest.raises(RunDirectoryError, match=r"--out .*(got a file|Not a directory)") as caught:
        create_run_directory(taken / below)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, monkeypatch):
    def refused(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(RunDirectoryError, match=r"cannot be written \(Permission denied\)"):
        create_run_directory(tmp_path / "run")


def test_what_would_be_refused_is_known_without_making_anything(tmp_path, monkeypatch):
    check_run_directory(tmp_path / "new" / "run")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    for path, why in (
        (tmp_path, "is not empty"),
        (tmp_path / "file", "got a file"),
        (tmp_path / "file" / "run", "Not a directory"),
    ):
        with pytest.raises(RunDirectoryError, match=why):
            check_run_directory(path)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(RunDirectoryError, match=r"cannot be written \(Permission denied\)"):
        check_run_directory(tmp_path / "new")


FREE = "got 196.0 KiB free on its disk, expected at least 512.0 KiB; free space there or name a "


@pytest.fixture
def disk_of_196_kib(monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=196 * 1024)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)


@pytest.mark.usefixtures("disk_of_196_kib")
def test_a_disk_without_space_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(RunDirectoryError, match=FREE) as caught:
        check_run_directory(tmp_path / "new" / "run")
    assert str(caught.value).startswith(f"--out {tmp_path / 'new' / 'run'}: ")
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_without_sizes_is_not_taken_for_a_full_one(tmp_path, monkeypatch):
    usage = shutil.disk_usage("/")._replace(total=0, free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    check_run_directory(tmp_path / "run")


@pytest.mark.usefixtures("disk_of_196_kib")
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_is_full_at_the_start_leaves_an_empty_folder(tmp_path, monkeypatch, number):
    opened = os.open

    def no_failures(path, *args, **kwargs):
        if Path(path).name == FAILURES:
            raise OSError(number, os.strerror(number))
        return opened(path, *args, **kwargs)

    run_dir = create_run_directory(tmp_path / "run")
    write_run_json(run_dir, {"plan": {}})
    monkeypatch.setattr(os, "open", no_failures)
    got = FREE if number == errno.ENOSPC else "got a disk quota that is used up, expected at least"
    with pytest.raises(RunDirectoryError, match=got):
        JournalWriter(run_dir)
    assert list(run_dir.iterdir()) == []


@pytest.mark.usefixtures("disk_of_196_kib")
def test_a_second_run_in_the_same_folder_takes_nothing_from_the_first(run_dir):
    write_run_json(run_dir, {"plan": {}})
    first = JournalWriter(run_dir)
    first.append(SEGMENT)
    with pytest.raises(RunDirectoryError, match="File exists"):
        JournalWriter(run_dir)
    assert {path.name for path in run_dir.iterdir()} >= {JOURNAL, "run.json"}
    first.close()


@pytest.mark.usefixtures("disk_of_196_kib")
def test_a_run_json_that_finds_no_space_leaves_an_empty_folder(run_dir, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunDirectoryError, match=FREE):
        write_run_json(run_dir, {"plan": {}})
    assert list(run_dir.iterdir()) == []


def test_only_the_space_of_a_run_that_is_over_is_given_back(run_dir):
    writer = JournalWriter(run_dir)
    remove_reserve(run_dir)
    assert (run_dir / ".reserve").exists()
    os.close(writer._fd)  # as a SIGKILL does
    remove_reserve(run_dir)
    assert not (run_dir / ".reserve").exists()
    remove_reserve(run_dir)
    os.close(writer._failures_fd)


def test_a_second_journal_in_one_folder_is_refused(run_dir, writer):
    with pytest.raises(RunDirectoryError, match="File exists"):
        JournalWriter(run_dir)


# Whole files.


def test_a_file_is_synced_before_it_gets_its_name_and_the_name_after(tmp_path, monkeypatch):
    done: list[str] = []
    target = tmp_path / "report.json"
    fsync = os.fsync

    def noted(fd: int) -> None:
        done.append("folder" if os.path.isdir(f"/proc/self/fd/{fd}") else "file")
        assert target.exists() == (done[-1] == "folder")
        fsync(fd)

    monkeypatch.setattr(os, "fsync", noted)
    write_atomically(target, b"content")
    assert done == ["file", "folder"]
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_file_that_cannot_be_finished_leaves_the_old_one_and_no_litter(tmp_path, monkeypatch):
    target = tmp_path / "report.json"
    write_atomically(target, b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_run_json_that_cannot_be_written_is_said_in_one_line(tmp_path):
    with pytest.raises(RunDirectoryError, match=r"run\.json: No such file or directory"):
        write_run_json(tmp_path / "gone", {})


# Appending.


def test_records_are_read_back_in_order_as_they_were_written(run_dir, writer):
    written = [SEGMENT, event(), MARK, End(t=20, reason="completed")]
    for record in written:
        writer.append(record)
    assert list(read_records(run_dir)) == written
    assert [line[:9] for line in lines(run_dir)] == [b'{"type":"'] * 4


def test_each_record_is_one_write(run_dir, writer, monkeypatch):
    sizes = []
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: sizes.append(len(data)) or write(fd, data))
    writer.append(event())
    assert sizes == [len(encode_record(event()))]


@pytest.mark.parametrize("taken", [None, 0, 1, 30])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_leaves_whole_lines_and_takes_the_next_when_there_is_room(
    run_dir, writer, monkeypatch, taken, number
):
    writer.append(SEGMENT)
    write = os.write

    def full(fd: int, data: bytes) -> int:
        if taken is None:
            raise OSError(number, "full")
        return write(fd, data[:taken])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(DiskFullError, match="the disk is full"):
            writer.append(event())
        with pytest.raises(DiskFullError):
            writer.append_failure(b'{"type":"failure","what":"a line of some length"}\n')
    assert list(read_records(run_dir)) == [SEGMENT]
    assert lines(run_dir, FAILURES) == []
    writer.append(MARK)
    assert list(read_records(run_dir)) == [SEGMENT, MARK]


def test_another_error_is_named_and_leaves_whole_lines(run_dir, writer, monkeypatch):
    writer.append(SEGMENT)

    def broken(fd: int, data: bytes) -> int:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", broken)
        with pytest.raises(JournalWriteError, match=r"journal\.jsonl: Input/output error") as error:
            writer.append(event())
    assert not isinstance(error.value, DiskFullError)
    assert list(read_records(run_dir)) == [SEGMENT]


def test_a_journal_that_was_moved_or_removed_is_noticed(run_dir, writer):
    writer.check()
    (run_dir / JOURNAL).rename(run_dir / "elsewhere")
    with pytest.raises(JournalWriteError, match="moved or removed"):
        writer.check()
    (run_dir / JOURNAL).touch()
    with pytest.raises(JournalWriteError, match="moved or removed"):
        writer.check()


def test_the_reserve_is_there_while_the_run_goes_on_and_gone_after(run_dir):
    writer = JournalWriter(run_dir)
    names = {path.name: path.stat().st_size for path in run_dir.iterdir()}
    assert names.pop(".reserve") == 256 * 1024
    assert names == {JOURNAL: 0, FAILURES: 0}
    writer.free_reserve()
    writer.free_reserve()
    writer.close()
    writer.close()
    with pytest.raises(JournalWriteError, match="is closed"):
        writer.append(MARK)
    assert {path.name for path in run_dir.iterdir()} == {JOURNAL, FAILURES}


def test_a_sync_that_fails_does_not_end_the_run(writer, monkeypatch):
    def failing(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", failing)
        writer.sync()


@contextlib.contextmanager
def tiny_disk(folder: Path, size: str) -> Iterator[Path]:
    """A real file system of a few hundred kilobytes; skips where it cannot be mounted."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(["mount", *options], capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("a small file system can be mounted by root only")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_on_a_disk_that_is_really_full_the_reserve_holds_the_end(tmp_path):
    with tiny_disk(tmp_path / "disk", "512k") as disk:
        run_dir = create_run_directory(disk / "run")
        writer = JournalWriter(run_dir)
        writer.append(SEGMENT)
        count = 1
        with pytest.raises(DiskFullError):
            while True:
                writer.append(event("x" * 3000))
                count += 1
        assert len(list(read_records(run_dir))) == count > 50
        writer.free_reserve()
        end = End(t=9, reason="disk_full")
        writer.append(end)
        writer.close()
        assert list(read_records(run_dir))[-1] == end


def test_a_disk_without_room_for_a_journal_is_refused(tmp_path):
    with tiny_disk(tmp_path / "disk", "64k") as disk, pytest.raises(RunDirectoryError):
        JournalWriter(create_run_directory(disk / "run"))


def test_a_broken_disk_is_an_error_of_the_journal_until_it_is_closed(run_dir, monkeypatch):
    writer = JournalWriter(run_dir)
    writer.append(SEGMENT)

    def broken(*_):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as disk:
        for call in ("write", "ftruncate", "fdatasync", "close"):
            disk.setattr(os, call, broken)
        with pytest.raises(JournalWriteError, match="Input/output error") as caught:
            writer.append(SEGMENT)
        assert caught.value.exit_code == 3
        writer.close()
