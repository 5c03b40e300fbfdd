from dataclasses import replace
from typing import Any

import pytest
from books import Books, Case, contradictions

ANSWERED = Case("half_503", {"acked": "202", "rejected": "503"})
BOUNDED = replace(ANSWERED, whole=False)
BALANCED = Books(
    planned=100,
    scheduled=100,
    outcomes={"acked": 60, "rejected": 30, "connection_lost": 6, "unsent": 4},
    in_flight=0,
    sent=96,
    resent=5,
    received=102,
    statuses={"202": 61, "503": 30},
)


@pytest.mark.parametrize("case", [ANSWERED, BOUNDED])
def test_books_that_balance_contradict_nothing(case: Case) -> None:
    assert contradictions(case, BALANCED) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"planned": 101}, "101 planned, 100 scheduled"),
        ({"in_flight": 1}, "100 scheduled, 100 ended, 1 in flight"),
        ({"scheduled": 101, "planned": 101}, "101 scheduled, 100 ended, 0 in flight"),
        ({"sent": 97, "resent": 4}, "100 scheduled, 4 not sent, 97 sent"),
        ({"received": 103}, "102 sent, 103 received"),
        ({"statuses": {"202": 60, "503": 30}}, "60 answered with 202, 61 acked"),
        ({"statuses": {"202": 61}}, "0 answered with 503, 30 rejected"),
    ],
)
@pytest.mark.parametrize("case", [ANSWERED, BOUNDED])
def test_books_that_do_not_balance_say_which_figures_contradict(
    case: Case, change: dict[str, Any], words: str
) -> None:
    assert words in contradictions(case, replace(BALANCED, **change))


@pytest.mark.parametrize(
    "change", [{"received": 101}, {"statuses": {"202": 62, "503": 30}}], ids=["unread", "unheard"]
)
def test_what_a_frozen_server_lost_sight_of_only_bounds_the_books(change: dict[str, Any]) -> None:
    assert contradictions(ANSWERED, replace(BALANCED, **change))
    assert contradictions(BOUNDED, replace(BALANCED, **change)) == []
