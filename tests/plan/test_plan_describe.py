"""A plan in words."""

from dataclasses import replace

from resolving import plan_of

from qosflood.base.units import MINUTE, SECOND, Rate
from qosflood.plan.describe import describe
from qosflood.plan.plan import Plan
from qosflood.plan.profile.files import load_profile
from qosflood.plan.profile.target import with_target_port


def rows(plan: Plan) -> dict[str, tuple[str, str]]:
    return {row.label: (row.value, row.source) for row in describe(plan)}


def test_the_totals_lead_with_absolute_figures():
    plan = plan_of(load_profile("intercom"), rate=Rate(multiple=10.0))
    said = rows(plan)
    assert next(iter(said)) == "load"
    assert said["load"] == (
        "5,000 clients, 1,000 reports/s (10x of a peak of 100 reports/s, 500 clients), a report "
        "every 5s",
        "option --rate",
    )
    assert said["1x"][0] == "500 clients, a report every 5s: 100 reports/s"
    assert said["reports"][0] == "945,000"
    assert said["sessions"][0].startswith(
        "more sessions than the 5,000 clients; exponential lifetimes of"
    )
    assert said["finish"][0] == "after 18m30s, and at most 10s more to drain"


def test_sessions_that_live_as_long_as_the_run_are_as_many_as_places():
    said = rows(plan_of({"sessions": {"lifetime": "0s"}}))
    assert said["sessions"][0] == "5,000 distinct sessions"


def test_each_phase_says_what_it_does():
    said = rows(plan_of(rate=Rate(multiple=10.0), duration_ns=5 * MINUTE))
    assert said["ramp"][0] == "20s, 500 to 5,000 clients, 100 to 1,000 reports/s"
    assert said["flood"] == ("5m, 5,000 clients, 1,000 reports/s", "option --duration")
    assert said["settle"][0] == "10s, no load"


def test_a_rate_that_changes_with_the_cadence_is_shown_too():
    said = rows(plan_of({"peak": {"scale": "cadence"}}, rate=Rate(multiple=10.0)))
    assert said["ramp"][0] == "1m, 500 clients, 100 to 1,000 reports/s"
    assert said["reports"][0] == "945,000"


def test_the_schedules_own_count_comes_before_the_estimate():
    plan = plan_of()
    counted = replace(plan, phases=tuple(replace(phase, planned=10) for phase in plan.phases))
    assert rows(counted)["reports"][0] == "50"


def test_clients_and_rate_together_name_both_sources():
    assert rows(plan_of(clients=7))["load"][1] == "option --clients"
    both = rows(plan_of(clients=700, rate=Rate(multiple=10.0)))
    assert both["load"][1] == "option --clients, option --rate"


def test_the_embedded_collectors_port_is_not_shown_before_it_is_known():
    said = rows(plan_of())
    assert said["target"][0] == "the embedded collector"
    assert said["scrape"][0] == "/metrics of the embedded collector every 5s, timeout 5s"
    assert said["memory"][0] == "the embedded collector's process every 1s, no limit known"
    later = rows(with_target_port(plan_of(), 8123))
    assert later["scrape"][0] == "http://127.0.0.1:8123/metrics every 5s, timeout 5s"


def test_a_target_is_shown_with_its_pinned_addresses():
    said = rows(plan_of(target="https://qos.example.com", addresses=("203.0.113.7",)))
    assert said["target"] == ("https://qos.example.com at 203.0.113.7", "option --target")
    assert rows(plan_of(target="http://127.0.0.1:1"))["target"][0] == "http://127.0.0.1:1"


def test_a_secret_is_shown_as_stars_and_by_its_place():
    said = rows(plan_of(headers=("Authorization=env:TOKEN",)))
    assert said["header"] == ("Authorization: *** (from env:TOKEN)", "option --header")


def test_what_is_unusual_about_tls_is_shown():
    assert rows(plan_of(insecure=True))["tls"][0] == "certificate not verified"
    assert rows(plan_of(cacert="ca.pem"))["tls"] == ("trusts ca.pem", "option --cacert")
    assert "tls" not in rows(plan_of())


def test_every_limit_has_a_row_with_its_source():
    plan = plan_of(limits=("response.p99 < 250ms",), timeout_ns=SECOND)
    limits = [row for row in describe(plan) if row.label == "limit"]
    assert [row.value for row in limits] == [limit.expr for limit in plan.limits]
    assert limits[-1].source == "option --limit"
    assert [row.value for row in describe(plan) if row.label == "abort"] == ["errors > 50% for 15s"]


def test_the_bytes_up_are_those_of_the_reports_once_that_is_known():
    plan = plan_of(rate=Rate(multiple=10.0))
    known = replace(plan, report=replace(plan.report, bytes_mean=2048))
    assert rows(known)["reports"][0] == "945,000, about 1.8 GiB sent, 2.0 KiB each"


def test_a_body_of_ones_own_and_constant_headers_are_told():
    report = {
        "body": {"a": "$session.id", "b": ["$counter.n", "${session.id}!"]},
        "counters": {"n": {"per_report": 1}},
        "headers": {"X-Tenant": "studio 3"},
        "query": {"source": "web rtc", "v": 2},
        "gzip": True,
    }
    said = rows(plan_of({"report": report}))
    assert said["body"][0] == "3 places filled from 2 sources, 1 counter among them, gzip"
    assert said["header"][0] == "X-Tenant: studio 3"
    assert said["report"][0].startswith("POST /api/v1/metrics/qos?source=web%20rtc&v=2, expects")
    assert "body" not in rows(plan_of())


def test_a_certificate_is_shown_by_its_files_alone():
    said = rows(
        plan_of(
            {"target": {"tls_resume": False}},
            target="https://qos.example.com",
            addresses=("203.0.113.7", "2001:db8::7"),
            cert="client.pem",
            key="client.key",
            key_password="env:SESAME",
        )
    )
    assert said["certificate"] == ("client.pem, key client.key", "option --cert")
    assert said["target"][0] == "https://qos.example.com at 203.0.113.7, 2001:db8::7"
    assert said["tls"][0] == "every connection makes a full handshake"


def test_one_client_is_no_plural():
    said = rows(plan_of({"peak": {"clients": 1}, "sessions": {"lifetime": "0s"}}, clients=1))
    assert said["load"][0].startswith("1 client, ")
    assert said["1x"][0].startswith("1 client, ")
    assert said["flood"][0].startswith("15m, 1 client, ")
    assert said["sessions"][0] == "1 distinct session"


def test_how_sessions_begin_and_end_is_said_where_it_differs():
    lives = {"lifetime": "0s", "startup_interval": "1s", "final_report": True}
    said = rows(plan_of({"sessions": lives}))
    assert said["sessions"][0] == (
        "5,000 distinct sessions; a report every 1s in their first 10s; a final report"
    )
