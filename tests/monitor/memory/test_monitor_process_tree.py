"""Memory and CPU of a real process tree."""

import os
import signal
import subprocess
import sys

import psutil
import pytest
from listeners import listener
from processes import wait_until

from qosflood.monitor.memory.process_tree import CHILDREN_EVERY_NS, ProcessTree

MIB = 1024 * 1024


def test_a_tree_sums_the_root_and_its_children():
    with listener(children=2, megabytes=30) as target:

        def of_children() -> int:
            return sum(psutil.Process(pid).memory_info().rss for pid in target.children)

        # Children that have only just started still grow between two readings.
        before = of_children()
        reading = ProcessTree(target.pid).read(0)
        after = of_children()
        assert reading.processes == 3
        assert reading.root_rss_bytes > 30 * MIB
        assert before <= reading.rss_bytes - reading.root_rss_bytes <= after


def test_a_tree_is_keyed_by_pid_and_start():
    with listener() as target:
        tree = ProcessTree(target.pid)
        assert (tree.pid, tree.start_s) == (target.pid, psutil.Process(target.pid).create_time())


def test_the_tree_is_gone_once_its_root_has_ended_even_if_nobody_waited_for_it():
    with listener() as target:
        tree = ProcessTree(target.pid)
        assert tree.read(0) is not None
        os.kill(target.pid, signal.SIGKILL)
        wait_until(lambda: tree.read(0) is None, "the tree to be seen as gone")


def test_a_pid_that_is_not_there_is_refused():
    with listener() as target:
        pid = target.pid
    with pytest.raises(psutil.NoSuchProcess):
        ProcessTree(pid)


def test_an_ended_child_leaves_the_memory_but_its_cpu_stays():
    busy = (
        "import os, time\n"
        "if not os.fork():\n"
        "    while time.process_time() < 0.15: pass\n"
        "    print('spent', flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", busy], stdout=subprocess.PIPE) as root:
        try:
            root.stdout.readline()
            tree = ProcessTree(root.pid)
            before = tree.read(0)
            (child,) = psutil.Process(root.pid).children()
            os.kill(child.pid, signal.SIGKILL)
            wait_until(lambda: tree.read(1).processes == 1, "the child to be seen as gone")
            relisted = tree.read(2 * CHILDREN_EVERY_NS)
        finally:
            root.kill()
    assert before.processes == 2
    assert before.cpu_ns >= 100_000_000
    assert relisted.cpu_ns >= before.cpu_ns
    assert relisted.rss_bytes == relisted.root_rss_bytes
