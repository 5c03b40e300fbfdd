"""A plan without load keeps what speaks of the target, and drops what speaks of a load."""

from dataclasses import replace

import pytest
from resolving import options_of, plan_of

from qosflood.base.errors import PlanError
from qosflood.base.units import HOUR, SECOND
from qosflood.plan.describe import describe
from qosflood.plan.without_load import as_watch, lifted
from qosflood.run.run import claim_directory, fill_planned

TARGET = "http://127.0.0.1:3000"
SHIPPED = {"scrape.gap", "restarts", "memory.leak"}


def watched(document=None, **options):
    options = {"target": TARGET, "duration_ns": HOUR} | options
    return as_watch(plan_of(document, **options))


def test_there_is_one_phase_of_the_asked_length_and_nobody_in_it():
    plan = watched()
    (phase,) = plan.phases
    assert (phase.name, phase.duration_ns, phase.clients_to, phase.rate) == ("watch", HOUR, 0, 0)
    assert plan.main_phase is phase
    assert (plan.floods, plan.load.shards, plan.load.rate, plan.share) == (False, 0, 0, 0.0)
    assert fill_planned(plan) is plan


def test_limits_speak_of_scrapes_memory_and_restarts_alone():
    plan = watched({"limits": {"expect": ["response.p99 < 250ms", "scrape.p99 < 100ms"]}})
    assert {limit.metric for limit in plan.limits} == SHIPPED | {"scrape.p99"}
    assert {limit.scope for limit in plan.limits} == {"watch", "run"}
    assert plan.aborts == ()


@pytest.mark.parametrize("text", ["errors < 1%", "recovery:scrape.gap < 5s", "loss == none"])
def test_a_limit_on_a_load_is_refused_where_it_was_typed(text):
    with pytest.raises(PlanError, match="expected a limit on scrapes, memory or restarts"):
        watched(limits=(text,))


def test_everything_that_only_a_load_has_is_left_out():
    storm = {"storms": [{"at": "1s"}], "retries": {"most": 3}}
    plan = watched(storm)
    assert (plan.storms, plan.retries.most, plan.sessions.lifetime) == ((), 0, "none")


def test_no_ceiling_keeps_a_watch_from_another_machine():
    options = options_of(target="http://198.51.100.7", duration_ns=100 * HOUR)
    document = {"run": {"rate": "900x"}, "peak": {"clients": 1000}}
    with pytest.raises(PlanError, match="--max-duration 4d4h raises that"):
        plan_of(document, options=options, addresses=("198.51.100.7",))
    plan = plan_of(document, options=lifted(options), addresses=("198.51.100.7",))
    assert as_watch(plan).main_phase.duration_ns == 100 * HOUR


def test_the_plan_says_that_nothing_is_sent():
    rows = {row.label: row.value for row in describe(watched(duration_ns=90 * SECOND))}
    assert rows["watch"] == "90s, nothing is sent"
    assert rows["target"] == TARGET
    assert not rows.keys() & {"load", "clients", "flood", "reports", "sessions", "abort"}


def test_its_folder_is_called_a_watch(tmp_path, monkeypatch):
    from datetime import UTC, datetime

    monkeypatch.chdir(tmp_path)
    path = claim_directory(replace(watched(), profile="soak"), datetime(2026, 1, 1, tzinfo=UTC))
    assert path.name == "20260101T000000Z-soak-watch"
