"""A run directory that fills up or goes away ends the load, with what can still be said."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from flooding import flooding
from processes import read_journal, read_report, run_qosflood, wait_until

pytestmark = pytest.mark.e2e

LONG = ("--duration", "60s")
TMPFS_KIB = 600
DISK_BYTES = 64 << 20


@contextlib.contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path]:
    """What `options` of mount say, at `folder`; unmounted at the end."""
    folder.mkdir()
    command = ["mount", *options, str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, check=False).returncode:
        pytest.skip(f"only root may mount a file system: {' '.join(options)}")
    try:
        yield folder
    finally:
        # It is busy until the kernel has given up on the last pages of a run that has just ended.
        wait_until(lambda: not subprocess.run(["umount", folder], check=False).returncode, "umount")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 600 KiB."""
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", f"size={TMPFS_KIB}k", "none") as folder:
        yield folder


@pytest.fixture
def mortal_disk(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A disk of its own, and the image that it is made of."""
    if shutil.which("mkfs.ext2") is None:
        pytest.skip("mkfs.ext2 is missing")
    with mounted(tmp_path / "store", "-t", "tmpfs", "none") as store:
        image = store / "image"  # in memory: each write is synced
        with open(image, "wb") as sparse:
            sparse.truncate(DISK_BYTES)
        subprocess.run(["mkfs.ext2", "-q", "-F", str(image)], check=True)
        with mounted(tmp_path / "disk", "-o", "loop,sync", str(image)) as disk:
            yield disk, image


def kill(image: Path) -> None:
    """Let every access to the disk end with EIO: nothing lies any more where it was."""
    listed = subprocess.run(
        ["losetup", "-n", "-O", "NAME", "-j", str(image)],
        capture_output=True,
        text=True,
        check=True,
    )
    os.truncate(image, 4096)
    subprocess.run(["losetup", "-c", listed.stdout.strip()], check=True)


def fill(disk: Path) -> None:
    """Write until the disk takes no more."""
    with open(disk / "ballast", "wb", buffering=0) as ballast, contextlib.suppress(OSError):
        while True:
            ballast.write(b"x" * 4096)


def test_a_full_disk_stops_the_load_and_the_verdict_goes_to_the_terminal(small_disk: Path) -> None:
    with flooding(small_disk / "run", *LONG) as flood:
        flood.wait_for_phase("flood")
        fill(small_disk)
        done = flood.finish()
        flood.wait_until_gone()
    assert done.code == 3
    assert "INVALID - the disk is full" in " ".join(done.out.split())
    assert "Traceback" not in done.err
    assert f"{flood.run_dir / 'report.html'}: not written (No space left on device)" in done.err
    assert read_journal(flood.run_dir)[-1]["reason"] == "disk_full"
    assert run_qosflood("report", str(flood.run_dir)).returncode == 3


def test_a_disk_that_is_full_from_the_start_is_one_line_and_nothing_is_flooded(
    small_disk: Path,
) -> None:
    fill(small_disk)
    with flooding(small_disk / "run") as flood:
        done = flood.finish()
        flood.wait_until_gone()
    assert (done.code, done.out) == (2, "")
    last = done.err.splitlines()[-1]
    assert last.startswith(f"qosflood: --out {flood.run_dir}: got 0 B free on its disk, ")
    assert last.endswith("free space there or name a folder on another disk with --out")
    assert "Traceback" not in done.err
    assert not flood.run_dir.exists()


def test_a_disk_that_dies_ends_the_load_with_a_verdict_and_exit_3(
    mortal_disk: tuple[Path, Path],
) -> None:
    disk, image = mortal_disk
    with flooding(disk / "run", *LONG) as flood:
        flood.wait_for_phase("flood")
        kill(image)
        done = flood.finish()
        flood.wait_until_gone()
    assert done.code == 3
    assert "Traceback" not in done.err
    said = "".join(done.out.split())  # a path may be broken anywhere
    assert "INVALID-thejournalcouldnolongerbewritten:" in said
    assert "journal.jsonl:Input/outputerror" in said
    assert f"{flood.run_dir / 'report.html'}: not written (Input/output error)" in done.err


def test_a_run_directory_that_goes_away_is_one_clear_line(tmp_path: Path) -> None:
    with (
        flooding(tmp_path / "removed", *LONG) as removed,
        flooding(tmp_path / "moved", *LONG) as moved,
    ):
        removed.wait_for_phase("baseline")
        shutil.rmtree(removed.run_dir)
        moved.wait_for_phase("baseline")
        moved.run_dir.rename(tmp_path / "elsewhere")
        for flood in (removed, moved):
            done = flood.finish()
            flood.wait_until_gone()
            assert (done.code, done.out) == (3, "")
            assert done.err.splitlines()[-1] == (
                f"qosflood: {flood.run_dir}: was moved or removed during the run; "
                "without its journal there is no verdict"
            )
            assert "Traceback" not in done.err
    assert run_qosflood("report", str(tmp_path / "elsewhere")).returncode == 3
    assert read_report(tmp_path / "elsewhere")["verdict"] == "INVALID"
