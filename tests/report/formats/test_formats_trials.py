"""The trials of a search as a table at its end."""

import json
from pathlib import Path

import pytest

from qosflood.report.document.earlier_schemas import report_of_today
from qosflood.report.document.schema import Document
from qosflood.report.document.schema_capacity import Capacity
from qosflood.report.formats.terminal import ending
from qosflood.report.formats.trial_table import MOST_ROWS, trial_rows

RUN = Path(__file__).parents[2] / "data" / "runs" / "run-1-report-2-capacity" / "pass"
STEPS = Document.model_validate(report_of_today(json.loads((RUN / "report.json").read_bytes())))


def searched(*loads: int) -> Capacity:
    """A search around 500 clients with one trial at each load."""
    assert STEPS.capacity is not None
    trial = STEPS.capacity.trials[0]
    part = json.loads(STEPS.model_dump_json(by_alias=True))["capacity"]
    part |= {"level": 0.95, "clients": {"low": 480, "mid": 500, "high": 520}, "trials": []}
    trials = [trial.model_copy(update={"clients": load}) for load in loads]
    part["trials"] = [json.loads(one.model_dump_json()) for one in trials]
    return Capacity(**part)


def test_steps_are_all_shown_with_what_they_measured():
    text = "\n".join(line.plain for line in ending(STEPS, None, 80))
    assert "clients  good  bad  void  answered /s" in text
    assert "\n20          1" in text
    assert "\n40          1" in text
    assert "PASS - held 40 clients (the greatest step) within response.p99 < 2s" in text


def test_trials_at_one_load_share_a_row():
    (row,) = trial_rows(searched(500, 500, 500), all_of_them=True)
    assert row[:4] == ("500", "3", "", "")


@pytest.mark.parametrize("all_of_them", [False, True])
def test_of_a_long_search_the_loads_nearest_to_the_answer_are_shown(all_of_them: bool):
    loads = (100, 200, 400, 800, 600, 450, 480, 510, 530, 550)
    shown = [row[0] for row in trial_rows(searched(*loads), all_of_them=all_of_them)]
    if all_of_them:
        assert shown == [str(load) for load in sorted(loads)]
    else:
        assert shown == ["400", "450", "480", "510", "530", "550"][-MOST_ROWS:]
