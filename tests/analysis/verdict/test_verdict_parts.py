"""The verdict on one part alone, and on a merged run of which something is missing."""

import pytest
from plan_maker import make_plan
from record_maker import WALL_NS, event, healthy_run, window

from qosflood.analysis import analyse
from qosflood.analysis.verdict.verdict import BY_MERGE, judge
from qosflood.journal.records import INCOMPLETE, End, Event
from qosflood.plan.limit_language import parse_limit
from qosflood.plan.plan import Part

THIRD = Part(index=3, of=8, start_at_ns=0, scrapes=False, memory=False)
WATCHED = ("scrape.gap < 3s", "restarts == 0", "memory.leak == none", "memory.max < 1GiB")


def verdict_of(plan, records):
    return judge(plan, analyse(plan, WALL_NS, records))


def unwatched(plan):
    made = healthy_run(plan, rss=None)
    return [record for record in made if record.TAG != "scrape"]


@pytest.mark.parametrize("named_by", ["user", "shipped"])
def test_what_another_part_watches_is_left_to_the_merge(named_by):
    limits = tuple(parse_limit(text, named_by) for text in ("errors < 0.1%", *WATCHED))
    plan = make_plan(part=THIRD, limits=limits)
    verdict = verdict_of(plan, unwatched(plan))
    assert verdict.verdict == "PASS"
    assert verdict.not_judged == ()
    assert "not judged" not in verdict.headline
    assert verdict.headline.endswith("all limits held")
    assert [judged.reason for judged in verdict.limits] == ["", *([BY_MERGE] * 4)]


def test_a_parts_headline_says_how_much_of_the_run_it_is():
    plan = make_plan(part=THIRD)
    verdict = verdict_of(plan, unwatched(plan))
    assert verdict.headline.startswith(
        "part 3/8: 13 of 100 clients, 13 of 100 reports/s (10x of a peak of 10 reports/s, "
        "10 clients) for 10s: PASS"
    )


def test_a_parts_figures_are_of_its_own_clients():
    plan = make_plan(part=THIRD)
    findings = analyse(plan, WALL_NS, unwatched(plan))
    assert [phase.clients for phase in findings.phases] == [1, 13, 13, 1, 0]
    started = [entry.what for entry in findings.timeline if entry.kind == "phase_started"]
    assert started[2] == "flood: 13 clients, 13 reports/s for 10s"
    assert findings.memory.reason == "watched by part 1"


def merged(records, *said, reason=INCOMPLETE):
    """The records of a merged run that ended so, with what merge said of its parts."""
    events = [Event(t=0, who="generator", kind=kind, what=what) for kind, what in said]
    return [*records[:-1], *events, End(t=records[-1].t, reason=reason)]


def test_a_missing_part_makes_the_run_invalid_and_is_named():
    plan = make_plan(merged=8, limits=(parse_limit("errors < 0.1%"), parse_limit("offered >= 99%")))
    said = ("part_missing", "part 5/8 is missing: it was not given to merge")
    verdict = verdict_of(plan, merged(healthy_run(plan), said))
    assert verdict.verdict == "INVALID"
    assert verdict.reasons[0] == said[1]
    assert said[1] in verdict.headline
    errors, offered = verdict.limits
    assert errors.ok
    assert (offered.ok, offered.reason) == (None, "some of the load of its parts is missing")


def test_what_a_dead_part_left_open_is_no_error_of_the_targets():
    plan = make_plan(merged=2, limits=(parse_limit("errors < 0.1%", "shipped"),))

    def died(same):
        # The last seconds of one of two parts never came: what it had sent has no outcome.
        if same.phase != "flood" or same.second < 10:
            return same
        return window(same.second, same.phase, response_ms=[5.0] * 50, scheduled=60)

    said = ("part_died", "part 2/2 died 4s into flood: its journal has no end record")
    verdict = verdict_of(plan, merged(healthy_run(plan, change=died), said))
    assert (verdict.verdict, verdict.reasons[0]) == ("INVALID", said[1])
    assert verdict.limits[0].ok is None


def test_a_limit_that_nothing_was_cut_off_from_gives_no_reason():
    plan = make_plan(merged=2, limits=(parse_limit("errors < 0.1%", "shipped"),))
    errors = verdict_of(plan, merged(healthy_run(plan))).limits[0]
    assert (errors.ok, errors.value, errors.reason) == (True, 0.0, "")


def test_an_interrupted_part_interrupts_the_run():
    plan = make_plan(merged=2)
    detail = "part 2/2 was interrupted 4s into flood (by SIGINT)"
    records = merged(healthy_run(plan))[:-1]
    verdict = verdict_of(
        plan, [*records, End(t=records[-1].t, reason="interrupted", detail=detail)]
    )
    assert verdict.verdict == "INTERRUPTED"
    assert verdict.reasons == (f"interrupted: {detail}",)


def test_clocks_of_several_hosts_are_a_warning():
    plan = make_plan(merged=2)
    extra = [event(0, "clocks_trusted", "generator", "the parts ran on 2 hosts (a, b)")]
    findings = analyse(plan, WALL_NS, healthy_run(plan, extra=extra))
    assert "clocks_trusted: the parts ran on 2 hosts (a, b)" in findings.warnings
