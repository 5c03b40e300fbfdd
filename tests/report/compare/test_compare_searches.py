"""Two searches for capacity: did it change?"""

from collections.abc import Sequence

import pytest
from search_story import search_document, trials_of
from stories import document_of, good_run

from qosflood.experiments.capacity.trial import Reason
from qosflood.report.compare import compare, markdown, page
from qosflood.report.compare.charts import charts_of
from qosflood.report.compare.document import to_json
from qosflood.report.compare.values import Comparison, Given, MinEffect
from qosflood.report.document.schema import Document

AT_460 = "100+ 200+ 400+ 800- 800- 500- 450+ 470- 440+ 460- 455+ 458+ 462- 459+ 461-"
AT_500 = "100+ 200+ 400+ 800- 800- 550- 480+ 510- 490+ 505- 495+ 499+ 502- 498+ 501-"
AT_230 = "100+ 200+ 400- 400- 250- 225+ 240- 220+ 232- 228+ 230+ 231- 229+ 233-"
HELD_ALL = "100+ 200+ 400+ 800+ 1600+"
HELD_LESS = "100+ 200+ 400+"


def given(name: str, document: Document) -> Given:
    renamed = document.model_copy(update={"run": document.run.model_copy(update={"id": name})})
    return Given(name=name, document=renamed)


def search(words: str, name: str = "a search") -> Given:
    reason: Reason = "max" if words in (HELD_ALL, HELD_LESS) else "width"
    return given(name, search_document(trials_of(words), reason=reason))


def compared(base: Sequence[Given], new: Sequence[Given]) -> Comparison:
    return compare(base, new, effect=MinEffect(), seed=1)


@pytest.mark.parametrize(
    ("base", "new", "verdict", "code"),
    [
        (AT_460, AT_460, "same", 0),
        (AT_460, AT_230, "regressed", 1),
        (AT_230, AT_460, "improved", 0),
        (AT_460, AT_500, "improved", 0),
        (HELD_ALL, AT_460, "regressed", 1),
        (AT_460, HELD_ALL, "improved", 0),
        (HELD_ALL, HELD_ALL, "same", 0),
        (HELD_ALL, HELD_LESS, "unknown", 3),
    ],
)
def test_the_verdict_follows_from_both_posteriors(
    base: str, new: str, verdict: str, code: int
) -> None:
    comparison = compared([search(base, "old")], [search(new, "new")])
    assert (comparison.verdict, comparison.exit_code) == (verdict, code)


def test_the_headline_says_how_many_clients_were_and_are_carried() -> None:
    comparison = compared([search(AT_460, "old")], [search(AT_230, "new")])
    assert comparison.headline.startswith(
        "clients carried 460 → 230: regressed by 50% (interval -5"
    )
    assert "over 99% probable that it carries fewer" in comparison.headline


def test_wide_intervals_show_nothing() -> None:
    few = "100+ 200+ 400+ 800- 800-"
    comparison = compared([search(few, "old")], [search(few, "new")])
    assert comparison.verdict == "unknown"
    assert "--width" in comparison.headline


def test_a_change_that_is_smaller_than_the_relevant_one_is_the_same() -> None:
    base, new = [search(AT_460, "old")], [search(AT_500, "new")]
    comparison = compare(base, new, effect=MinEffect(share=0.2), seed=1)
    assert comparison.verdict == "same"


def test_several_searches_of_a_side_count_alike() -> None:
    bases = [search(AT_460, "one"), search(AT_500, "two")]
    change = compared(bases, [search(AT_460, "new")]).changes[0]
    assert len(change.base) == 2
    assert change.low is not None
    assert change.low < 0 < (change.high or 0)


@pytest.mark.parametrize("flood_first", [True, False])
def test_a_search_and_a_flood_are_refused_in_one_line(flood_first: bool) -> None:
    flood, found = given("flood", document_of(good_run())), search(AT_460, "found")
    pair = ([flood], [found]) if flood_first else ([found], [flood])
    comparison = compared(*pair)
    kinds = ["flood", "search for capacity"]
    before, after = kinds if flood_first else reversed(kinds)
    assert comparison.exit_code == 3
    assert comparison.headline == f"not comparable: kind {before} → {after}"
    assert len(comparison.differences) == 1


def test_searches_within_other_limits_are_not_comparable() -> None:
    other = search_document()
    other.plan["limits"] = other.plan["limits"][1:]
    comparison = compared([search(AT_460)], [given("other", other)])
    assert [one.what for one in comparison.differences] == ["limits"]


def test_the_load_of_the_flood_that_is_shown_sets_no_searches_apart() -> None:
    other = search_document(trials_of(AT_460))
    other.plan["load"]["clients"] = 7
    other.plan["load"]["shards"] = 2
    assert compared([search(AT_460)], [given("other", other)]).verdict == "same"


def test_a_search_that_found_nothing_is_refused() -> None:
    nothing = given("nothing", search_document([], reason="interrupted"))
    comparison = compared([search(AT_460)], [nothing])
    assert comparison.verdict == "not comparable"
    assert "no trial said anything about the target" in comparison.headline


def test_a_search_whose_answer_was_not_confirmed_is_compared_only_where_that_is_asked_for() -> None:
    trials = [*trials_of(AT_460), *trials_of("414-", purpose="confirm")]
    unconfirmed = given("unconfirmed", search_document(trials))
    refused = compared([search(AT_460)], [unconfirmed])
    assert refused.verdict == "not comparable"
    assert "was to confirm its answer broke a limit" in refused.headline
    pair = [search(AT_460)], [unconfirmed]
    allowed = compare(*pair, effect=MinEffect(), seed=1, allow_invalid=True)
    assert allowed.verdict == "same"
    assert any("compared anyway" in note for note in allowed.notes)


def test_fresh_and_filled_are_compared_each_where_all_have_both() -> None:
    filled = trials_of("400+ 300- 300- 250+ 240+ 260- 255+ 258-", "filled")
    both = given("both", search_document([*trials_of(AT_460), *filled], held=5000))
    names = [change.name for change in compared([both], [given("new", both.document)]).changes]
    assert names == ["capacity.clients", "capacity.fresh", "capacity.filled"]


def test_page_markdown_and_json_show_it() -> None:
    base, new = [search(AT_460, "old")], [search(AT_230, "new")]
    comparison = compared(base, new)
    html = page.render(comparison, base, new)
    assert "clients carried" in html
    assert "generator late" not in html
    assert [chart.name for chart in charts_of(comparison, base, new)] == ["capacity"]
    assert "clients carried" in markdown.render(comparison)
    plain = to_json(comparison)
    assert plain["changes"][0]["name"] == "capacity.clients"
    assert plain["runs"][0]["clients"]["low"] > 400


def test_a_name_in_the_chart_is_text() -> None:
    base, new = [search(AT_460, "<b>old</b>")], [search(AT_230, "new")]
    (chart,) = charts_of(compared(base, new), base, new)
    assert "<b>" not in str(chart.figure)
