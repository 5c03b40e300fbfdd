"""The Plan out of profile and options: watching, sources, and the whole."""

import orjson
import pytest
from resolving import REMOTE, loaded_profile, plan_of, problems_of

from qosflood.base.units import HOUR, MINUTE, SECOND, Rate
from qosflood.plan.plan import plan_from_builtins
from qosflood.plan.profile.files import load_profile


@pytest.mark.parametrize(
    ("flood_ns", "scrape", "option", "times"),
    [
        (2 * MINUTE, {}, None, (5 * SECOND, 5 * SECOND)),
        (2 * MINUTE - 1, {}, None, (SECOND, SECOND)),
        (HOUR, {"interval": "15s"}, None, (15 * SECOND, 5 * SECOND)),
        (HOUR, {"interval": "2s"}, None, (2 * SECOND, 2 * SECOND)),
        (HOUR, {"interval": "15s", "timeout": "10s"}, None, (15 * SECOND, 10 * SECOND)),
        (HOUR, {"interval": "15s", "timeout": "10s"}, "1s", (SECOND, SECOND)),
        (HOUR, {"interval": "15s"}, "off", (None, 5 * SECOND)),
        (HOUR, {"interval": "off"}, "3s", (3 * SECOND, 3 * SECOND)),
    ],
)
def test_scrapes_have_prometheus_times_and_a_timeout_within_them(flood_ns, scrape, option, times):
    watch = plan_of({"scrape": scrape}, duration_ns=flood_ns, scrape_interval=option).watch
    assert (watch.interval_ns, watch.timeout_ns) == times


@pytest.mark.parametrize(
    ("asked", "url"),
    [
        (None, "http://127.0.0.1:3000/api/metrics"),
        ("http://127.0.0.1:9100", "http://127.0.0.1:9100/metrics"),
        ("http://127.0.0.1:9100/", "http://127.0.0.1:9100/"),
        ("http://127.0.0.1:9100/a/?b=c", "http://127.0.0.1:9100/a/?b=c"),
    ],
)
def test_the_scrape_is_below_the_target_or_where_it_is_said(asked, url):
    plan = plan_of(target="http://127.0.0.1:3000/api", scrape=asked)
    assert plan.watch.scrape_url == url


def test_a_scrape_interval_of_nothing_is_refused():
    assert problems_of(scrape_interval="0s") == [
        '--scrape-interval: got "0s", expected more than 0s, e.g. 5s'
    ]
    assert problems_of(scrape_interval="1us") == [
        "--scrape-interval: got 1us, expected 1ms to 366d, e.g. 5s"
    ]


def test_what_is_known_of_the_memory_is_passed_on():
    watch = plan_of(
        {"memory": {"limit": "1GiB", "block": "5s", "gauge": "heap_bytes"}},
        target="http://127.0.0.1:1",
        pid=42,
    ).watch
    assert (watch.pid, watch.gauge) == (42, "heap_bytes")
    assert (watch.memory_limit_bytes, watch.memory_block_ns) == (1 << 30, 5 * SECOND)


def test_all_problems_are_told_at_once():
    lines = problems_of(
        {"phases": {"ramp": "0s"}},
        clients=0,
        timeout="1us",
        duration="1us",
        limits=("nonsense", "ramp:errors < 1%"),
        headers=("Host=env:X",),
    )
    assert [line.partition(":")[0] for line in lines] == [
        "--duration",
        "--clients",
        "--timeout",
        "--header",
        "--limit",
        "limit ramp",
    ]


def test_all_options_that_cannot_be_read_are_told_at_once():
    lines = problems_of(
        target="ftp://x",
        timeout="0s",
        rate="fast",
        pid="nginx",
        limits=("nonsense",),
        headers=("Host=env:X",),
        prometheus_headers=("x",),
        allow=("a b",),
    )
    assert sorted(line.partition(":")[0] for line in lines) == [
        "--allow-target",
        "--header",
        "--limit",
        "--pid",
        "--prometheus-header",
        "--rate",
        "--target",
        "--timeout",
    ]


def test_a_problem_is_named_after_where_the_value_was_written():
    sources = {"peak.interval": "profile soak.toml"}
    loaded = loaded_profile({"peak": {"interval": "500us"}}, sources=sources)
    named = "expected 1ms to 366d, e.g. 5s"
    assert problems_of(loaded) == [f"profile soak.toml: peak.interval: got 500us, {named}"]
    assert problems_of(timeout_ns=1, variables=("timeout_ns",)) == [
        "QOSFLOOD_RUN_TIMEOUT: got 0us, expected 1ms to 366d, e.g. 5s"
    ]
    assigned = load_profile("intercom", ["peak.interval=500us"])
    assert problems_of(assigned) == [f"--set peak.interval: got 500us, {named}"]


def test_lists_from_the_environment_are_named_after_it():
    variables = ("headers", "limits", "allow")
    lines = problems_of(headers=("x",), limits=("x",), allow=("",), variables=variables)
    assert [line.partition(":")[0] for line in lines] == [
        "QOSFLOOD_RUN_HEADER",
        "QOSFLOOD_RUN_LIMIT",
        "QOSFLOOD_RUN_ALLOW_TARGET",
    ]


def test_every_value_has_its_source():
    loaded = load_profile("intercom", ["report.jitter=0.5"])
    plan = plan_of(
        loaded,
        rate=Rate(multiple=2.0),
        peak="10@1s",
        clients=7,
        headers=("A=env:A",),
        timeout_ns=SECOND,
        variables=("rate",),
    )
    expected = {
        "run.rate": "environment QOSFLOOD_RUN_RATE",
        "run.duration": "profile intercom",
        "peak.clients": "option --peak",
        "peak.interval": "option --peak",
        "load.clients": "option --clients",
        "target.headers": "option --header",
        "report.timeout": "option --timeout",
        "report.jitter": "option --set",
        "load.seed": "drawn for this run",
        "phases.ramp": "shipped default",
        "limits.errors < 0.1%": "shipped default",
    }
    assert {key: plan.sources[key] for key in expected} == expected


def test_the_seed_is_the_options_then_the_profiles_then_the_one_drawn():
    profile = {"load": {"seed": 5}}
    assert plan_of().seed == 77
    assert plan_of(profile).seed == 5
    assert plan_of(profile, seed=0).seed == 0


def test_a_plan_survives_its_journey_through_json():
    plan = plan_of(
        {"memory": {"limit": "1GiB"}}, **REMOTE, headers=("A=env:A",), limits=("loss == none",)
    )
    assert plan_from_builtins(orjson.loads(orjson.dumps(plan))) == plan


def test_the_same_question_gets_the_same_plan():
    assert plan_of(rate=Rate(multiple=3.0)) == plan_of(rate=Rate(multiple=3.0))


def test_a_plan_knows_who_asked():
    plan = plan_of()
    assert (plan.version, plan.run_id, plan.profile) == ("1.2.3", "r1", "soak")
