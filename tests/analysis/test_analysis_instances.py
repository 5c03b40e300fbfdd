"""Restarts of the target, by events and by the identity of its process."""

import pytest
from plan_maker import make_plan
from record_maker import WALL_NS, event, healthy_run, memory, scrape

from qosflood.analysis import analyse
from qosflood.analysis.instances import all_restarts

PLAN = make_plan()


def found(**changes):
    return analyse(PLAN, WALL_NS, healthy_run(PLAN, **changes))


def test_a_process_that_stayed_did_not_restart():
    assert found().restarts == 0


def test_without_a_process_or_a_start_time_restarts_are_unknown():
    assert found(rss=None).restarts is None


def test_announced_restarts_count():
    assert found(extra=[event(8, "restarted"), event(9, "restarted")]).restarts == 2


def test_an_announced_restart_counts_even_where_no_process_is_watched():
    assert found(rss=None, extra=[event(8, "restarted")]).restarts == 1


def test_a_change_of_process_counts_though_nobody_announced_it():
    samples = [memory(s + 0.3, pid=78, start_s=1010.0) for s in range(8, 20)]
    assert found(rss=None, extra=[memory(1), *samples]).restarts == 1


def test_a_process_gone_for_good_is_told_apart_from_one_that_was_restarted():
    gone = found(extra=[event(8, "process_gone")]).instances[0]
    assert (gone.restarts, gone.gone) == (0, True)
    back = found(extra=[event(8, "process_gone"), event(9, "restarted")]).instances[0]
    assert (back.restarts, back.gone) == (1, False)


def test_a_process_that_goes_once_the_run_is_over_does_not():
    assert not found(extra=[event(20.05, "process_gone")]).instances[0].gone


@pytest.mark.parametrize(("starts", "restarts"), [((50.0, 50.6, 50.2), 0), ((50.0, 61.0), 1)])
def test_a_start_time_on_the_page_may_tremble_by_a_second(starts, restarts):
    pages = [scrape(5 + i, process_start_s=start) for i, start in enumerate(starts)]
    assert found(rss=None, extra=pages).restarts == restarts


def test_several_processes_at_one_address_leave_restarts_unknown():
    assert found(extra=[event(8, "several_processes")]).restarts is None


def test_a_process_that_the_user_named_tells_of_its_restarts_whichever_worker_answers():
    named = make_plan(watch={"pid": 77})
    turns = event(8, "several_processes")
    for extra, restarts in (([turns], 0), ([turns, event(9, "restarted", new_pid=78)], 1)):
        findings = analyse(named, WALL_NS, healthy_run(named, extra=extra))
        assert findings.restarts == restarts


def test_instances_are_told_apart():
    extra = [
        memory(3, instance="b", pid=9, rss_bytes=5_000_000),
        scrape(3, instance="b", ok=False),
        event(4, "restarted", instance="b"),
    ]
    first, second = found(extra=extra).instances
    assert (first.name, first.restarts, first.scrapes.failed) == ("target", 0, 0)
    assert (second.name, second.restarts, second.rss_max) == ("b", 1, 5_000_000)
    assert second.scrapes.failed == 1


def test_samples_the_monitor_made_up_are_not_measured():
    made_up = memory(8, rss_bytes=999_000_000, own_fault=True)
    findings = found(extra=[made_up])
    assert findings.instances[0].rss_max == 80 * 1024 * 1024
    assert findings.memory.max_bytes == 80 * 1024 * 1024


def test_restarts_that_the_memorys_source_counts_are_known_though_there_were_none():
    told = {"source": "promql", "pid": None, "start_s": None, "restarts": 3}
    samples = [memory(s, **told) for s in range(20)]
    assert found(rss=None, extra=samples).restarts == 0
    twice = event(8, "restarted", instance="target", restarts=5, times=2)
    assert found(rss=None, extra=[*samples, twice]).restarts == 2


def test_a_restart_that_page_process_and_source_all_tell_of_is_one():
    seen = (
        event(8, "restarted", old_pid=77, old_start_s=1000.0, new_pid=78, new_start_s=1010.0),
        event(8.5, "restarted", instance="target", old_start_s=1000.0, new_start_s=1010.0),
        event(30, "restarted", instance="target", restarts=1, times=1),
    )
    assert found(extra=seen).restarts == 1
    assert found(extra=[*seen, event(40, "restarted", instance="target", times=2)]).restarts == 3


def test_a_process_that_is_watched_for_two_instances_restarts_once():
    keys = {"old_pid": 77, "old_start_s": 1000.0, "new_pid": 78, "new_start_s": 1010.0}
    extra = [
        *(memory(3, instance=name, pid=77, start_s=1000.0) for name in "ab"),
        *(event(8, "restarted", instance=name, **keys) for name in "ab"),
    ]
    findings = found(rss=None, extra=extra)
    assert [one.restarts for one in findings.instances if one.name in "ab"] == [1, 1]
    assert all_restarts([one for one in findings.instances if one.name in "ab"], extra[2:]) == 1
