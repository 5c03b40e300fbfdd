"""report.html of a search for capacity: the answer first, and nothing of phases."""

import re

import pytest
from search_story import search_document, trials_of
from stories import good_run

from qosflood.report.document.schema import Document
from qosflood.report.html.page import render


def page_of(document: Document) -> str:
    story = good_run()
    return render(document, story.plan, story.findings)


def titles(page: str) -> list[str]:
    return re.findall(r'<h2 id="[^"]*">([^<]*)</h2>', page)


def words(page: str) -> str:
    body = page.partition('<main id="main"')[2].partition("<footer>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


@pytest.fixture(scope="module")
def page() -> str:
    return page_of(search_document(need=4000))


def test_the_sections_are_those_of_a_search(page: str) -> None:
    assert titles(page) == [
        "Curves over load",
        "Trials",
        "Order in which limits give",
        "Limits in one flood",
        "Warnings",
        "Plan and environment",
    ]


def test_the_answer_comes_first(page: str) -> None:
    said = words(page)
    order = ["FAIL", "need 4,000: NO", "carries ", "gives first: response.p99", "Curves over load"]
    places = [said.index(one) for one in order]
    assert places == sorted(places)


def test_the_tiles_hold_clients_rate_multiple_need_and_what_gives(page: str) -> None:
    names = re.findall(r"<dt>([^<]*)</dt>", page.partition('class="cards"')[0])
    assert names == [
        "clients",
        "reports",
        "of 1x",
        "need 4,000",
        "gives first",
        "per 1,000 clients",
    ]


def test_what_gives_and_how_sure_that_is_stand_beside_what_to_do(page: str) -> None:
    cards = page.partition('class="cards"')[2].partition("<section aria-labelledby")[0]
    assert re.findall(r"<h2>([^<]*)</h2>", cards) == [
        "What gives first, and second",
        "How sure this is",
        "What to do next",
    ]


def test_every_trial_is_a_row(page: str) -> None:
    table = page.partition('id="trials"')[2].partition("</table>")[0]
    assert len(re.findall(r'<span class="state (good|bad|warn)">', table)) == 11
    assert "response.p99 &lt; 250ms" in table


def test_fresh_and_filled_are_both_shown() -> None:
    trials = [*trials_of(), *trials_of("400+ 300- 300- 250+ 240-", "filled")]
    page = page_of(search_document(trials, held=5000))
    assert "Fresh and filled" in titles(page)
    assert "holds 5,000 sessions" in words(page)


def test_a_target_that_remembers_is_named() -> None:
    trials = [*trials_of(), *trials_of("100- 100- 50+", purpose="again")]
    said = words(page_of(search_document(trials)))
    assert (
        "the target stays slow after an overload (hysteresis): 100 clients were good before" in said
    )
    assert "it recovers at 50" in said


def test_a_search_without_a_trial_that_counts_has_a_page() -> None:
    said = words(page_of(search_document([], reason="interrupted")))
    assert "INVALID" in said
    assert "could not be made" not in said


def test_steps_without_a_search_have_a_page() -> None:
    steps = (100, 200, 500)
    said = words(page_of(search_document(trials_of("100+ 200+ 500-"), steps=steps, reason="done")))
    assert "held 200 clients, not 500" in said
    assert "could not be made" not in said


def test_what_a_target_sent_stays_text() -> None:
    trials = trials_of("100+ 200+ 400o 400+")
    hostile = "<script>alert(1)</script>"
    document = search_document(trials, reason="budget")
    assert document.capacity is not None
    for trial in document.capacity.trials:
        object.__setattr__(trial, "why", hostile)
    assert hostile not in page_of(document)
