"""What to do after a search for capacity."""

import json
from pathlib import Path
from typing import Any

import pytest

from qosflood.report.document.schema_capacity import Capacity
from qosflood.report.document.search_steps import search_steps

RUN = Path(__file__).parents[2] / "data" / "runs" / "run-1-report-2-capacity" / "pass"
UNKNOWN = {"clients": 500, "met": None, "probability": 0.6, "short_by": None, "targets": None}


def steps(**changes: Any) -> str:
    part = json.loads((RUN / "report.json").read_bytes())["capacity"]
    return "; ".join(search_steps(Capacity(**(part | {"level": 0.95} | changes))))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ceiling": "max"}, "look further: a higher --max"),
        ({"ceiling": "max", "level": None}, "look further: higher --steps"),
        ({"ceiling": "generator"}, "--shards auto"),
        ({"reason": "budget"}, "go on with --resume"),
        ({"confirmed": False}, "search with longer trials"),
        (
            {"need": UNKNOWN, "clients": {"low": 400, "mid": 500, "high": 600}},
            "search with a smaller --width",
        ),
        (
            {
                "ceiling": "target",
                "first": {"limit": "scrape.p99 < 1s", "low": 4, "high": 5, "times": 1.0},
            },
            "look at what gives first: scrape.p99 < 1s",
        ),
    ],
)
def test_each_end_of_a_search_has_its_next_step(changes: dict[str, Any], said: str):
    assert said in steps(**changes)


def test_a_need_above_all_that_was_tried_lies_within_no_interval():
    above = {"low": 400, "mid": None, "high": None}
    assert "--width" not in steps(need=UNKNOWN, clients=above, ceiling="max")
