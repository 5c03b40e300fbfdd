"""The Plan's limits and aborts out of profile, options and what is shipped."""

import pytest
from resolving import REMOTE, loaded_profile, plan_of, problems_of

from qosflood.base.units import MINUTE, SECOND
from qosflood.plan.limit_language import parse_limit
from qosflood.plan.profile.files import load_profile

SHIPPED = [
    "errors < 0.1%",
    "offered >= 99%",
    "scrape.gap < 15s",
    "restarts == 0",
    "memory.leak == none",
    "loss == none",
]


def exprs(limits) -> list[str]:
    return [limit.expr for limit in limits]


def test_the_shipped_limits_hold_unless_somebody_says_otherwise():
    plan = plan_of()
    assert exprs(plan.limits) == SHIPPED
    assert {limit.named_by for limit in plan.limits} == {"shipped"}
    assert exprs(plan.aborts) == ["errors > 50% for 15s"]


def test_the_scrape_gap_allows_two_intervals_and_a_timeout():
    (gap,) = [limit for limit in plan_of(duration_ns=MINUTE).limits if limit.metric == "scrape.gap"]
    assert (gap.expr, gap.threshold) == ("scrape.gap < 3s", 3 * SECOND)


def test_without_scrapes_there_is_no_gap_to_limit():
    plan = plan_of(scrape_interval="off")
    assert "scrape.gap" not in {limit.metric for limit in plan.limits}


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("errors <= 1%", "errors < 0.1%"),
        ("errors == 0%", "errors < 0.1%"),
        ("offered > 95%", "offered >= 99%"),
        ("restarts <= 2", "restarts == 0"),
        ("scrape.gap < 1m", "scrape.gap < 15s"),
        ("loss == none", "loss == none"),
        ("recovery:errors < 1%", None),
        ("errors > 0%", None),
        ("response.p99 < 250ms", None),
    ],
)
@pytest.mark.parametrize("way", ["option", "profile"])
def test_a_users_limit_replaces_the_shipped_one_on_the_same_thing(way, text, replaced):
    if way == "option":
        plan, source = plan_of(limits=(text,)), "option --limit"
    else:
        loaded = loaded_profile(
            {"limits": {"expect": [text]}}, sources={"limits.expect": "profile soak.toml"}
        )
        plan, source = plan_of(loaded), "profile soak.toml"
    assert exprs(plan.limits) == [*(e for e in SHIPPED if e != replaced), text]
    assert plan.limits[-1] == parse_limit(text)
    assert plan.sources[f"limits.{text}"] == source


def test_the_command_lines_limit_replaces_the_profiles():
    plan = plan_of({"limits": {"expect": ["errors < 2%"]}}, limits=("errors < 3%",))
    assert exprs(plan.limits)[-1] == "errors < 3%"
    assert "errors < 2%" not in exprs(plan.limits)


def test_limits_of_a_shipped_profile_are_not_the_users():
    sources = {"limits.expect": "profile intercom"}
    document = {"limits": {"expect": ["errors < 2%"]}}
    shipped = plan_of(loaded_profile(document, shipped=True, sources=sources))
    assert shipped.limits[-1].named_by == "shipped"
    assigned = plan_of(load_profile("intercom", ["limits.expect=['errors < 2%']"]))
    assert assigned.limits[-1].named_by == "user"


def test_a_share_of_the_memory_is_resolved_into_bytes():
    plan = plan_of({"memory": {"limit": "1000B"}}, limits=("memory.max < 90%",))
    limit = plan.limits[-1]
    assert (limit.expr, limit.threshold, limit.unit) == ("memory.max < 90%", 900, "bytes")


def test_off_loopback_a_known_memory_limit_stops_the_run_in_time():
    memory = {"memory": {"limit": "1000B"}}
    abort = plan_of(memory, **REMOTE).aborts[-1]
    assert (abort.expr, abort.threshold, abort.unit) == ("memory.max > 90%", 900, "bytes")
    assert exprs(plan_of(memory).aborts) == ["errors > 50% for 15s"]


def test_a_share_of_a_limit_that_the_plan_does_not_know_waits_for_what_a_source_tells():
    abort = plan_of(**REMOTE).aborts[-1]
    assert (abort.expr, abort.threshold, abort.unit) == ("memory.max > 90%", 0.9, "ratio")
    limit = plan_of(limits=("memory.max < 90%",)).limits[-1]
    assert (limit.threshold, limit.unit) == (0.9, "ratio")


def test_a_profiles_abort_replaces_the_shipped_one():
    plan = plan_of({"limits": {"abort": ["errors > 5% for 3s", "response.max > 9s"]}})
    assert exprs(plan.aborts) == ["errors > 5% for 3s", "response.max > 9s"]
    assert {abort.named_by for abort in plan.aborts} == {"user"}


@pytest.mark.parametrize(
    ("document", "options", "line"),
    [
        (
            {},
            {"limits": ("eror < 1%",)},
            '--limit: got "eror < 1%", expected one of the metrics',
        ),
        (
            {"phases": {"recovery": "0s"}},
            {"limits": ("recovery:errors < 1%",)},
            "limit recovery:errors < 1%: got a phase this plan leaves out, "
            "expected one of baseline, ramp, flood, settle",
        ),
        (
            {},
            {"limits": ("scrape.p99 < 1s",), "scrape_interval": "off"},
            "limit scrape.p99 < 1s: needs scrapes, and scrape.interval is off",
        ),
    ],
)
def test_a_limit_that_could_never_be_judged_is_refused(document, options, line):
    (found,) = problems_of(document, **options)
    assert found.startswith(line)
