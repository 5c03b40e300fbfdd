"""What a comparison says of a change: its size, its floor, its noise, and what never came."""

import math
from dataclasses import replace
from typing import Any

import pytest
from comparing import make_document

from qosflood.report.compare import compare, markdown, page
from qosflood.report.compare.amounts import interval, moved, outcome, value
from qosflood.report.compare.document import to_json
from qosflood.report.compare.figures import FIGURES
from qosflood.report.compare.judging import change_of
from qosflood.report.compare.resampling import Noise
from qosflood.report.compare.values import Change, Comparison, Difference, Given, MinEffect
from qosflood.report.compare.words import (
    advice,
    floor_lines,
    headline,
    row,
    sight,
    unknown_lines,
)

BY_NAME = {figure.name: figure for figure in FIGURES}


def judged(name: str, base: float | None, new: float | None, error: float = 0.01) -> Change:
    own = {name: Noise(error, 7.0)}
    found = change_of(BY_NAME[name], [base], [new], ([own], [own]), MinEffect())
    assert found is not None
    return found


def compared(allow_invalid: bool = False, **changes: Any) -> Comparison:
    """Two runs alike, the new one with other keys in its report, by dotted path."""
    base = Given(name="before", document=make_document("a", 1, blocks=6, each=200))
    document = make_document("b", 2, blocks=6, each=200)
    new = Given(name="after", document=document.model_copy(update=changes))
    return compare([base], [new], effect=MinEffect(), seed=1, allow_invalid=allow_invalid)


@pytest.mark.parametrize(
    ("name", "base", "new", "words"),
    [
        ("response.p99", 12.0, 2268.0, "regressed, 189x slower"),
        ("response.p99", 2268.0, 12.0, "improved, 189x faster"),
        ("response.p99", 20.0, 24.6, "regressed by 23%"),
        ("response.p99", 20.0, 190.0, "regressed by 850%"),
        ("memory.max", 10.0 * 2**20, 300.0 * 2**20, "regressed, 30x larger"),
        ("target.cpu", 0.05, 1.0, "regressed, 20x more"),
        ("errors", 0.0, 0.25, "regressed by 25.00 points"),
    ],
)
def test_a_change_of_ten_times_or_more_is_a_factor_and_says_which_way(
    name: str, base: float, new: float, words: str
) -> None:
    change = judged(name, base, new)
    assert outcome(change) == words
    assert words in headline(change.verdict, [change], (), 1)


def test_what_is_a_fraction_of_its_base_is_never_shown_as_a_hundred_percent_less() -> None:
    change = judged("response.p99", 5000.0, 5.0)
    assert moved(change) == "1/1,000x"
    assert "100%" not in headline("improved", [change], (), 1)


def test_an_interval_that_says_nothing_is_short_enough_for_its_column() -> None:
    change = judged("response.p99", 1400.0, 3700.0, error=9.0)
    assert interval(change) == "<1/100x to >100x"


def test_what_is_the_same_by_its_floor_alone_says_which_floor() -> None:
    change = judged("response.p50", 0.4, 0.98)
    assert (change.verdict, change.floor, moved(change)) == ("same", 1.0, "+145%")
    assert row(change).why == "a difference under 1ms does not matter"
    assert floor_lines([change]) == ["response p50 (+145%): a difference under 1ms does not matter"]
    assert "(+145%, a difference under 1ms does not matter)" in headline("same", [change], (), 1)
    memory = judged("memory.max", 2.0 * 2**20, 6.0 * 2**20)
    assert floor_lines([memory]) == [
        "memory max (+200%): a difference under 5.0 MiB does not matter"
    ]


def test_a_change_that_is_small_in_every_way_needs_no_line_of_its_own() -> None:
    change = judged("response.p50", 0.400, 0.401)
    assert (change.verdict, change.floor) == ("same", None)
    assert change.why == "a change under 5% does not matter"
    assert floor_lines([change]) == []


def test_the_floor_is_named_wherever_the_sign_stands() -> None:
    base = make_document("a", 1, scale=0.02, blocks=6, each=200)
    new = make_document("b", 2, scale=0.03, blocks=6, each=200)
    sides = [Given(name="before", document=base)], [Given(name="after", document=new)]
    comparison = compare(*sides, effect=MinEffect(), seed=1)
    for text in (markdown.render(comparison), page.render(comparison, *sides)):
        assert "a difference under 1ms does not matter" in text


@pytest.mark.parametrize("error", [0.01, 0.9])
@pytest.mark.parametrize("factor", [1.6, 3.0, 189.0, 1 / 189])
def test_a_figure_that_changed_is_never_called_too_noisy_to_show_it(
    factor: float, error: float
) -> None:
    change = judged("response.p99", 20.0, 20.0 * factor, error)
    said = sight(change.verdict, [change]) or ""
    if change.verdict in ("regressed", "improved"):
        assert "noisy" not in said
        assert "not be detected" not in said
        assert "the least that would be detected" in said
    else:
        assert "would be detected" in said or "too noisy" in said


@pytest.mark.parametrize("factor", [20.0, 189.0, 1 / 189])
def test_no_size_is_said_to_be_hidden_beside_a_change_that_is_larger(factor: float) -> None:
    change = judged("response.p99", 20.0, 20.0 * factor, error=9.0)
    assert change.verdict == "unknown"
    assert change.why == "too noisy: even a change as large as this one may be noise"


def test_under_a_headline_of_another_figure_nothing_is_said_of_the_noise_of_latency() -> None:
    hidden = judged("response.p99", 1400.0, 3700.0, error=9.0)
    errors = judged("errors", 0.0, 0.5)
    said = sight("regressed", [hidden, errors]) or ""
    assert said.startswith("This change of errors exceeds ")
    assert unknown_lines([hidden, replace(hidden, label="response p90")]) == [
        "response p99, response p90: too noisy: even a change as large as this one may be noise"
    ]


def test_what_never_came_is_called_never_in_its_own_place() -> None:
    change = judged("recovery", 3.0, math.inf)
    assert (row(change).base, row(change).new) == ("3s", "never")
    assert change.why == "never in new"
    assert headline("regressed", [change], (), 1) == (
        "recovery 3s → never: regressed (never in new)"
    )
    assert value("s", None) == "–"
    some = change_of(
        BY_NAME["recovery"], [1.0, 2.0], [math.inf, 5.0], ([{}] * 2, [{}] * 2), MinEffect()
    )
    assert some is not None
    assert some.why == "never in 1 of 2 new"
    assert (row(some).base, row(some).new) == ("1s 2s", "never 5s")


def test_what_never_came_is_null_in_json() -> None:
    comparison = replace(compared(), changes=(judged("recovery", 3.0, math.inf),))
    (told,) = to_json(comparison)["changes"]
    assert (told["base"], told["new"]) == ((3.0,), (None,))


def generator_at_fault() -> dict[str, Any]:
    generator = make_document("b", 2, blocks=6, each=200).generator
    problems = ["generator late in 9 of 10 windows"]
    return {"generator": generator.model_copy(update={"problems": problems})}


def test_compared_anyway_is_said_only_where_it_was_asked_for_and_done() -> None:
    refused = compared(**generator_at_fault())
    assert refused.verdict == "not comparable"
    assert not any("anyway" in note for note in refused.notes)
    asked = compared(allow_invalid=True, **generator_at_fault())
    assert any("compared anyway (--allow-invalid)" in note for note in asked.notes)
    plan = make_document("b", 2, blocks=6, each=200).plan | {"profile": "smoke"}
    apart = compared(allow_invalid=True, plan=plan, **generator_at_fault())
    assert apart.verdict == "not comparable"
    assert not any("anyway" in note for note in apart.notes)


def test_a_refusal_gives_the_reason_that_it_has() -> None:
    refused = compared(**generator_at_fault())
    shown = page.render(refused, [], [])
    assert "Nothing was compared: a run was cut short or is not valid." in shown
    assert advice(refused) == ["run again what was cut short or is not valid"]
    other = Difference(what="rate", run="after", base="1", new="2")
    both = replace(refused, differences=(*refused.differences, other))
    assert len(advice(both)) == 2
    assert "measured different things" in page.render(replace(both, differences=(other,)), [], [])
