"""The language of limits."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qosflood.analysis.verdict.comparison import Reading, compare
from qosflood.base.errors import PlanError
from qosflood.base.units import HOUR, MS, SECOND
from qosflood.plan.limit_language import (
    LOAD_PHASES,
    METRICS,
    RUN,
    VALUES,
    judged_text,
    parse_abort,
    parse_limit,
    threshold_text,
)
from qosflood.plan.plan import PHASES, Limit


def limit(**changes) -> Limit:
    return Limit(**({"named_by": "user", "scope": "flood"} | changes))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "response.p99<250ms",
            limit(
                expr="response.p99 < 250ms",
                metric="response.p99",
                op="<",
                threshold=250 * MS,
                unit="ns",
            ),
        ),
        (
            " recovery : errors  <=  0.1% ",
            limit(
                expr="recovery:errors <= 0.1%",
                metric="errors",
                op="<=",
                threshold=0.001,
                unit="ratio",
                scope="recovery",
            ),
        ),
        (
            "settle:scrape.success == 100%",
            limit(
                expr="settle:scrape.success == 100%",
                metric="scrape.success",
                op="==",
                threshold=1.0,
                unit="ratio",
                scope="settle",
            ),
        ),
        (
            "offered >= 0.99",
            limit(expr="offered >= 0.99", metric="offered", op=">=", threshold=0.99, unit="ratio"),
        ),
        (
            "memory.max < 512MiB",
            limit(
                expr="memory.max < 512MiB",
                metric="memory.max",
                op="<",
                threshold=512 << 20,
                unit="bytes",
                scope=RUN,
            ),
        ),
        (
            "memory.max < 90%",
            limit(
                expr="memory.max < 90%",
                metric="memory.max",
                op="<",
                threshold=0.9,
                unit="ratio",
                scope=RUN,
            ),
        ),
        (
            "memory.time_to_limit > 24h",
            limit(
                expr="memory.time_to_limit > 24h",
                metric="memory.time_to_limit",
                op=">",
                threshold=24 * HOUR,
                unit="ns",
                scope=RUN,
            ),
        ),
        (
            "loss==none",
            limit(
                expr="loss == none",
                metric="loss",
                op="==",
                threshold="none",
                unit="word",
                scope=RUN,
            ),
        ),
        (
            "restarts == 0",
            limit(
                expr="restarts == 0",
                metric="restarts",
                op="==",
                threshold=0,
                unit="count",
                scope=RUN,
            ),
        ),
    ],
)
def test_a_limit_is_read(text, expected):
    assert parse_limit(text) == expected


def test_an_abort_waits_for_its_grace_and_looks_at_every_phase():
    assert parse_abort("errors > 50% for 15s", "shipped") == Limit(
        expr="errors > 50% for 15s",
        metric="errors",
        op=">",
        threshold=0.5,
        unit="ratio",
        scope=RUN,
        named_by="shipped",
        grace_ns=15 * SECOND,
    )


def test_an_abort_may_name_a_phase_and_need_not_wait():
    abort = parse_abort("flood:response.p99 > 2s")
    assert (abort.scope, abort.grace_ns) == ("flood", 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("errors", '"[phase:]metric op value", e.g. response.p99 < 250ms'),
        ("", '"[phase:]metric op value", e.g. response.p99 < 250ms'),
        ("errors << 1%", '"[phase:]metric op value", e.g. response.p99 < 250ms'),
        ("errors < 1 %", '"[phase:]metric op value", e.g. response.p99 < 250ms'),
        ("errors < 1% for 15s", 'no "for": only a limit that aborts waits, see limits.abort'),
        ("errors < 250ms", "a share such as 0.1% as its value"),
        ("errors < 101%", "a share such as 0.1% as its value"),
        ("response.p99 < 250", "a duration such as 250ms as its value"),
        ("memory.max < 512", "a size such as 512MiB as its value"),
        ("restarts == none", "a whole number such as 0 as its value"),
        ("restarts < 1.5", "a whole number such as 0 as its value"),
        (f"restarts < {'9' * 5000}", "a whole number such as 0 as its value"),
        (f"response.p99 < {'9' * 5000}h", "a duration such as 250ms as its value"),
        ("response.p99 < 999999999d", "a smaller value"),
        ("loss == 0", 'the word "none" as its value'),
        ("loss < none", "== with loss"),
        ("response.p99 == 250ms", "< or <= or > or >= with response.p99"),
        (
            "flood:memory.max < 1GB",
            'no phase: memory.max is judged over the whole run; drop "flood:"',
        ),
        (
            "settle:errors < 1%",
            "one of the phases baseline, ramp, flood, recovery with errors",
        ),
        (
            "flod:errors < 1%",
            "one of the phases baseline, ramp, flood, recovery, settle; did you mean flood?",
        ),
    ],
)
def test_what_is_no_limit_is_answered_in_one_line(text, expected):
    with pytest.raises(PlanError) as caught:
        parse_limit(text)
    assert str(caught.value) == f'got "{text}", expected {expected}'


@pytest.mark.parametrize(
    ("metric", "nearest"),
    [
        ("eror", "errors"),
        ("p99", None),
        ("response.p99.9", "response.p99_9"),
        ("Errors", "errors"),
        ("memory.leaks", "memory.leak"),
        ("scrape_gap", "scrape.gap"),
    ],
)
def test_an_unknown_metric_is_answered_with_the_nearest(metric, nearest):
    with pytest.raises(PlanError) as caught:
        parse_limit(f"{metric} < 1%")
    suggestion = str(caught.value).partition("; did you mean ")[2]
    assert suggestion == (f"{nearest}?" if nearest else "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("restarts > 0", "a metric that is known while running"),
        ("service.p99 > 1s", "a metric that is known while running"),
        ("errors > 50% for long", 'a duration such as 15s after "for"'),
    ],
)
def test_what_cannot_abort_is_refused(text, words):
    with pytest.raises(PlanError, match=re.escape(words)):
        parse_abort(text)


def _values(unit: str) -> st.SearchStrategy[str]:
    number = st.integers(0, 10_000)
    return {
        "ns": st.builds("{}{}".format, number, st.sampled_from(["us", "ms", "s", "h"])),
        "bytes": st.builds("{}{}".format, number, st.sampled_from(["KiB", "MB", "GiB"])),
        "ratio": st.builds("{}%".format, st.integers(0, 100)),
        "times": st.builds("{}.5".format, number),
        "count": st.builds(str, number),
        "word": st.just("none"),
    }[unit]


@st.composite
def limit_texts(draw, live: bool = False) -> str:
    name = draw(st.sampled_from([n for n, metric in METRICS.items() if metric.live or not live]))
    metric = METRICS[name]
    ops = ["=="] if metric.unit == "word" else ["<", "<=", ">", ">="]
    phase = draw(st.sampled_from(("", *metric.phases)))
    space = draw(st.sampled_from(["", " ", "  "]))
    op, value = draw(st.sampled_from(ops)), draw(_values(metric.unit))
    return f"{phase + ':' if phase else ''}{name}{space}{op}{space}{value}"


@given(limit_texts())
def test_a_limits_expression_reads_back_as_the_same_limit(text):
    once = parse_limit(text)
    assert parse_limit(once.expr) == once
    assert once.scope in (*PHASES, RUN)


@given(limit_texts(live=True), st.integers(1, 600))
def test_an_aborts_expression_reads_back_as_the_same_limit(text, seconds):
    once = parse_abort(f"{text} for {seconds}s")
    assert parse_abort(once.expr) == once
    assert once.grace_ns == seconds * SECOND


@given(st.text())
def test_no_text_is_ever_a_surprise(text):
    try:
        assert parse_limit(text).metric in METRICS
    except PlanError as error:
        assert str(error).startswith(f'got "{text}", expected ')


def test_the_table_knows_every_metric_and_where_it_is_judged():
    whole_run = {name for name, metric in METRICS.items() if not metric.phases}
    assert whole_run == {
        "memory.max",
        "memory.leak",
        "memory.time_to_limit",
        "loss",
        "restarts",
        "recovery.time",
    }
    assert all(metric.phases in ((), LOAD_PHASES, PHASES) for metric in METRICS.values())


_WHOLE = st.integers(0, 1 << 55)
_SHARES = st.floats(0.0, 1.0).map(lambda value: round(value, 9))
_OF_UNITS = {
    "ns": _WHOLE,
    "bytes": _WHOLE,
    "count": st.integers(0, 10**9),
    "ratio": _SHARES,
    "times": st.floats(0.0, 1e6).map(lambda value: round(value, 6)),
}
_NEAR = st.sampled_from([-1e-9, -1e-5, -0.004, 0.0, 1e-12, 1e-6, 1e-3, 0.04, 0.5])


@given(st.sampled_from(sorted(_OF_UNITS)), st.data())
def test_no_value_reads_like_the_threshold_that_it_breaks(unit, data) -> None:
    threshold = data.draw(_OF_UNITS[unit])
    near = (1.0 + data.draw(_NEAR)) * threshold
    close = round(near, 12) if isinstance(threshold, float) else round(near)
    value = data.draw(st.one_of(st.just(close), _OF_UNITS[unit]))
    for op in VALUES[unit].ops:
        judged = limit(expr="", metric="", op=op, threshold=threshold, unit=unit)
        if compare(judged, Reading(value=value))[0] is False:
            shown = judged_text(unit, value, op, threshold)
            assert shown != threshold_text(unit, threshold)


@given(st.sampled_from(["ns", "bytes", "ratio"]), st.data())
def test_a_reader_of_value_and_threshold_comes_to_the_same_conclusion(unit, data) -> None:
    threshold = data.draw(_OF_UNITS[unit])
    near = (1.0 + data.draw(_NEAR)) * threshold
    value = min(round(near, 12), 1.0) if unit == "ratio" else round(near)
    shown = judged_text(unit, value, "<=", threshold)
    read = VALUES[unit].parse(threshold_text(unit, threshold).lstrip("<"))
    if shown.startswith("<"):
        assert value <= threshold
    else:
        assert (VALUES[unit].parse(shown) > read) == (value > threshold)


def test_a_value_that_is_the_threshold_is_said_to_be_just_that() -> None:
    assert judged_text("ns", 3 * SECOND, "<", 3 * SECOND) == "exactly 3s"
    assert judged_text("ns", 3 * SECOND, "<=", 3 * SECOND) == "3s"
    assert judged_text("count", 0, "==", 0) == "0"
