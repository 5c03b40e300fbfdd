"""Open files of a process beside the limit of them."""

import os
import resource

from qosflood.monitor.memory.judged_tree import JudgedTree
from qosflood.monitor.memory.open_files import open_files


def fake(proc, pid, files, limit):
    folder = proc / str(pid)
    (folder / "fd").mkdir(parents=True)
    for number in range(files):
        (folder / "fd" / str(number)).touch()
    text = f"Max cpu time   unlimited  unlimited\nMax open files   {limit}   524288   files\n"
    (folder / "limits").write_text(text)


def test_a_real_process_shows_its_own_files_and_limit():
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = open_files([os.getpid()])
    pipes = [os.pipe() for _ in range(20)]
    try:
        after = open_files([os.getpid()])
    finally:
        for end in (end for pipe in pipes for end in pipe):
            os.close(end)
    assert before[1] == after[1] == soft
    assert after[0] - before[0] == 40


def test_a_sample_of_a_tree_has_both():
    sample = JudgedTree(os.getpid()).read(0, "target")
    assert sample.files > 2
    assert sample.files_limit == resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def test_of_several_processes_the_one_nearest_to_its_limit_counts(tmp_path):
    fake(tmp_path, 1, 3, 1000)
    fake(tmp_path, 2, 2, 4)
    limits = [open_files([pid], tmp_path)[1] for pid in (1, 2)]
    assert limits == [1000, 4]
    assert open_files([1, 2], tmp_path)[1] == 4


def test_without_a_limit_or_without_the_right_to_look_there_is_no_figure(tmp_path):
    fake(tmp_path, 1, 3, "unlimited")
    assert open_files([1, 2], tmp_path) is None
