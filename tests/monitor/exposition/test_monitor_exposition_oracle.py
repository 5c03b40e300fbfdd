"""The packaged Prometheus scrapes every page, and takes and refuses the same ones."""

from random import Random

from exposition_cases import CASES, OPENMETRICS, TEXT
from exposition_maker import make_page, spoil
from prometheus import Page, judge

from qosflood.monitor.exposition.exposition import ExpositionError, read_exposition

MADE = 400
SPOILT = 200


def test_prometheus_takes_and_refuses_the_same_pages(tmp_path):
    chance = Random(2042)
    pages = [Page(case.body, case.content_type) for case in CASES]
    for _ in range(MADE // 2):
        pages.append(Page(make_page(chance, openmetrics=False), TEXT))
        pages.append(Page(make_page(chance, openmetrics=True), OPENMETRICS))
    small = [page for page in pages if len(page.body) < 500]
    pages += (
        Page(spoil(chance, page.body), page.content_type) for page in chance.sample(small, SPOILT)
    )
    wrong = [
        f"{page.body[:200]!r}: {verdict.error or 'up'}; ours: {ours}"
        for page, verdict in zip(pages, judge(pages, tmp_path), strict=True)
        if verdict.up != ((ours := refusal(page)) is None)
    ]
    assert wrong == []


def refusal(page: Page) -> str | None:
    """Why we refuse it as Prometheus 2 would; None if we take it."""
    try:
        read_exposition(page.body, page.content_type, "g", dialect="2")
    except ExpositionError as error:
        return str(error)
    return None
