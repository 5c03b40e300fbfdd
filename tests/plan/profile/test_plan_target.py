"""The Plan's target out of profile and options: where it is, who allows it, how far it may go."""

import pytest
from resolving import REMOTE, loaded_profile, options_of, plan_of, problems_of

from qosflood.base.endpoint import HeaderRef
from qosflood.base.errors import PlanError
from qosflood.base.units import HOUR, Rate
from qosflood.plan.options import Options
from qosflood.plan.profile.target import needs_consent, wanted_endpoint, with_target_port
from qosflood.plan.resolve import allowed_targets, with_options


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


def wanted(loaded, **options):
    return wanted_endpoint(with_options(loaded, options_of(**options)).profile.target)


def test_the_wanted_endpoint_is_known_before_anything_is_resolved():
    loaded = loaded_profile({"target": {"url": "http://qos.example.com:81"}})
    assert wanted(loaded_profile()) is None
    assert wanted(loaded).port == 81
    assert wanted(loaded, target="http://h:82").port == 82
    with pytest.raises(PlanError, match='--target: got "h", expected a URL'):
        wanted(loaded, target="h")


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


def test_a_ceiling_counts_what_may_be_sent_with_every_retry():
    asked = {**REMOTE, "rate": Rate(per_second=200.0)}
    retrying = {"retries": {"most": 100}}
    assert problems_of(retrying, **asked, max_rate="20000/s") == [
        "--rate: got 200 reports/s, 20,200 requests/s with 100 retries of each, expected at most "
        "20,000 off loopback; --max-rate 20200/s raises that"
    ]
    assert plan_of(retrying, **asked, max_rate="20200/s").load.rate == 200.0


def test_a_ceiling_holds_for_the_base_load_too():
    asked = {**REMOTE, "rate": Rate(multiple=0.5), "clients": 100_000}
    assert "expected at most 10 off loopback" in problems_of(**asked, max_rate="10/s")[0]


def test_ceilings_are_raised_on_purpose():
    plan = plan_of(
        **REMOTE,
        rate=Rate(per_second=60_000.0),
        duration_ns=25 * HOUR,
        max_rate="60000/s",
        max_duration_ns=25 * HOUR,
    )
    assert plan.load.rate == 60_000.0
