"""What a scraped page shows of the audit's counter, and when it was there."""

from record_maker import scrape

from qosflood.base.units import MS, SECOND
from qosflood.monitor.exposition.exposition import read_exposition
from qosflood.monitor.loss.counter import reading
from qosflood.plan.watching import Audit

AUDIT = Audit(counter="a_total")
SAMPLE = scrape(8)


def page(body):
    return read_exposition(body, "text/plain", "gauge", wanted=("a_total",))


def test_a_late_scrape_shows_the_counter_when_its_page_was_there_not_at_its_tick():
    done_t = SAMPLE.t + 320 * MS
    read = reading(AUDIT, SAMPLE, page(b"a_total 3\n"), done_t)
    assert (read.t, read.done_t, read.value) == (SAMPLE.t, done_t, 3.0)


def test_a_page_without_the_counter_is_no_reading():
    assert reading(AUDIT, SAMPLE, page(b"b_total 3\n"), SAMPLE.t + SECOND) is None
