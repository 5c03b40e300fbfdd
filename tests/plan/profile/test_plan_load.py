"""rate = clients / cadence, whichever of them is asked for."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from resolving import plan_of

from qosflood.base.errors import PlanError
from qosflood.base.units import MS, SECOND, Rate, UnitError
from qosflood.plan.options import parse_peak
from qosflood.plan.plan import Load
from qosflood.plan.profile.fields import LONGEST_NS
from qosflood.plan.profile.load import MOST_CLIENTS
from qosflood.plan.profile.problems import SHORTEST_NS

X10 = Rate(multiple=10.0)


def load_of(document=None, **options) -> Load:
    return plan_of(document, **options).load


def test_nothing_asked_is_ten_times_500_clients_each_5_s():
    load = load_of()
    assert (load.clients, load.cadence_ns, load.rate) == (5000, 5 * SECOND, 1000.0)
    assert (load.base_clients, load.base_cadence_ns, load.base_rate) == (500, 5 * SECOND, 100.0)
    assert load.multiple == 10.0


@pytest.mark.parametrize(
    ("rate", "clients", "multiple"),
    [
        (Rate(multiple=1.0), 500, 1.0),
        (Rate(multiple=2.5), 1250, 2.5),
        (Rate(multiple=0.1), 50, 0.1),
        (Rate(per_second=5000.0), 25_000, 50.0),
        (Rate(per_second=0.3), 2, 0.004),
        (Rate(per_second=0.001), 1, 0.002),
    ],
)
def test_the_rate_alone_scales_the_clients_and_keeps_the_cadence(rate, clients, multiple):
    load = load_of(rate=rate)
    assert (load.clients, load.cadence_ns) == (clients, 5 * SECOND)
    assert load.multiple == pytest.approx(multiple)


def test_the_clients_alone_keep_the_cadence_whatever_rate_the_profile_asks():
    load = load_of({"run": {"rate": "3x"}}, clients=800)
    assert (load.clients, load.cadence_ns) == (800, 5 * SECOND)
    assert load.multiple == pytest.approx(1.6)


def test_with_both_the_cadence_follows():
    load = load_of(rate=X10, clients=1000)
    assert (load.clients, load.cadence_ns, load.rate) == (1000, SECOND, 1000.0)
    assert load.multiple == pytest.approx(10.0)


def test_a_profile_may_scale_by_the_cadence():
    load = load_of({"peak": {"scale": "cadence"}}, rate=X10)
    assert (load.clients, load.cadence_ns) == (500, SECOND // 2)
    assert (load.scale, load.multiple) == ("cadence", pytest.approx(10.0))


def test_scaling_by_the_cadence_takes_the_clients_asked_for():
    load = load_of({"peak": {"scale": "cadence"}}, rate=X10, clients=250)
    assert (load.clients, load.cadence_ns) == (250, SECOND // 4)


def test_the_clients_alone_keep_the_cadence_where_the_cadence_scales_too():
    load = load_of({"peak": {"scale": "cadence"}}, clients=250)
    assert (load.clients, load.cadence_ns) == (250, 5 * SECOND)


def test_peak_says_anew_what_1x_is():
    load = load_of(peak="100@1s", rate=Rate(multiple=3.0))
    assert (load.base_clients, load.base_cadence_ns) == (100, SECOND)
    assert (load.clients, load.cadence_ns) == (300, SECOND)


def test_peak_without_an_interval_keeps_the_profiles():
    load = load_of({"peak": {"interval": "2s"}}, peak="100")
    assert (load.base_clients, load.base_cadence_ns) == (100, 2 * SECOND)


@given(
    peak=st.integers(1, 2000),
    interval_ms=st.integers(100, 60_000),
    multiple=st.floats(0.01, 50.0),
    clients=st.none() | st.integers(1, 50_000),
    scale=st.sampled_from(["clients", "cadence"]),
)
def test_the_flood_is_at_the_asked_rate(peak, interval_ms, multiple, clients, scale):
    base_rate = peak * 1000 / interval_ms
    rate = multiple * base_rate
    by_cadence = clients is not None or scale == "cadence"
    assume(not by_cadence or SHORTEST_NS <= (clients or peak) * SECOND / rate <= LONGEST_NS)
    load = load_of(
        {"peak": {"scale": scale}},
        peak=f"{peak}@{interval_ms}ms",
        rate=Rate(multiple=multiple),
        clients=clients,
    )
    one_client = 1 / (interval_ms / 1000)
    slack = 1e-6 * rate if by_cadence else one_client
    assert load.rate == pytest.approx(rate, abs=max(slack, 1e-9))
    assert load.multiple == pytest.approx(load.rate / load.base_rate)
    assert load.clients >= 1
    if clients is not None:
        assert load.clients == clients
    elif scale == "clients":
        assert load.cadence_ns == interval_ms * MS
    else:
        assert load.clients == peak


@pytest.mark.parametrize(
    ("shards", "cores", "clients", "expected"),
    [
        (None, 8, None, 1),
        ("auto", 8, None, 7),
        ("auto", 1, None, 1),
        ("auto", 8, 3, 3),
        (5, 1, None, 5),
    ],
)
def test_auto_shards_leave_one_core_and_none_without_a_client(shards, cores, clients, expected):
    assert load_of(shards=shards, cores=cores, clients=clients).shards == expected


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (
            {"clients": 0},
            "--clients: got 0, expected 1 to 1,000,000 clients, e.g. 500",
        ),
        (
            {"clients": MOST_CLIENTS + 1},
            "--clients: got 1000001, expected 1 to 1,000,000 clients, e.g. 500",
        ),
        (
            {"peak": "2000000", "rate": "1/s"},
            "--peak: got 2000000, expected 1 to 1,000,000 clients, e.g. 500",
        ),
        (
            {"peak": "5@1us"},
            "--peak: got 1us, expected 1ms to 366d, e.g. 5s",
        ),
        (
            {"rate": Rate(per_second=1e9)},
            "--rate: takes 5,000,000,000 clients at a report every 5s, expected at most "
            "1,000,000: name --clients so that the cadence follows, lower it, or shorten "
            "peak.interval",
        ),
        (
            {"rate": Rate(per_second=10_000.0), "clients": 5},
            "--rate: takes a report every 500us from each of 5 clients, expected at least 1ms: "
            "lower it, or raise --clients",
        ),
        (
            {"rate": Rate(per_second=1e-8), "clients": 5},
            "--rate: is too low for 5 clients: lower --clients",
        ),
        (
            {"rate": "inf/s"},
            '--rate: got "inf/s", expected a multiple such as 10x or a rate such as 5000/s',
        ),
        (
            {"rate": "0x"},
            '--rate: got "0x", expected a multiple above 0, e.g. 10x',
        ),
        (
            {"clients": 3, "shards": 4},
            "--shards: got 4, expected 1 to 3, as many as there are clients",
        ),
        ({"timeout": "0s"}, '--timeout: got "0s", expected more than 0s, e.g. 5s'),
        ({"timeout": "1us"}, "--timeout: got 1us, expected 1ms to 366d, e.g. 5s"),
        (
            {"duration": "-1s"},
            '--duration: got "-1s", expected more than 0s, e.g. 1s',
        ),
    ],
)
def test_a_load_that_makes_no_sense_is_answered_in_one_line(options, line):
    with pytest.raises(PlanError) as caught:
        plan_of(**options)
    assert str(caught.value) == line


@pytest.mark.parametrize(
    ("text", "peak"),
    [("500", ("500",)), (" 500@5s ", ("500", "5s")), ("1@1m30s", ("1", "1m30s"))],
)
def test_a_peak_is_read(text, peak):
    assert parse_peak(text) == dict(zip(("peak.clients", "peak.interval"), peak, strict=False))


@pytest.mark.parametrize("text", ["", "0", "-5", "5.5", "x", "@5s", "٣", "9" * 5000])
def test_what_is_no_peak_is_answered_in_one_line(text):
    with pytest.raises(UnitError) as caught:
        parse_peak(text)
    assert str(caught.value) == (f'got "{text}", expected CLIENTS or CLIENTS@INTERVAL, e.g. 500@5s')


@pytest.mark.parametrize(
    ("text", "meant"),
    [("500@5", "500@5s"), ("500@0", "500@5s"), ("5@0s", "5@5s"), ("7@-5s", "7@5s")],
)
def test_a_peaks_interval_needs_a_unit_and_is_above_zero(text, meant):
    with pytest.raises(UnitError) as caught:
        parse_peak(text)
    line = f'got "{text}", expected an interval with a unit, above 0s, e.g. {meant}'
    assert str(caught.value) == line
