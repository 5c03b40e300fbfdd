"""What the live page is told, record by record."""

import orjson
import pytest
from plan_maker import make_plan
from record_maker import T0_NS, at, end, event, healthy_run, load_started, memory, scrape, window

from qosflood.base.units import SECOND
from qosflood.journal.records import JournalRecord
from qosflood.live.web.page import MOST_MARKS, LivePage, RefusedError
from qosflood.live.web.state import MOST_INSTANCES, PageState

NASTY = "<script>alert(1)</script>\x1b[2J\u202e"


def state_of(*records: JournalRecord, **plan) -> PageState:
    state = PageState(make_plan(**plan), "runs/x", "2026-11-23 14:00:00 UTC")
    for record in records:
        state.feed(record)
    return state


def flood(second: int, **changes) -> JournalRecord:
    return window(second, "flood", response_ms=[5.0] * 90, failed={"timeout": 10}, **changes)


def test_tracks_hold_a_point_for_each_second_of_the_load():
    state = state_of(load_started(), *(flood(second) for second in range(6, 9)))
    tracks = state.snapshot(at(9))["tracks"]
    assert tracks["acked"] == [(6.0, 90.0), (7.0, 90.0), (8.0, 90.0)]
    assert tracks["offered"] == [(6.0, 100.0), (7.0, 100.0), (8.0, 100.0)]
    assert tracks["error timeout"] == [(6.0, 10.0), (7.0, 10.0), (8.0, 10.0)]
    assert tracks["planned"] == [(6.0, 100.0), (7.0, 100.0), (8.0, 100.0)]


def test_a_second_waits_for_every_shard():
    load = {"shards": 2}
    state = state_of(load_started(), flood(6, shard=0), load=load)
    assert "acked" not in state.snapshot(at(7))["tracks"]
    state.feed(flood(6, shard=1))
    assert state.snapshot(at(7))["tracks"]["acked"] == [(6.0, 180.0)]


def test_a_second_that_nobody_told_of_is_a_gap_and_no_zero():
    tracks = state_of(load_started(), flood(6), flood(8)).snapshot(at(9))["tracks"]
    assert tracks["acked"] == [(6.0, 90.0), (7.0, None), (8.0, 90.0)]


def test_increments_after_a_snapshot_make_the_later_snapshot():
    records = healthy_run(make_plan())
    state = state_of(*records[:30])
    tracks = {name: list(points) for name, points in state.snapshot(at(5))["tracks"].items()}
    state.increment(at(5))
    for record in records[30:]:
        state.feed(record)
    for name, points in state.increment(at(30))["points"].items():
        tracks.setdefault(name, []).extend(points)
    assert tracks == state.snapshot(at(30))["tracks"]


def test_samples_from_before_the_load_begins_are_kept_for_it():
    state = state_of(memory(-0.5), scrape(0.25))
    assert state.snapshot(0)["tracks"] == {}
    state.feed(load_started())
    assert state.snapshot(0)["tracks"] == {
        "memory target": [(-0.5, 80.0)],
        "scrape target": [(0.25, 20.0)],
    }


def test_a_failed_scrape_is_a_cross_and_told_with_its_reason():
    state = state_of(load_started(), scrape(1.0), scrape(2.0, ok=False, reason="no route"))
    told = state.snapshot(at(3))
    assert told["tracks"]["scrape_failed"] == [(2.0, 1000.0)]
    (row,) = told["now"]["instances"]
    assert (row["failed"], row["scrapes"], row["reason"]) == ("1", "2", "no route")


def test_a_late_second_is_a_cross_beside_the_lag():
    late = flood(6, lag_ms=[40.0] * 2000)
    tracks = state_of(load_started(), flood(5), late).snapshot(at(7))["tracks"]
    assert [t_s for t_s, _ in tracks["late"]] == [6.0]
    assert tracks["lag"][-1][1] == pytest.approx(40.0, rel=0.01)


def test_what_a_target_says_is_made_fit_to_be_shown():
    told = state_of(
        load_started(),
        scrape(1.0, ok=False, reason=NASTY, instance=NASTY),
        event(1.0, "warning", what=NASTY),
    ).snapshot(at(2))
    text = orjson.dumps(told).decode()
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_a_page_tells_of_so_many_instances_and_no_more():
    samples = [memory(1.0 + n, instance=f"pod-{n}") for n in range(MOST_INSTANCES + 9)]
    told = state_of(load_started(), *samples).snapshot(at(60))
    assert len(told["now"]["instances"]) == MOST_INSTANCES


def page_of(*records: JournalRecord) -> LivePage:
    return LivePage(state_of(*records), lambda: at(7))


class Run:
    """What was asked of a run."""

    def __init__(self) -> None:
        self.stops = 0
        self.marks: list[str] = []

    def stop(self) -> None:
        self.stops += 1

    def mark(self, text: str) -> None:
        self.marks.append(text)


def test_a_run_that_goes_on_may_be_stopped_and_marked():
    page, run = page_of(load_started()), Run()
    page.steer(run)
    page.stop()
    page.mark("  restarted the proxy\n")
    assert (run.stops, run.marks) == (1, ["restarted the proxy"])


@pytest.mark.parametrize(
    ("records", "why"), [([], "has not begun"), ([load_started(), end(5)], "is over")]
)
def test_nothing_can_be_asked_before_the_load_and_after_the_end(records, why):
    page = page_of(*records)
    page.steer(Run())
    for ask in (page.stop, lambda: page.mark("x")):
        with pytest.raises(RefusedError, match=why):
            ask()


@pytest.mark.parametrize("text", ["", "  \n", None, 7, ["x"], "\x00"])
def test_a_mark_needs_a_text(text):
    page = page_of(load_started())
    page.steer(Run())
    if text == "\x00":
        page.mark(text)
        return
    with pytest.raises(RefusedError, match="needs a text"):
        page.mark(text)


def test_a_run_takes_so_many_marks_and_no_more():
    page, run = page_of(load_started()), Run()
    page.steer(run)
    for _ in range(MOST_MARKS):
        page.mark("again")
    with pytest.raises(RefusedError, match="500 marks"):
        page.mark("once more")
    assert len(run.marks) == MOST_MARKS


def test_a_page_opened_between_two_ticks_hears_nothing_twice():
    page = page_of(load_started(), flood(6), scrape(6.5))
    number, whole = page.snapshot()
    page.feed(flood(7))
    page.tick(at(9))
    ((_, message),) = page.ring.after(number)
    assert orjson.loads(whole)["tracks"]["acked"] == [[6.0, 90.0]]
    assert orjson.loads(message)["points"]["acked"] == [[7.0, 90.0]]


def test_the_page_tells_what_is_new_once_a_second():
    page = page_of(load_started())
    for quarter in range(9):
        page.tick(T0_NS + quarter * SECOND // 4)
    assert page.ring.last == 3
