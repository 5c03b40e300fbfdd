"""The answer of a search in figures and short sentences."""

from typing import get_args

import pytest
from search_story import search_document, trials_of

from qosflood.experiments.capacity.trial import Reason
from qosflood.report.document.schema_capacity import Capacity
from qosflood.report.document.search_words import (
    REASONS,
    gives_lines,
    search_facts,
    sure_lines,
)


def capacity(words: str = "", reason: Reason = "width", need: int | None = None) -> Capacity:
    trials = trials_of(words) if words else None
    found = search_document(trials, reason=reason, need=need).capacity
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("need", "words"), [(230, "YES, 2x"), (4600, "NO, 0.1x"), (455, "not known, 1x")]
)
def test_the_need_has_its_headroom_as_a_ratio(need: int, words: str) -> None:
    facts = {name: value for name, value, _, _ in search_facts(capacity(need=need))}
    assert facts[f"need {need:,}"] == words


def test_a_bound_is_a_bound_of_the_headroom_too() -> None:
    found = capacity("100+ 200+ 400+ 800+ 1600+", "max", need=400)
    facts = {name: value for name, value, _, _ in search_facts(found)}
    assert facts["need 400"].startswith("YES, at least ")
    assert facts["clients"].startswith("at least ")


def test_nothing_tried_has_no_figures() -> None:
    found = search_document([], reason="interrupted").capacity
    assert found is not None
    assert list(search_facts(found)) == []
    assert list(gives_lines(found)) == []


def test_what_gives_first_and_what_held_are_said() -> None:
    lines = list(gives_lines(capacity()))
    assert lines[0].startswith("first: response.p99 < 250ms, at 4")


def test_no_limit_that_gave_is_said() -> None:
    found = capacity("100+ 200+ 400+ 800+ 1600+", "max")
    assert all(line.startswith(("No limit", "held")) for line in gives_lines(found))


def test_an_answer_without_an_upper_end_is_a_bound_and_no_interval() -> None:
    assert next(sure_lines(capacity())).startswith("95% interval from 11 trials (6 good, 5 bad)")
    bound = capacity("100+ 200+ 400+ 800+ 1600+", "max")
    assert next(sure_lines(bound)).startswith("95% bound from 5 trials (5 good)")


def test_every_reason_has_words() -> None:
    assert set(REASONS) == set(get_args(Reason))


@pytest.mark.parametrize("reason", REASONS)
def test_why_a_search_ended_is_said(reason: Reason) -> None:
    assert REASONS[reason] in next(sure_lines(capacity(reason=reason)))


def test_an_answer_that_was_not_confirmed_is_not_given() -> None:
    trials = [*trials_of(), *trials_of("414-", purpose="confirm")]
    found = search_document(trials).capacity
    assert found is not None
    assert "clients" not in {name for name, *_ in search_facts(found)}
    assert "a longer flood of 414 clients broke a limit, so no answer is given" in sure_lines(found)
