"""What all tests share, and how they are dealt out to workers that run side by side."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from qosflood.journal.run_directory import JournalWriter, create_run_directory

# Timings are never asserted: a slow machine is no failure.
settings.register_profile("qosflood", deadline=None)
settings.load_profile("qosflood")
# Under nohup, or behind a shell's &, commands that tests start would inherit ignored signals.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

E2E = "tests/e2e/"
SECOND_HALF = f"{E2E}test_e2e_g"


def pytest_collection() -> None:
    """Coverage has begun in this process by now; nothing that the tests start is to be traced."""
    os.environ.pop("COVERAGE_PROCESS_START", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The end-to-end tests first: they take longest, and mostly wait."""
    items.sort(key=lambda item: not item.nodeid.startswith(E2E))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A worker takes a whole file, for its fixtures; two share the end-to-end tests, each a half
    of the alphabet: no more floods at a time than a small machine carries."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return f"{E2E}{file < SECOND_HALF}" if file.startswith(E2E) else file

    config.option.loadscopereorder = False
    return ByFile(config, log)


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
