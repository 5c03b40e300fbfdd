"""The names that versions of a Collector give to the same counters."""

import asyncio

import pytest
from plan_maker import make_plan
from raw_server import page, raw_server

from qosflood.journal.record_lines import decode_record, encode_record
from qosflood.monitor.prometheus.otel import open_otel


def look(body):
    async def looked():
        plan = make_plan(watch={"sample_limit": 1})
        async with (
            raw_server(page(body.encode())) as server,
            open_otel(plan, server.url) as opened,
        ):
            return await opened.look(7)

    return asyncio.run(looked())


@pytest.mark.parametrize("suffix", ["", "_total", "__datapoints__total"])
def test_each_spelling_of_a_counter_is_known(suffix):
    body = "".join(
        f'{name}{suffix}{{{component},otel_scope_name="{scope}"}} {value}\n'
        for name, component, value in (
            ("otelcol_receiver_accepted_metric_points", 'receiver="prometheus"', 5),
            ("otelcol_receiver_refused_metric_points", 'receiver="prometheus"', 1),
            ("otelcol_exporter_sent_metric_points", 'exporter="otlp"', 3),
            ("otelcol_exporter_send_failed_metric_points", 'exporter="otlp"', 2),
        )
        for scope in ("a", "b")
    )
    assert look(body).points == {
        "accepted prometheus": 10,
        "refused prometheus": 2,
        "sent otlp": 6,
        "send_failed otlp": 4,
    }


def test_the_up_that_it_exports_is_told_by_instance():
    sample = look('up{instance="a:1",job="qos"} 1\nup{instance="b:1",job="qos"} 0\n')
    assert (sample.ok, sample.up) == (True, {"a:1": 1.0, "b:1": 0.0})


def test_a_page_that_is_none_is_told_and_holds_nothing():
    sample = look("<html>\n")
    assert not sample.ok
    assert sample.reason
    assert sample.points == {}


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "1e300", "-1"])
def test_what_is_no_count_is_left_out_and_named(value):
    counter = "otelcol_receiver_accepted_metric_points"
    sample = look(
        f'{counter}{{receiver="a"}} {value}\n{counter}{{receiver="b"}} 2\n'
        f'up{{instance="a:1"}} {value}\n'
    )
    assert sample.ok
    assert (sample.points, sample.up) == ({"accepted b": 2.0}, {})
    assert sample.reason.startswith(f"2 of its values are no counts and were left out: {counter}")
    assert decode_record(encode_record(sample)) == sample
