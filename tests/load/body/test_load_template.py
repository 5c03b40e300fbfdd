"""Body templates: whatever they are, they say what a naive renderer makes of them."""

import datetime
import gzip
import math
import re
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_maker import make_plan, make_report

from qosflood.load.body.figures import Figure
from qosflood.load.body.identities import identity
from qosflood.load.body.request import RequestBuilder, mean_bytes
from qosflood.load.body.template import Concatenated, Formatted, compile_body
from qosflood.plan.body_language import SOURCES, TEXTS
from qosflood.plan.report import DEFAULT_BODY, Counter, Report

FIGURES = (
    Figure("near", 4.41, 0.0, 20.3, 1.1),
    Figure('f"a\\r%d', 2.87, 12.4, 612.9, 48.0),
    Figure("near", 3.9, 0.2, 81.0, 0.0),
)
COUNTERS = (
    Counter(name="all", per_second=50),
    Counter(name="received", per_second=50, of="received", start=7.5),
    Counter(name="lost", per_second=48000, of="lost"),
    Counter(name="trips", per_second=0.2, of="rtt", whole=False),
    Counter(name="jitter", per_second=1e5, of="jitter", whole=False),
    Counter(name="reports", per_report=3, start=1),
)
NAMES = [*SOURCES, *(f"counter.{each.name}" for each in COUNTERS)]
START_MS = 1_795_400_000_123


class Session:
    """What one session has reported so far, worked out the simple way."""

    def __init__(self, number: int, session: int) -> None:
        self.who = identity("p-", make_report(), number, session, 9)
        self.reports: list[tuple[int, Figure]] = []

    def sums(self, kind: str) -> float:
        """The sum of a kind over the session's life, in ms times what was reported."""
        total = 0.0
        for (before, _), (now, figure) in zip(self.reports, self.reports[1:], strict=False):
            lost = figure.loss_percent / 100
            shares = {"all": 1, "lost": lost, "received": 1 - lost}
            times = {"rtt": figure.rtt_ms / 1000, "jitter": figure.jitter_ms / 1000}
            total += (now - before) * (shares | times)[kind]
        return total

    def value(self, name: str) -> Any:
        """The value of a source in the last report."""
        group, _, rest = name.partition(".")
        now_ms, figure = self.reports[-1]
        if group == "counter":
            (counter,) = [each for each in COUNTERS if each.name == rest]
            grown = counter.per_report * (len(self.reports) - 1)
            grown += counter.per_second * self.sums(counter.of) / 1000
            return (math.floor if counter.whole else float)(counter.start + grown)
        moment = datetime.datetime.fromtimestamp(now_ms / 1000, datetime.UTC)
        iso = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {
            "session.id": self.who.session_id,
            "session.uuid": self.who.uuid,
            "session.number": self.who.number,
            "session.index": self.who.session,
            "session.ssrc": self.who.ssrc,
            "session.remote_ssrc": self.who.remote_ssrc,
            "session.production": self.who.production_id,
            "session.line": self.who.line_id,
            "session.bridge": self.who.bridge_id,
            "session.direction": self.who.direction,
            "network.class": figure.network,
            "network.mos": figure.mos,
            "network.loss_percent": figure.loss_percent,
            "network.loss_ratio": round(figure.loss_percent / 100, 6),
            "network.rtt_ms": figure.rtt_ms,
            "network.rtt_s": round(figure.rtt_ms / 1000, 6),
            "network.jitter_ms": figure.jitter_ms,
            "network.jitter_s": round(figure.jitter_ms / 1000, 6),
            "clock.epoch_ms": now_ms,
            "clock.epoch_s": now_ms / 1000,
            "clock.iso": iso,
            "clock.session_ms": now_ms - self.reports[0][0],
        }[name]

    def text(self, text: str) -> str:
        """A string of the template with its sources filled in."""

        def filled(match: re.Match[str]) -> str:
            if match[0] == "$$":
                return "$"
            value = self.value(match[1])
            if match[1].startswith("counter.") and isinstance(value, float):
                return f"{value:.6f}"
            return value if isinstance(value, str) else orjson.dumps(value).decode()

        return re.sub(r"\$\$|\$\{([^}]*)\}", filled, text)

    def render(self, template: Any) -> Any:
        """The JSON value that a template stands for now."""
        if isinstance(template, dict):
            return {self.text(name): self.render(inner) for name, inner in template.items()}
        if isinstance(template, list):
            return [self.render(inner) for inner in template]
        if isinstance(template, str):
            whole = template[:1] == "$" and template[1:] in NAMES
            return self.value(template[1:]) if whole else self.text(template)
        return template


def report_of(body: dict[str, Any]) -> Report:
    return make_report(body=body, counters=COUNTERS)


def close(told: Any, expected: Any) -> bool:
    """Whether two JSON values are the same; what was summed may differ in its last digits."""
    if isinstance(expected, dict):
        same = told.keys() == expected.keys()
        return same and all(close(told[name], expected[name]) for name in expected)
    if isinstance(expected, list):
        return len(told) == len(expected) and all(map(close, told, expected))
    if isinstance(expected, float):
        return told == pytest.approx(expected, rel=1e-12, abs=1e-6)
    return type(told) is type(expected) and told == expected


constants = st.text(max_size=12).map(lambda text: text.replace("$", "$$")) | st.sampled_from(
    ["%d%%%b", "{}[]", '"\\', "é\u2028", "$$$${session.id}".replace("{", "")]
)
sources = st.sampled_from(NAMES)
texts = st.lists(constants | sources.map(lambda name: f"${{{name}}}"), max_size=4).map("".join)
values = (
    texts
    | sources.map(lambda name: f"${name}")
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
)
templates = st.dictionaries(
    texts,
    st.recursive(
        values,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(constants, inner, max_size=4),
        max_leaves=20,
    ),
    max_size=6,
)
steps = st.lists(st.integers(0, 20_000), min_size=1, max_size=6)


@settings(max_examples=150)
@given(templates, steps, st.integers(0, 10**6), st.integers(0, 50), st.integers(0, 1000))
def test_any_template_says_what_a_naive_renderer_makes_of_it(body, gaps_ms, number, index, turn):
    compiled = compile_body(report_of(body))
    write, path = compiled.writer(), [compiled.figures(FIGURES[at % 3]) for at in range(512)]
    naive = Session(number, index)
    session, now_ms = compiled.session(naive.who), START_MS
    for step, gap_ms in enumerate(gaps_ms):
        now_ms += gap_ms
        naive.reports.append((now_ms, FIGURES[(turn + step) % 512 % 3]))
        said = write(session, path, turn + step, now_ms)
        # Fewer keys than were written, where two come out the same: as JSON has it, the last wins.
        assert close(orjson.loads(said), naive.render(body))
        assert write(session, path, turn + step, now_ms) == said


def test_the_default_body_is_three_pieces_in_a_row_and_others_are_formats():
    assert isinstance(compile_body(make_report()), Concatenated)
    assert isinstance(compile_body(report_of({"n": "$counter.all"})), Formatted)
    assert isinstance(compile_body(report_of(dict(reversed(DEFAULT_BODY.items())))), Formatted)
    padded = DEFAULT_BODY | {"padding": "x" * 1000}
    assert isinstance(compile_body(report_of(padded)), Formatted)
    spaced = {"id": "$session.id", "x" * 200: "$network.mos", "at": "$clock.iso"}
    assert isinstance(compile_body(report_of(spaced)), Formatted)


def test_the_default_body_is_byte_by_byte_what_the_reference_client_sends():
    builder = RequestBuilder(make_plan(), {})
    told = builder.writer()(builder.template(3), builder.walk(3)[0], 5, START_MS)
    body = told.partition(b"\r\n\r\n")[2]
    assert list(orjson.loads(body)) == list(DEFAULT_BODY)
    assert orjson.dumps(orjson.loads(body)) == body


def test_a_body_without_any_source_is_the_same_for_all():
    body = {"a": [1, 2.5, True, {}], "50%": "$$5 {}", "b": []}
    builder = RequestBuilder(make_plan(report={"body": body}), {})
    told = {
        builder.writer()(builder.template(number), *builder.walk(number), 1) for number in range(5)
    }
    assert len(told) == 1
    assert orjson.loads(told.pop().partition(b"\r\n\r\n")[2]) == body | {"50%": "$5 {}"}


def test_bodies_of_a_megabyte_are_kept_once_and_not_for_each_session():
    body = {"id": "$session.id", "log": "%é" * 300_000, "ids": ["$session.ssrc"] * 100}
    compiled = compile_body(make_report(body=body))
    pieces = compiled.session(Session(1, 0).who)
    assert sum(map(len, pieces)) < 3000
    write = compiled.writer()
    told = orjson.loads(write(pieces, [compiled.figures(FIGURES[0])] * 512, 1, START_MS))
    assert told["log"] == body["log"]


def test_equal_pieces_of_an_interval_are_kept_once():
    compiled = compile_body(make_report(body={"loss": "$network.loss_percent", "x": "$clock.iso"}))
    one, other = (compiled.figures(figure) for figure in (FIGURES[0], FIGURES[0]))
    assert one[0] is other[0]


@pytest.mark.parametrize("body", [DEFAULT_BODY, {"n": "$counter.all", "id": "${session.id}"}])
def test_a_gzipped_body_is_the_same_body_and_repeatable(body):
    plan = make_plan(report={"body": body, "counters": COUNTERS})
    zipped = make_plan(report={"body": body, "counters": COUNTERS, "gzip": True})
    said = []
    for each in (plan, zipped, zipped):
        builder = RequestBuilder(each, {})
        path, turn = builder.walk(7)
        said.append(builder.writer()(builder.template(7), path, turn, START_MS))
    (_, _, plain), (head, _, small), _ = (one.partition(b"\r\n\r\n") for one in said)
    assert gzip.decompress(small) == plain
    assert said[1] == said[2]
    assert b"\r\nContent-Encoding: gzip\r\n" in head
    assert head.endswith(b"Content-Length: %d" % len(small))


def test_constant_headers_and_the_query_are_sent():
    report = {"headers": (("X-Tenant", "studio 3"), ("Accept", "text/plain")), "query": "a=b%20c"}
    builder = RequestBuilder(make_plan(report=report), {"Authorization": "Bearer x"})
    head = builder.writer()(builder.template(1), *builder.walk(1), 1).partition(b"\r\n\r\n")[0]
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /api/v1/metrics/qos?a=b%20c HTTP/1.1"
    assert {"X-Tenant: studio 3", "Authorization: Bearer x", "Accept: text/plain"} < set(lines)
    assert "Accept: */*" not in lines


def test_the_mean_size_is_that_of_whole_requests():
    builder = RequestBuilder(make_plan(), {})
    one = len(builder.writer()(builder.template(1), *builder.walk(1), START_MS))
    assert mean_bytes(make_plan()) == pytest.approx(one, abs=8)
    long = make_plan(report={"body": DEFAULT_BODY | {"padding": "x" * 5000}})
    assert mean_bytes(long) > mean_bytes(make_plan()) + 5000
    assert mean_bytes(make_plan(report={"body": {"padding": "x" * 5000}, "gzip": True})) < 400


def test_strings_are_the_sources_that_are_said_to_be():
    naive = Session(1, 2)
    naive.reports.append((START_MS, FIGURES[0]))
    assert {name for name in SOURCES if isinstance(naive.value(name), str)} == TEXTS
