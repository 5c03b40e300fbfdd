"""Causes of the target's own that the samples of the flood show."""

from dataclasses import replace

import pytest
from plan_maker import make_load, make_phases, make_plan
from record_maker import MIB, WALL_NS, at, healthy_run, memory, scrape, window

from qosflood.analysis import analyse
from qosflood.base.units import MS
from qosflood.journal.records import Connects, TcpSample
from qosflood.plan.limit_language import parse_limit

PLAN = make_plan(phases=make_phases(make_load(), flood_ns=30 * 10**9))
FLOOD = range(6, 36)


def found(extra=(), change=lambda same: same, plan=PLAN, **changes):
    run = healthy_run(
        plan,
        change=lambda w: change(w) if w.phase == "flood" else w,
        extra=extra,
        **changes,
    )
    return analyse(plan, WALL_NS, run)


def kinds(findings):
    return [cause.kind for cause in findings.causes]


def failing(outcome):
    return lambda w: window(w.second, w.phase, response_ms=[5.0] * 80, failed={outcome: 20})


def with_files(files, limit=20_000):
    return [
        memory(s + 0.1, files=files if s in FLOOD else 50, files_limit=limit) for s in range(40)
    ]


def test_a_healthy_target_shows_no_cause():
    assert found(with_files(800)).causes == ()


def test_a_full_table_of_open_files_is_named_with_the_connections_that_it_reset():
    findings = found(with_files(20_000), failing("connection_lost"), rss=None)
    assert kinds(findings) == ["files"]
    assert findings.limited_why.endswith("the target had 20,000 of at most 20,000 files open")
    assert findings.limited_evidence[0] == findings.causes[0].what


def test_a_full_table_of_open_files_does_not_explain_slow_answers():
    plan = replace(PLAN, limits=(parse_limit("response.p99 < 250ms"),))

    def slow(w):
        return window(w.second, w.phase, response_ms=[400.0] * 100)

    findings = found(with_files(20_000), slow, plan, rss=None)
    assert findings.limited_by == "target"
    assert "files open" not in findings.limited_why


def dropping(each):
    return [
        TcpSample(t=at(s), sent=1000 * s, resent=0, dropped=each * max(s - 6, 0)) for s in range(40)
    ]


def connecting(**outcome):
    connects = Connects(
        **{"count": 9, "failed": 0, "sum_ns": 9 * MS, "max_ns": 2 * MS, "slow": 0, **outcome}
    )
    return lambda w: replace(failing("timeout")(w), connects=connects)


@pytest.mark.parametrize("change", [connecting(), failing("timeout")])
def test_a_full_backlog_is_another_listeners_where_no_connect_of_the_load_was_slow(change):
    findings = found(dropping(500), change)
    assert kinds(findings) == []
    assert "dropped" not in findings.limited_why


@pytest.mark.parametrize("trouble", [{"slow": 3}, {"failed": 3}])
def test_a_full_backlog_is_named_where_it_is_this_machines(trouble):
    findings = found(dropping(500), connecting(**trouble))
    assert kinds(findings) == ["backlog"]
    assert "dropped 14,500 connects in the flood, 0 in the baseline" in findings.limited_why
    away = replace(PLAN, target=replace(PLAN.target, loopback=False))
    assert kinds(found(dropping(500), connecting(**trouble), away)) == []


def pages(took_ms, every=5):
    return [scrape(s, duration_ns=round(took_ms * MS), bytes=90 * MIB) for s in range(0, 40, every)]


def answering(ms_with, ms_without, every=5):
    def change(w):
        ms = ms_with if w.second % every == 0 else ms_without
        return window(w.second, w.phase, response_ms=[5.0] * 80 + [ms] * 20)

    return change


def scraped_run(took_ms, change):
    plan = replace(PLAN, limits=(parse_limit("response.p99 < 250ms"),))
    records = healthy_run(plan, change=lambda w: change(w) if w.phase == "flood" else w)
    others = [r for r in records if type(r).__name__ != "ScrapeSample"]
    joined = sorted([*others[:-1], *pages(took_ms)], key=lambda record: record.t)
    return analyse(plan, WALL_NS, [*joined, others[-1]])


def test_a_page_that_holds_up_posts_is_named_by_the_seconds_in_which_it_was_fetched():
    findings = scraped_run(700.0, answering(600.0, 5.0))
    assert kinds(findings) == ["page"]
    assert findings.limited_by == "target"
    assert "in which the metrics page was being fetched" in findings.limited_why


@pytest.mark.parametrize(
    ("took_ms", "change"),
    [
        (5.0, answering(600.0, 5.0)),
        (700.0, answering(600.0, 600.0)),
        (700.0, answering(5.0, 600.0)),
        (700.0, answering(20.0, 5.0)),
    ],
)
def test_a_page_is_not_blamed_for_what_also_happens_without_it(took_ms, change):
    assert kinds(scraped_run(took_ms, change)) == []


def test_a_spike_of_memory_is_told_from_growth():
    spiked = found(rss=lambda s: (940 if s in (20, 21) else 120) * MIB)
    assert kinds(spiked) == ["spike"]
    assert "memory rose to 940.0 MiB 20s into the load and was 120.0 MiB" in spiked.causes[0].what
    assert kinds(found(rss=lambda s: (120 + 20 * s) * MIB)) == []
    assert kinds(found(rss=lambda s: (940 if s > 20 else 120) * MIB)) == []


def test_a_page_that_grows_by_many_series_is_named():
    grown = [scrape(s + 0.1, series=4_000 + 2_000 * max(s - 6, 0)) for s in range(36)]
    records = healthy_run(PLAN)
    others = [r for r in records if type(r).__name__ != "ScrapeSample"]
    joined = sorted([*others[:-1], *grown], key=lambda record: record.t)
    (cause,) = analyse(PLAN, WALL_NS, [*joined, others[-1]]).causes
    assert cause.what == "the metrics page grew from 4,000 to 62,000 series in the flood"


def test_an_instance_that_answers_nothing_is_named_beside_one_that_answers_all():
    silent = [scrape(s + 0.2, ok=False, instance="b") for s in FLOOD]
    findings = found(silent, failing("timeout"))
    assert kinds(findings) == ["instance"]
    assert "instance b answered none of its 30 scrapes in the flood" in findings.limited_why
    assert kinds(found(silent, scrape_ok=lambda _: False)) == []


def standing(unchanged, change=lambda same: same):
    pages = [scrape(s + 0.1, unchanged=unchanged(s)) for s in range(36)]
    run = healthy_run(PLAN, change=lambda w: change(w) if w.phase == "flood" else w)
    others = [r for r in run if type(r).__name__ != "ScrapeSample"]
    joined = sorted([*others[:-1], *pages], key=lambda record: record.t)
    return analyse(PLAN, WALL_NS, [*joined, others[-1]]).causes


def test_a_page_that_stands_still_while_reports_are_accepted_is_named_with_its_moment():
    (cause,) = standing(lambda s: s >= 15)
    assert cause.kind == "frozen"
    assert cause.what.startswith("21 scrapes in a row from 15s into the load returned the same")


def test_a_page_that_is_the_same_now_and_then_does_not_stand_still():
    assert standing(lambda s: s % 3 != 0) == ()


def test_a_page_that_stood_still_while_nothing_was_accepted_may_be_right():
    def accepting_until(second):
        return lambda w: (
            window(w.second, w.phase, failed={"rejected": 100}) if w.second >= second else w
        )

    assert standing(lambda s: s >= 15, accepting_until(15)) == ()
    assert len(standing(lambda s: s >= 15, accepting_until(20))) == 1
