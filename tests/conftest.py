"""What all tests share."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from qosflood.journal import JournalWriter, create_run_directory

# Timings are never asserted: a slow machine is no failure.
settings.register_profile("qosflood", deadline=None)
settings.load_profile("qosflood")
# Under nohup commands that tests start would inherit that a lost terminal is ignored.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """A run directory with nothing in it."""
    return create_run_directory(tmp_path / "run")


@pytest.fixture
def writer(run_dir: Path) -> Iterator[JournalWriter]:
    """A journal being written there."""
    made = JournalWriter(run_dir)
    yield made
    made.close()
