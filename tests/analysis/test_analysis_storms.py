"""Reconnect storms: the shards' words as one, and what happened to reports meanwhile."""

from plan_maker import make_plan
from record_maker import WALL_NS, at, healthy_run, window

from qosflood.analysis import analyse
from qosflood.base.units import SECOND
from qosflood.journal.records import Event

PLAN = make_plan(load={"shards": 1})


def told(kind: str, t_s: float, *, shard: int = 0, storm: int = 0, **more: int) -> Event:
    evidence = {"storm": storm, "shard": shard, "dropped": 50, "connected": 100, "seconds": 0.1}
    return Event(t=at(t_s), who="operator", kind=kind, what=kind, evidence=evidence | more)


def entries(*events: Event, change=None):
    records = healthy_run(PLAN, extra=list(events), **({"change": change} if change else {}))
    timeline = analyse(PLAN, WALL_NS, records).timeline
    return [entry for entry in timeline if entry.kind.startswith("storm")]


def test_a_run_without_storms_tells_of_none():
    assert entries() == []


def test_what_shards_saw_of_a_storm_is_told_once():
    began, over = entries(
        told("storm", 8.0),
        told("storm", 8.1, shard=1),
        told("storm_over", 9.0, shard=1, back=50),
        told("storm_over", 9.5, back=50),
    )
    assert began.what == "reconnect storm: 100 of 200 connections dropped"
    assert began.t_s == 8.0
    assert over.what == "reconnect storm: all 100 clients reconnected within 1.5s"
    assert (over.evidence["dropped"], over.evidence["back"]) == (100, 100)
    assert over.evidence["took_s"] == 1.5


def test_who_was_not_back_by_the_end_is_told():
    over = entries(told("storm", 8.0), told("storm_over", 20.0, back=36))[1]
    assert over.what == (
        "reconnect storm: 14 of 50 clients had not reconnected when they left or the load ended"
    )


def test_a_shard_that_fell_silent_leaves_its_clients_unknown():
    over = entries(
        told("storm", 8.0), told("storm", 8.0, shard=1), told("storm_over", 9.0, back=50)
    )[1]
    assert over.what == (
        "reconnect storm: whether 50 of 100 clients reconnected is unknown, "
        "a shard stopped reporting"
    )


def test_several_storms_are_told_apart_and_in_order():
    told_of = entries(
        told("storm", 8.0),
        told("storm", 10.0, storm=1, dropped=7),
        told("storm_over", 12.0, back=50),
        told("storm_over", 11.0, storm=1, dropped=7, back=7),
    )
    assert [entry.t_s for entry in told_of] == [8.0, 10.0, 11.0, 12.0]
    assert "7 clients reconnected within 1s" in told_of[2].what


def test_the_seconds_of_a_storm_say_what_reports_met():
    def change(same):
        if same.second not in (8, 9):
            return same
        return window(same.second, same.phase, failed={"timeout": 3}, reconnects=25)

    over = entries(told("storm", 8.2), told("storm_over", 9.8, back=50), change=change)[1]
    assert (over.evidence["errors"], over.evidence["reconnects"]) == (6, 50)
    slowest, before = (over.evidence[f"response_max_ms{end}"] for end in ("", "_before"))
    assert slowest > before > 0
    assert slowest * 1e6 >= PLAN.load.timeout_ns == 10 * SECOND
