"""The Plan out of profile and options: target, watching, limits, ceilings, sources."""

import orjson
import pytest
from resolving import loaded_profile, plan_of

from qosflood.errors import PlanError
from qosflood.header_ref import HeaderRef
from qosflood.limits import parse_limit
from qosflood.plan import plan_from_builtins
from qosflood.profile.load import load_profile
from qosflood.resolve import (
    Options,
    Peak,
    allowed_targets,
    needs_consent,
    wanted_endpoint,
    with_target_port,
)
from qosflood.units import HOUR, MINUTE, SECOND, Rate

REMOTE = {"target": "https://qos.example.com", "addresses": ("203.0.113.7",)}


def problems_of(document=None, **options) -> list[str]:
    with pytest.raises(PlanError) as caught:
        plan_of(document, **options)
    return str(caught.value).splitlines()


def exprs(limits) -> list[str]:
    return [limit.expr for limit in limits]


# -- target


def test_without_a_target_the_embedded_collector_is_flooded():
    target = plan_of().target
    assert (target.embedded, target.loopback, target.addresses) == (True, True, ("127.0.0.1",))
    assert (target.scheme, target.host, target.base_path) == ("http", "127.0.0.1", "")


def test_the_embedded_collectors_port_is_filled_in_when_it_is_known():
    plan = with_target_port(plan_of(), 8123)
    assert (plan.target.url, plan.target.port) == ("http://127.0.0.1:8123", 8123)
    assert plan.target.netloc == "127.0.0.1:8123"
    assert plan.watch.scrape_url == "http://127.0.0.1:8123/metrics"


def test_a_scrape_url_of_ones_own_survives_the_embedded_collectors_port():
    plan = with_target_port(plan_of(scrape="http://127.0.0.1:9100/metrics"), 8123)
    assert plan.watch.scrape_url == "http://127.0.0.1:9100/metrics"


def test_a_targets_parts_and_addresses_are_pinned():
    plan = plan_of(
        target="https://QOS.example.com:8443/base/", addresses=("203.0.113.7", "203.0.113.8")
    )
    target = plan.target
    assert (target.url, target.scheme, target.host, target.port, target.base_path) == (
        "https://qos.example.com:8443/base",
        "https",
        "qos.example.com",
        8443,
        "/base",
    )
    assert target.addresses == ("203.0.113.7", "203.0.113.8")
    assert (target.embedded, target.loopback) == (False, False)
    assert plan.watch.scrape_url == "https://qos.example.com:8443/base/metrics"


def test_an_address_needs_no_lookup():
    target = plan_of(target="http://[::1]:3000").target
    assert (target.addresses, target.loopback, target.netloc) == (("::1",), True, "[::1]:3000")


def test_a_name_is_loopback_only_if_all_its_addresses_are():
    mixed = plan_of(target="http://localhost", addresses=("127.0.0.1", "203.0.113.7"))
    local = plan_of(target="http://localhost", addresses=("127.0.0.1", "::1"))
    assert (mixed.target.loopback, local.target.loopback) == (False, True)


def test_the_option_comes_before_the_profiles_target():
    profile = {"target": {"url": "http://127.0.0.1:1"}}
    assert plan_of(profile).target.port == 1
    assert plan_of(profile, target="http://127.0.0.1:2").target.port == 2


def test_the_wanted_endpoint_is_known_before_anything_is_resolved():
    loaded = loaded_profile({"target": {"url": "http://qos.example.com:81"}})
    assert wanted_endpoint(loaded_profile(), Options()) is None
    assert wanted_endpoint(loaded, Options()).port == 81
    assert wanted_endpoint(loaded, Options(target="http://h:82")).port == 82
    with pytest.raises(PlanError, match='--target: got "h", expected a URL'):
        wanted_endpoint(loaded, Options(target="h"))


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (
            {"target": "qos"},
            '--target: got "qos", expected a URL that starts with http:// or https://, '
            "e.g. http://127.0.0.1:3000",
        ),
        (
            {"target": "http://me:hunter2@qos"},
            "--target: got a URL with a user name or password in it, expected none: "
            "give it with --header 'Authorization=env:VAR'",
        ),
        (
            {"target": "http://qos"},
            "--target: got no address for qos, expected one to flood",
        ),
        (
            {"scrape": "9100"},
            '--scrape: got "9100", expected a URL that starts with http:// or https://, '
            "e.g. http://127.0.0.1:3000",
        ),
        ({"pid": 7}, "--pid: got no target to go with it, expected --target URL too"),
        (
            {"headers": ("Authorization=hunter2",)},
            "--header: got a literal value, expected env:VAR or file:PATH, so that no secret is "
            "written down, e.g. env:QOSFLOOD_TOKEN",
        ),
        (
            {"headers": ("A=env:A", "a=env:B")},
            "--header: got a twice, expected each header once",
        ),
        (
            {"allow": ("a b",)},
            '--allow-target: got "a b", expected HOST or HOST:PORT, e.g. qos.example.com:443',
        ),
    ],
)
def test_a_target_that_makes_no_sense_is_answered_in_one_line(options, line):
    assert problems_of(**options) == [line]


def test_headers_of_the_command_line_replace_the_profiles_of_the_same_name():
    profile = {"target": {"headers": {"Authorization": "env:OLD", "X-Env": "env:X"}}}
    plan = plan_of(profile, headers=("authorization=file:/run/token",))
    assert plan.target.headers == (
        HeaderRef(name="authorization", source="file:/run/token"),
        HeaderRef(name="X-Env", source="env:X"),
    )


# -- consent and ceilings


@pytest.mark.parametrize(
    ("target", "addresses", "allow", "asks_for"),
    [
        ("http://127.0.0.1:3000", (), (), None),
        ("https://qos.example.com", ("203.0.113.7",), (), "qos.example.com:443"),
        ("https://qos.example.com", ("203.0.113.7",), ("qos.example.com",), None),
        ("https://qos.example.com", ("203.0.113.7",), ("qos.example.com:443",), None),
        (
            "https://qos.example.com",
            ("203.0.113.7",),
            ("qos.example.com:80", "example.com"),
            "qos.example.com:443",
        ),
        ("http://[2001:db8::1]:81", (), (), "[2001:db8::1]:81"),
        ("http://localhost", ("127.0.0.1", "203.0.113.7"), (), "localhost:80"),
    ],
)
def test_a_target_off_loopback_needs_consent(target, addresses, allow, asks_for):
    assert needs_consent(plan_of(target=target, addresses=addresses), allow) == asks_for


def test_consent_comes_from_the_command_line_and_from_the_profile():
    loaded = loaded_profile({"target": {"allow": ["B:81"]}})
    assert allowed_targets(loaded, Options(allow=("a",))) == ("a", "b:81")


def test_ceilings_hold_off_loopback():
    options = {"rate": Rate(per_second=60_000.0), "duration_ns": 25 * HOUR}
    assert problems_of(**REMOTE, **options) == [
        "--rate: got 60,000 reports/s, expected at most 50,000 off loopback; "
        "--max-rate 60000/s raises that",
        "--duration: got 1d1h, expected at most 1d off loopback; --max-duration 1d1h raises that",
    ]
    assert plan_of(**options).load.rate == 60_000.0


def test_ceilings_are_raised_on_purpose():
    plan = plan_of(
        **REMOTE,
        rate=Rate(per_second=60_000.0),
        duration_ns=25 * HOUR,
        max_rate=60_000.0,
        max_duration_ns=25 * HOUR,
    )
    assert plan.load.rate == 60_000.0


# -- watching


@pytest.mark.parametrize(
    ("flood_ns", "scrape", "option", "times"),
    [
        (2 * MINUTE, {}, None, (5 * SECOND, 5 * SECOND)),
        (2 * MINUTE - 1, {}, None, (SECOND, SECOND)),
        (HOUR, {"interval": "15s"}, None, (15 * SECOND, 5 * SECOND)),
        (HOUR, {"interval": "2s"}, None, (2 * SECOND, 2 * SECOND)),
        (HOUR, {"interval": "15s", "timeout": "10s"}, None, (15 * SECOND, 10 * SECOND)),
        (HOUR, {"interval": "15s", "timeout": "10s"}, SECOND, (SECOND, SECOND)),
        (HOUR, {"interval": "15s"}, "off", (None, 5 * SECOND)),
        (HOUR, {"interval": "off"}, 3 * SECOND, (3 * SECOND, 3 * SECOND)),
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
    assert problems_of(scrape_interval=0) == [
        "--scrape-interval: got 0s, expected 1ms to 366d, e.g. 5s"
    ]


def test_what_is_known_of_the_memory_is_passed_on():
    watch = plan_of(
        {"memory": {"limit": "1GiB", "block": "5s", "gauge": "heap_bytes"}},
        target="http://127.0.0.1:1",
        pid=42,
    ).watch
    assert (watch.pid, watch.gauge) == (42, "heap_bytes")
    assert (watch.memory_limit_bytes, watch.memory_block_ns) == (1 << 30, 5 * SECOND)


# -- limits

SHIPPED = [
    "errors < 0.1%",
    "offered >= 99%",
    "scrape.gap < 15s",
    "restarts == 0",
    "memory.leak == none",
    "loss == none",
]


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


# -- the whole


def test_all_problems_are_told_at_once():
    lines = problems_of(
        {"phases": {"ramp": "0s"}},
        target="ftp://x",
        clients=0,
        timeout_ns=0,
        duration_ns=0,
        limits=("nonsense", "ramp:errors < 1%"),
        headers=("Host=env:X",),
    )
    assert [line.partition(":")[0] for line in lines] == [
        "--duration",
        "--clients",
        "--timeout",
        "--target",
        "--header",
        "--limit",
        "limit ramp",
    ]


def test_a_problem_is_named_after_where_the_value_was_written():
    sources = {"peak.interval": "profile soak.toml"}
    loaded = loaded_profile({"peak": {"interval": "500us"}}, sources=sources)
    named = "expected 1ms to 366d, e.g. 5s"
    assert problems_of(loaded) == [f"profile soak.toml: peak.interval: got 500us, {named}"]
    environment = {"timeout": "environment QOSFLOOD_RUN_TIMEOUT"}
    assert problems_of(timeout_ns=1, sources=environment) == [
        "QOSFLOOD_RUN_TIMEOUT: got 0us, expected 1ms to 366d, e.g. 5s"
    ]
    assigned = load_profile("intercom", ["peak.interval=500us"])
    assert problems_of(assigned) == [f"--set peak.interval: got 500us, {named}"]


def test_lists_from_the_environment_are_named_after_it():
    sources = {
        "headers": "environment QOSFLOOD_RUN_HEADER",
        "limits": "environment QOSFLOOD_RUN_LIMIT",
        "allow": "environment QOSFLOOD_RUN_ALLOW_TARGET",
    }
    lines = problems_of(headers=("x",), limits=("x",), allow=("",), sources=sources)
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
        peak=Peak(10, SECOND),
        clients=7,
        headers=("A=env:A",),
        timeout_ns=SECOND,
        sources={"rate": "environment QOSFLOOD_RUN_RATE"},
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
