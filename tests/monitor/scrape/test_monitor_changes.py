"""What changed from page to page."""

from plan_maker import make_watch

from qosflood.monitor.scrape.changes import History

TEXT = "text/plain; version=0.0.4"


def unchanged(*pages: bytes) -> list[bool]:
    history = History(make_watch())
    return [history.read(page, TEXT)[1].unchanged for page in pages]


def test_a_page_is_unchanged_only_if_no_byte_of_it_changed() -> None:
    assert unchanged(b"a 1\n", b"a 1\n", b"a 2\n", b"a 2\n", b"a 1\n") == [
        False,
        True,
        False,
        True,
        False,
    ]
