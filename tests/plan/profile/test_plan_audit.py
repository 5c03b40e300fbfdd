"""Where a plan has accepted reports looked for, and in which sessions."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plan_maker import make_plan
from resolving import plan_of

from qosflood.base.endpoint import HeaderRef
from qosflood.base.errors import PlanError
from qosflood.base.units import SECOND
from qosflood.plan.describe import describe
from qosflood.plan.plan import Part
from qosflood.plan.readback import Sampled, alive, looks, looks_itself, sampled, sources, why_unread
from qosflood.plan.watching import Audit, Instance

REMOTE = {"target": {"url": "http://qos.example.com"}}
FAR = {"addresses": ("198.18.0.1",)}
OTHER_BODY = {"report": {"body": {"id": "$session.id", "at": "$clock.epoch_ms"}}}


def audited(plan, **changes):
    return replace(plan, audit=replace(plan.audit, **changes))


def problem(document, **options):
    with pytest.raises(PlanError) as refused:
        plan_of(document, **options)
    return str(refused.value)


def test_the_references_own_snapshot_is_read_back_on_loopback():
    audit = plan_of().audit
    assert (audit.readback, audit.asked) == ("/api/v1/metrics/qos", False)


@pytest.mark.parametrize(
    ("document", "options", "why"),
    [
        (REMOTE, FAR, "off loopback only with --audit"),
        ({"audit": {"readback": "off"}}, {}, "audit.readback is off"),
        (OTHER_BODY, {}, "reports are not those of the reference API; name audit.readback"),
        (
            {"report": {"body": {"a": "b"}}},
            {},
            "report.body does not name $session.id and $clock.epoch_ms",
        ),
        (
            {"report": {"connection": "pooled:4"}},
            {},
            "reports of one session may overtake each other on shared connections",
        ),
        (
            {
                "instance": [
                    {"name": "a", "scrape": "http://127.0.0.1:1/"},
                    {"name": "b", "scrape": "http://127.0.0.1:2/"},
                ]
            },
            {},
            "several instances share an address, and none names a readback",
        ),
    ],
)
def test_elsewhere_nothing_is_read_back_unless_it_is_asked_for(document, options, why):
    plan = plan_of(document, **options)
    assert (plan.audit.readback, plan.audit.why) == (None, why)
    assert sources(plan) == []
    assert sampled(plan) == []


@pytest.mark.parametrize(
    ("document", "options", "readback"),
    [
        (REMOTE, FAR | {"audit": True}, "/api/v1/metrics/qos"),
        (REMOTE | {"audit": {"readback": "/held"}}, FAR, "/held"),
        ({"audit": {"readback": "http://127.0.0.1:9/x?a=1"}}, {}, "http://127.0.0.1:9/x?a=1"),
        (OTHER_BODY | {"audit": {"readback": "/held"}}, {}, "/held"),
        ({"audit": {"readback": "off"}}, {"audit": True}, "/api/v1/metrics/qos"),
    ],
)
def test_what_is_asked_for_is_read_anywhere(document, options, readback):
    audit = plan_of(document, **options).audit
    assert (audit.readback, audit.asked) == (readback, True)


def test_what_could_tell_nothing_is_refused_if_it_is_asked_for():
    assert problem({"report": {"connection": "pooled:4"}}, audit=True) == (
        "audit.readback: cannot prove anything: reports of one session may overtake each other on "
        "shared connections; expected off"
    )
    both = {"audit": {"counter": "a_total", "gauge": "b"}}
    assert problem(both) == (
        "audit.gauge: got b together with counter a_total, expected one of the two"
    )


def test_a_counter_is_not_read_where_scrapes_are_off():
    document = {"audit": {"counter": "a_total", "labels": {"route": "/qos"}}}
    assert plan_of(document).audit.metric == "a_total"
    assert plan_of(document).audit.labels == (("route", "/qos"),)
    unread = plan_of(
        document | {"audit": {"counter": "a", "readback": "off"}}, scrape_interval="off"
    )
    assert unread.audit.metric is None
    assert "scrape.interval is off" in unread.audit.why


def test_keys_with_dots_lead_into_objects_and_a_dot_is_the_answer_itself():
    audit = plan_of({"audit": {"samples": ".", "session": "a.b", "observed": "c"}}).audit
    assert (audit.samples, audit.session, audit.observed) == ((), ("a", "b"), ("c",))


@pytest.mark.parametrize(
    ("key", "value"),
    [("counter", "a-b"), ("readback", "held"), ("session", "a..b"), ("sessions", 0), ("labels", 3)],
)
def test_what_cannot_be_is_refused_by_its_name(key, value):
    with pytest.raises(ValueError, match=key):
        plan_of({"audit": {key: value}})


def test_a_plan_tells_how_it_audits():
    rows = [
        row for row in describe(plan_of({"audit": {"counter": "a_total"}})) if row.label == "audit"
    ]
    assert [row.value for row in rows] == [
        "counter a_total before and after",
        "500 sessions read back after the run from /api/v1/metrics/qos, if it lists them",
    ]


def test_snapshots_are_the_instances_own_where_they_name_one():
    token = (HeaderRef(name="A", source="env:A"),)
    one = Instance(name="a", scrape_url="http://10.0.0.1:9/m", headers=token, readback="/held")
    two = Instance(name="b", scrape_url="http://10.0.0.2:9/m", readback="http://10.0.0.3/x")
    plan = make_plan(instances=(one, two), audit=Audit(readback="/unused"))
    assert [(source.instance, source.url, source.headers) for source in sources(plan)] == [
        ("a", "http://10.0.0.1:9/held", token),
        ("b", "http://10.0.0.3/x", ()),
    ]


def test_the_address_that_several_instances_share_is_not_read():
    two = tuple(Instance(name=f"i{n}", scrape_url=f"http://10.0.0.{n}:9/m") for n in (1, 2))
    shared = make_plan(instances=two, audit=Audit(readback="/held"))
    assert (sources(shared), sampled(shared)) == ([], [])
    assert why_unread(shared) == "several instances share an address, and none names a readback"
    same = make_plan(instances=two, audit=Audit(readback="http://127.0.0.1:8080/held"))
    assert sources(same) == []
    elsewhere = make_plan(instances=two, audit=Audit(readback="http://10.0.0.9/held"))
    assert [source.url for source in sources(elsewhere)] == ["http://10.0.0.9/held"]
    assert why_unread(elsewhere) == why_unread(make_plan()) == ""


def test_the_flood_is_looked_at_five_times_after_the_baseline_by_a_run_of_one_part():
    plan = make_plan(audit=Audit(readback="/held"))  # 3s, 3s, and a flood of 10s
    seconds = [moment / SECOND for moment in looks(plan)]
    assert seconds == pytest.approx([1.5, 7, 9, 11, 13, 15])
    assert looks(make_plan()) == []
    assert looks(replace(plan, part=Part(index=1, of=2, start_at_ns=0))) == []
    unprepared = tuple(phase for phase in plan.phases if phase.name != "baseline")
    assert looks(replace(plan, phases=unprepared)) == []


TARGETS = (HeaderRef(name="A", source="env:TARGETS"),)
NAMED = (HeaderRef(name="A", source="env:NAMED"),)


@pytest.mark.parametrize(
    ("page", "headers", "readback", "sent"),
    [
        ("http://127.0.0.1:8080/m", TARGETS, "/held", TARGETS),
        ("http://127.0.0.1:8080/m", TARGETS, "http://10.0.0.3/held", ()),
        ("http://10.0.0.1:9/m", (), "http://127.0.0.1:8080/held", TARGETS),
        ("http://10.0.0.1:9/m", NAMED, "http://10.0.0.3/held", NAMED),
    ],
)
def test_a_snapshot_on_another_origin_gets_none_of_the_targets_headers(
    page, headers, readback, sent
):
    one = Instance(name="a", scrape_url=page, headers=headers, readback=readback)
    plan = make_plan(target={"headers": TARGETS}, instances=(one,))
    assert sources(plan)[0].headers == sent


@pytest.mark.parametrize(("where", "sent"), [("/held", TARGETS), ("http://10.0.0.3/held", ())])
def test_the_plans_own_snapshot_is_asked_with_headers_on_the_targets_origin_alone(where, sent):
    plan = make_plan(target={"headers": TARGETS}, audit=Audit(readback=where))
    assert sources(plan)[0].headers == sent


@given(seed=st.integers(0, 2**63 - 1), clients=st.integers(1, 3000), sessions=st.integers(1, 600))
def test_sampled_are_so_many_different_clients_that_live_at_the_end_and_so_many_that_left(
    seed, clients, sessions
):
    plan = make_plan(
        seed=seed,
        load={"base_clients": clients, "clients": 2 * clients},
        audit=Audit(readback="/held", sessions=sessions),
    )
    numbers = sampled(plan)
    assert alive(plan) == clients
    each = min(clients, sessions)
    assert len(set(numbers)) == len(numbers) == 2 * each
    assert all(0 <= number < clients for number in numbers[:each])
    assert all(clients <= number < 2 * clients for number in numbers[each:])
    assert numbers == sampled(plan)


@pytest.mark.parametrize("period", [2, 3, 4, 7, 10, 50])
def test_the_sample_is_in_step_with_no_period_of_lines_or_bridges(period):
    plan = make_plan(
        load={"base_clients": 5000, "clients": 5000}, audit=Audit(readback="/held", sessions=500)
    )
    shares = Counter(number % period for number in sampled(plan))
    assert len(shares) == period
    assert max(shares.values()) - min(shares.values()) <= 3 + 100 // period


def test_sessions_are_known_by_their_ids():
    plan = make_plan(audit=Audit(readback="/held"))
    known = Sampled(plan)
    assert known.place("qosflood-test-3-12") == (3, 12, "qosflood-test-3-12")
    assert known.place("eu/qosflood-test-3-0") == (3, 0, "qosflood-test-3-0")
    assert known.place("qosflood-test-99-0") == (99, 0, "qosflood-test-99-0")
    assert known.place("qosflood-test-100-0") is None
    assert known.place("qosflood-other-3-0") is None


def test_of_several_parts_the_one_that_watches_reads():
    plan = make_plan(audit=Audit(readback="/held"))
    assert looks_itself(plan)
    assert looks_itself(replace(plan, part=Part(index=1, of=2, start_at_ns=0)))
    assert not looks_itself(replace(plan, part=Part(index=2, of=2, start_at_ns=0, memory=False)))
