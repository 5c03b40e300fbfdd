"""`--part` and `--start-at`: what they need, and what every part knows without being told."""

import pytest
from resolving import plan_of

from qosflood.base.errors import PlanError, UnitError
from qosflood.base.units import MS, SECOND, format_utc
from qosflood.plan.describe import describe
from qosflood.plan.options import PartOf, parse_part
from qosflood.plan.plan import Part, Plan

START = 1_795_442_400 * SECOND
URL = "http://127.0.0.1:3000"
ASKED = {"target": URL, "seed": 7, "start_at_ns": START}


def part(index: int, of: int = 8, **options: object) -> Plan:
    return plan_of(part=PartOf(index, of), addresses=("127.0.0.1",), **(ASKED | options))


@pytest.mark.parametrize("text", ["3", "3/0", "-1/8", "3/8/2", "three/8", "³/8", ""])
def test_a_part_is_a_number_of_a_number(text):
    assert parse_part(" 3/8 ") == PartOf(3, 8)
    with pytest.raises(UnitError, match="expected the part and how many there are"):
        parse_part(text)


@pytest.mark.parametrize(("text", "meant"), [("0/8", "1/8"), ("9/8", "8/8"), ("2/1", "1/1")])
def test_a_number_beyond_the_parts_is_answered_with_those_there_are(text, meant):
    of = meant[-1]
    line = f'got "{text}", expected a part from 1 to {of} of {of}, e.g. {meant}'
    with pytest.raises(UnitError, match=f"^{line}$"):
        parse_part(text)


@pytest.mark.parametrize(
    ("lacking", "line"),
    [
        ({"start_at_ns": None}, "--part: got no --start-at, expected the moment all parts begin"),
        ({"seed": None}, "--part: got no seed, expected --seed N, the same N for every part"),
        ({"target": None}, "--part: got no target, expected --target URL"),
        ({"clients": 7}, "--part: got 8 parts, expected at most 7, as many as there are clients"),
    ],
)
def test_what_a_part_lacks_is_one_line(lacking, line):
    with pytest.raises(PlanError) as caught:
        part(3, **lacking)
    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


def test_a_start_without_a_part_is_refused():
    with pytest.raises(PlanError, match="--start-at: got no --part, expected one"):
        plan_of(start_at_ns=START)


def test_a_parts_plan_is_the_whole_runs():
    third, whole = part(3), plan_of(addresses=("127.0.0.1",), target=URL, seed=7)
    assert third.part == Part(index=3, of=8, start_at_ns=START, scrapes=False, memory=False)
    assert (third.load, third.phases, third.limits) == (whole.load, whole.phases, whole.limits)
    assert third.watch == whole.watch
    assert third.scrape_interval_ns is None
    assert part(1).scrape_interval_ns == whole.watch.interval_ns


def test_all_parts_find_the_same_run_id_and_another_run_finds_another():
    same = {part(index, shards=shards).run_id for index, shards in ((1, 1), (2, 3), (8, "auto"))}
    assert len(same) == 1
    others = (
        {"seed": 8},
        {"start_at_ns": START + SECOND},
        {"clients": 4_999},
        {"duration_ns": 60 * SECOND},
        {"target": "http://127.0.0.1:3001"},
    )
    found = {part(1, **changes).run_id for changes in others} | {part(1, of=9).run_id}
    assert len(found | same) == len(others) + 2


@pytest.mark.parametrize(
    ("said", "scrapes", "memory"),
    [
        ({}, False, False),
        ({"pid": 7}, False, True),
        ({"scrape": f"{URL}/metrics"}, True, True),
        ({"scrape_interval": "5s"}, True, True),
        ({"scrape_interval": "off"}, False, False),
    ],
)
def test_part_1_watches_and_another_where_it_is_told_to(said, scrapes, memory):
    second = part(2, **said).part
    assert second is not None
    assert (second.scrapes, second.memory) == (scrapes, memory)
    first = part(1, **said).part
    assert first is not None
    assert first.scrapes
    assert first.memory


def test_no_shard_of_a_part_is_without_a_client():
    assert part(1, clients=9, shards="auto", cores=16).load.shards == 2
    assert part(8, clients=9, shards="auto", cores=16).load.shards == 1
    with pytest.raises(PlanError, match="got 2, expected 1 to 1, as many as there are clients"):
        part(8, clients=9, shards=2)


def test_the_plan_says_which_part_begins_when_and_who_watches():
    rows = {row.label: row.value for row in describe(part(3))}
    assert rows["part"].startswith("3 of 8: 625 of the clients, 125 reports/s")
    assert rows["start"] == "at 2026-11-23T14:00:00Z"
    assert rows["scrape"] == rows["memory"] == "watched by part 1"
    assert rows["load"].startswith("5,000 clients, 1,000 reports/s")


def test_a_moment_is_shown_in_utc():
    assert format_utc(START) == "2026-11-23T14:00:00Z"
    assert format_utc(START + 250 * MS) == "2026-11-23T14:00:00.250Z"
