"""Limits as lines in the live page's charts."""

from importlib import resources

import pytest
from browser import browser, watched_page
from plan_maker import make_plan

from qosflood.live.web.limit_lines import limit_lines
from qosflood.plan.limit_language import parse_abort, parse_limit

GATE = {
    "chart": "generator",
    "level": 10.0,
    "expr": "late above 10ms",
    "start_s": 0.0,
    "end_s": 20.0,
}
FLOOD = {"start_s": 6.0, "end_s": 16.0}


def lines_of(*limits, aborts=(), **watch):
    plan = make_plan(
        limits=tuple(parse_limit(text) for text in limits),
        aborts=tuple(parse_abort(text) for text in aborts),
        watch=watch,
    )
    *lines, gate = limit_lines(plan)
    assert (gate["chart"], gate["expr"].split()[0]) == ("generator", "late")
    return lines


def test_the_generator_is_late_above_a_line_in_its_chart():
    assert limit_lines(make_plan()) == [GATE]


@pytest.mark.parametrize(
    ("limit", "line"),
    [
        ("response.p99 < 250ms", {"chart": "latency", "level": 250.0, **FLOOD}),
        (
            "recovery:response.max < 2s",
            {"chart": "latency", "level": 2000.0, "start_s": 16.0, "end_s": 19.0},
        ),
        ("scrape.p99 < 100ms", {"chart": "scrapes", "level": 100.0, **FLOOD}),
        ("memory.max < 64MiB", {"chart": "memory", "level": 64.0, "start_s": 0.0, "end_s": 20.0}),
    ],
)
def test_a_limit_stands_where_its_figure_is_drawn_for_as_long_as_it_is_judged(limit, line):
    assert lines_of(limit) == [{**line, "expr": limit}]


@pytest.mark.parametrize(
    "limit",
    ["errors < 1%", "service.p99 < 1s", "loss == none", "scrape.gap < 9s", "restarts == 0"],
)
def test_what_no_chart_shows_has_no_line(limit):
    assert lines_of(limit) == []


def test_a_share_of_the_memory_limit_is_a_line_only_where_that_is_known():
    assert lines_of("memory.max < 50%") == []
    share, most = lines_of("memory.max < 50%", memory_limit_bytes=200 << 20)
    assert (share["level"], most["level"], most["expr"]) == (100.0, 200.0, "memory limit")


def test_a_limit_that_stops_the_run_has_its_line_too():
    (line,) = lines_of(aborts=["response.p99 > 5s for 30s"])
    assert (line["chart"], line["level"]) == ("latency", 5000.0)
    assert line["expr"].startswith("response.p99 > 5s")


RUN_JS = """([axes, limits, ask]) => {
  const bare = (text) => text.replace(/^import .*$/gm, "").replace(/^export /gm, "");
  const code = bare(axes) + bare(limits) + "; return " + ask;
  return new Function(code)();
}"""
LINE = '{chart: "latency", level: 250, expr: "p99 < 250ms", start_s: 6, end_s: 16}'
OF = "new Limits().of([LINE], {name: CHART, log: true}, VALUES, 0, 30)".replace("LINE", LINE)


@pytest.fixture(scope="module")
def ask():
    """Evaluates JavaScript beside the page's axes and limits."""
    scripts = [
        resources.files("qosflood.live.web").joinpath(name).read_text("utf-8")
        for name in ("axes.js", "limits.js")
    ]
    with browser() as chromium, watched_page(chromium) as (page, _):
        yield lambda expression: page.evaluate(RUN_JS, [*scripts, expression])


def test_a_chart_without_values_has_no_scale_from_0_to_1(ask):
    empty = ask("EMPTY")
    assert (empty["showticklabels"], empty["showgrid"], empty["ticks"]) == (False, False, "")


def test_few_failures_a_second_are_counted_in_whole_ones(ask):
    assert ask("linearAxis([0, 2, 1], true)")["dtick"] == 1
    assert "dtick" not in ask("linearAxis([0, 200], true)")
    assert "dtick" not in ask("linearAxis([0, 2.5], false)")


@pytest.mark.parametrize(
    ("values", "near"), [("[5, 9]", True), ("[5, 400]", True), ("[1, 2]", False)]
)
def test_an_axis_makes_room_for_a_limit_only_if_it_lies_within_reach(ask, values, near):
    (line,) = ask(OF.replace("CHART", '"latency"').replace("VALUES", values))
    assert line["near"] is near


@pytest.mark.parametrize(
    ("chart", "values"), [('"memory"', "[5]"), ('"latency"', "[]"), ('"latency"', "[0, 0]")]
)
def test_other_charts_and_empty_ones_have_no_line(ask, chart, values):
    assert ask(OF.replace("CHART", chart).replace("VALUES", values)) == []


def test_a_line_has_the_colour_of_what_is_said_of_its_limit(ask):
    say = '(() => { const it = new Limits(); it.judge(JUDGED); return it.colorOf({expr: "a"}); })()'
    for judged, color in [
        ("[]", "muted"),
        ('[{expr: "a", ok: null}]', "muted"),
        ('[{expr: "a", ok: true}]', "good"),
        ('[{expr: "a", ok: false}]', "bad"),
    ]:
        assert ask(say.replace("JUDGED", judged)) == color


def test_a_limit_beyond_the_chart_is_named_at_its_top(ask):
    shown = ask(
        "new Limits().names([LINE], {log: true}, 1, [0, 30], (name) => name)".replace(
            "LINE", LINE.replace("}", ", near: false}")
        )
    )
    assert shown[0]["text"] == "↑ p99 &lt; 250ms"
    assert (shown[0]["yref"], shown[0]["y"], shown[0]["x"]) == ("paper", 1, 16)
