"""report.md and junit.xml of a search."""

from xml.etree import ElementTree

import pytest
from search_story import search_document, trials_of

from qosflood.report.document.schema import Document
from qosflood.report.formats import junit, markdown

SEARCHES = {
    "enough": lambda: search_document(need=300),
    "not enough": lambda: search_document(need=4000),
    "not known": lambda: search_document(need=455),
    "no need": search_document,
    "nothing tried": lambda: search_document([], reason="interrupted"),
    "not confirmed": lambda: search_document([*trials_of(), *trials_of("414-", purpose="confirm")]),
    "not recovered": lambda: search_document(reason="not_recovered"),
    "below 1x": lambda: search_document(trials_of("100- 100- 50- 25+ 35- 30- 28+ 29-")),
    "many": lambda: search_document(
        [
            *trials_of(" ".join(f"{100 + 7 * at}{'+-o'[at % 3]}" for at in range(40))),
            *trials_of("400+ 300- 300- 250+ 240-", "filled"),
            *trials_of("100- 100- 50+", purpose="again"),
        ],
        held=9000,
        need=4000,
    ),
}


def cases(document: Document) -> dict[str, ElementTree.Element]:
    suite = ElementTree.fromstring(junit.render(document))
    return {case.get("name", ""): case for case in suite.iter("testcase")}


@pytest.mark.parametrize("name", SEARCHES)
def test_the_markdown_has_at_most_thirty_lines_and_its_folded_part_ends(name: str) -> None:
    text = markdown.render(SEARCHES[name]())
    assert len(text.splitlines()) <= markdown.MOST_LINES
    assert text.count("<details>") == text.count("</details>") == 1


def test_the_markdown_tells_the_answer_and_the_trials_but_no_phases() -> None:
    text = markdown.render(search_document(need=4000))
    for words in (
        "need 4,000: NO",
        "first: response.p99",
        "95% interval from 11 trials",
        "| 455 |",
    ):
        assert words in text
    for words in ("| phase |", "Limited by", "Memory:"):
        assert words not in text


@pytest.mark.parametrize("name", SEARCHES)
def test_the_suite_is_green_where_the_exit_code_is_0_and_only_there(name: str) -> None:
    document = SEARCHES[name]()
    red = [case for case in cases(document).values() if case.find("failure") is not None]
    red += [case for case in cases(document).values() if case.find("error") is not None]
    assert (not red) == (document.exit_code == 0)


@pytest.mark.parametrize(("need", "tag"), [(300, None), (4000, "failure"), (455, "skipped")])
def test_the_need_is_a_test_case(need: int, tag: str | None) -> None:
    case = cases(search_document(need=need))[f"carries {need:,} clients"]
    found = {child.tag for child in case}
    assert found == ({tag} if tag else set())


def test_a_limit_that_gives_fails_no_test_but_says_where() -> None:
    case = cases(search_document())["response.p99 < 250ms"]
    assert case.find("failure") is None
    assert (case.findtext("system-out") or "").startswith("gives at 4")


def test_no_reason_is_said_twice() -> None:
    for make in SEARCHES.values():
        reasons = make().reasons
        assert all(reasons.count(one) == 1 for one in reasons)
