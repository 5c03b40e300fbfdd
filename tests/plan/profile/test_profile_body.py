"""Bodies, counters, query and constant headers of a profile, and what is said of wrong ones."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qosflood.base.errors import PlanError
from qosflood.plan.body_language import SOURCES, TEXTS, parse_text
from qosflood.plan.profile.files import load_profile
from qosflood.plan.report import DEFAULT_BODY

DOCS = Path(__file__).resolve().parents[3] / "docs" / "bodies.md"
KNOWN = f"expected one of {', '.join(SOURCES)}, counter.NAME"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            'body.quality.mos = "$network.moss"',
            f'body.quality.mos: got the unknown source "network.moss", {KNOWN}; '
            "did you mean network.mos?",
        ),
        (
            'body.a = ["x", { b = "id ${session.idd}" }]',
            f'body.a[1].b: got the unknown source "session.idd", {KNOWN}; did you mean session.id?',
        ),
        (
            'body.price = "5 $"',
            'body.price: got a lone $ in "5 $", expected "$group.name" as the whole string, '
            '"${group.name}" inside one, or $$ for a dollar',
        ),
        (
            'body.n = "$counter.sent"',
            'body.n: got "counter.sent", expected a counter of [report.counters]: there are none',
        ),
        (
            "counters.sent = { per_second = 5 }\n"
            'body = { a = "$counter.sent", b = "$counter.sen" }',
            'body.b: got "counter.sen", expected a counter of [report.counters]: sent; '
            "did you mean sent?",
        ),
        (
            "counters.sent = { per_second = 5 }",
            "counters.sent: got a counter that report.body does not name, "
            'expected "$counter.sent" in it, or no such counter',
        ),
        (
            "body.at = 1979-05-27",
            "body.at: got a date or time, which JSON has not, expected a string: put it in quotes",
        ),
        (
            "body.at = 07:32:00",
            "body.at: got a date or time, which JSON has not, expected a string: put it in quotes",
        ),
        ("body.n = nan", "body.n: got nan, expected a number that JSON has"),
        ("body.n = -inf", "body.n: got -inf, expected a number that JSON has"),
        (
            "body.n = 9223372036854775808",
            "body.n: got a number beyond 64 bits, expected a smaller one or a string",
        ),
        (
            "body = 5",
            "body: got 5, expected a table: the JSON body, "
            'e.g. { sessionId = "$session.id", mos = "$network.mos" }',
        ),
        (
            "counters.x = 5",
            "counters.x: got a number, expected a table, e.g. [report.counters.x]",
        ),
        (
            "counters.x = { per_secnd = 5 }",
            "counters.x.per_secnd: unknown key, expected one of per_second, per_report, of, start, "
            "whole; did you mean per_second?",
        ),
        (
            "counters.x = {}",
            "counters.x: got neither of per_second and per_report, expected one, "
            "e.g. per_second = 50",
        ),
        (
            "counters.x = { per_second = 1, per_report = 1 }",
            "counters.x: got both of per_second and per_report, expected one, e.g. per_second = 50",
        ),
        (
            'counters.x = { per_report = 1, of = "lost" }',
            'counters.x: got of = "lost" with per_report, expected per_second with it',
        ),
        (
            "counters.x = { per_second = -1 }",
            "counters.x.per_second: got -1, expected a number above 0, at most a million million, "
            "e.g. 50",
        ),
        (
            'counters."a b" = { per_second = 1 }',
            'counters.a b: got the counter name "a b", expected a letter and at most 59 letters, '
            "digits, dashes or underscores",
        ),
        (
            'headers.X-Api-Key = "hunter2"',
            "headers.X-Api-Key: got a header that holds a secret by its name, expected it under "
            '[target.headers] as env:VAR or file:PATH, e.g. X-Api-Key = "env:QOSFLOOD_TOKEN"',
        ),
        (
            'headers.Content-Length = "hunter2"',
            "headers.Content-Length: got the header Content-Length, expected another: "
            "qosflood sets that one itself",
        ),
        (
            'headers.Content-Encoding = "gzip"',
            "headers.Content-Encoding: got the header Content-Encoding, "
            "expected report.gzip = true, which sets it",
        ),
        (
            'headers.X-Two = "hunter2\\r\\nX: y"',
            "headers.X-Two: got a value that no header may carry, expected one line of printable "
            "ASCII without spaces around it",
        ),
        (
            'headers.X-Two = ["hunter2"]',
            'headers.X-Two: got a list, expected a header\'s value, e.g. "studio-3"',
        ),
        ("query.a = [1]", 'query.a: got [1], expected a string or a number, e.g. "webrtc"'),
        ("gzip = 1", "gzip: got 1, expected true or false, e.g. true"),
    ],
)
def test_a_wrong_report_is_answered_in_one_line(problems, text, line):
    told = problems("[report]\n" + text)
    assert told == [f"profile soak.toml: report.{line}"]
    assert "hunter2" not in told[0]


@pytest.mark.parametrize(
    "name", ["Authorization", "proxy-authorization", "Cookie", "X-Auth-Token", "Api-Key"]
)
def test_headers_with_secrets_are_not_for_a_profile(problems, name):
    (line,) = problems(f'report.headers.{name} = "hunter2"')
    assert "expected it under [target.headers]" in line


def test_all_that_is_wrong_in_a_body_is_told_at_once(problems):
    told = problems('report.body = { a = "$x.y", b = [nan, { c = "$" }], "$" = 1 }')
    places = [line.removeprefix("profile soak.toml: report.body.").split(":")[0] for line in told]
    assert places == ["a", "b[0]", "b[1].c", "$"]


def test_a_body_that_is_too_deep_or_too_large_is_answered_in_one_line(problems):
    (line,) = problems("report.body.a = " + "[" * 40 + "]" * 40)
    assert line.endswith("got more than 32 levels, expected fewer")
    (line,) = problems(f'report.body.a = "{"x" * (1 << 20)}"')
    assert line.endswith("got a template of 1.0 MiB, expected at most 1.0 MiB")


def test_a_field_that_is_set_on_the_command_line_is_named_there(problems):
    (line,) = problems("", "report.body.a=$network.moss")
    assert line.startswith('--set report.body.a=$network.moss: got the unknown source "network.mo')
    assert problems("", "report.body.a=\udc80") == [
        "--set: got bytes that are no UTF-8, expected key.path=value as text"
    ]


def test_the_body_that_the_default_profile_writes_down_is_the_default_in_its_order():
    report = load_profile("intercom").profile.report
    assert list(report.body.items()) == list(DEFAULT_BODY.items())


def test_query_values_may_be_numbers(tmp_path):
    path = tmp_path / "soak.toml"
    path.write_text('report.query = { a = 1, b = 2.5, c = "x", d = true }')
    assert load_profile(str(path)).profile.report.query == {
        "a": "1",
        "b": "2.5",
        "c": "x",
        "d": "true",
    }


@given(st.text())
def test_any_string_is_read_or_refused_in_one_line(text):
    try:
        pieces = parse_text(text).pieces
    except PlanError as error:
        assert "got " in str(error)
        assert "$" in text
    else:
        assert ("$" in text) or "".join(map(str, pieces)) == text


def test_the_guide_lists_every_source_with_its_meaning():
    rows = dict(re.findall(r"(?m)^\| `([a-z_.]+)` \| (.+) \|$", DOCS.read_text()))
    assert {name: rows[name].replace("`", "") for name in SOURCES} == SOURCES
    assert set(SOURCES) >= TEXTS


def test_the_guides_examples_are_valid_profiles(tmp_path):
    blocks = re.findall(r"(?s)```toml\n(.*?)```", DOCS.read_text())
    assert blocks
    for block in blocks:
        path = tmp_path / "guide.toml"
        path.write_text(block)
        load_profile(str(path))
