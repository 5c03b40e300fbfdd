"""Whether the target may open as many connections as the load holds."""

import subprocess
import sys
from dataclasses import replace

import pytest
from plan_maker import make_plan

from qosflood.monitor.first_look import Sight
from qosflood.monitor.memory.port_owner import describe
from qosflood.monitor.scrape.first_look import Pages
from qosflood.run.preflight.target_files import few_files

LIMITED = "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (64, 64)); print(flush=True); input()"


@pytest.fixture
def sight():
    """A target that may open 64 files."""
    with subprocess.Popen(
        [sys.executable, "-c", LIMITED], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as target:
        target.stdout.readline()
        yield Sight(
            pages=Pages(),
            process=describe(target.pid),
            memory_source="process",
            memory_reason="",
            warnings=(),
        )
        target.stdin.close()


def test_a_load_of_more_connections_than_the_target_may_open_is_warned_of(sight):
    (warning,) = few_files(make_plan(), sight)
    assert "of at most 64 files open, and the load holds 100 connections to it" in warning
    assert "raise its limit" in warning


def test_a_pool_that_fits_is_no_worry(sight):
    assert few_files(make_plan(report={"connection": "pooled", "pool": 8}), sight) == ()


def test_without_a_process_nothing_is_known_of_its_files(sight):
    assert few_files(make_plan(), replace(sight, process=None)) == ()
