from dataclasses import replace

import pytest
from judged import Crowd, Judged, Own
from truth import own_problems, own_table

FIGURE = Judged("p99", evenly=950, due=950, clock=952, reported=960)
RUN = Own(Crowd(105, 210), (FIGURE,), answers=500, seconds=1, late=False, problems=())


@pytest.mark.parametrize(
    ("due", "reported"), [(950, 969), (950, 931), (0, 2), (50, 52), (500, 490)]
)
def test_a_figure_within_two_percent_or_two_milliseconds_holds(due: float, reported: float) -> None:
    run = replace(RUN, figures=(replace(FIGURE, due=due, reported=reported),))
    assert own_problems([run]) == []
    assert "holds" in own_table([run])


@pytest.mark.parametrize(
    ("due", "reported"), [(950, 969.1), (950, 0.4), (0, 2.1), (500, 489), (500, None)]
)
def test_a_figure_further_off_or_not_given_is_a_problem(due: float, reported: float | None) -> None:
    run = replace(RUN, figures=(replace(FIGURE, due=due, reported=reported),))
    (problem,) = own_problems([run])
    assert f"p99 is {reported} ms, expected {due:.1f} ms" in problem
    assert "**MISSED**" in own_table([run])


def test_good_figures_of_a_run_that_does_not_count_are_a_problem() -> None:
    late = replace(RUN, problems=("the generator was late",))
    assert own_problems([late]) == ["105 clients, every 210 ms: the generator was late"]
