"""One limit against what was found of a run."""

from functools import cache

from plan_maker import make_plan
from record_maker import WALL_NS, healthy_run

from qosflood.analysis import analyse
from qosflood.analysis.verdict.verdict import judge_limit
from qosflood.plan.limit_language import parse_limit

PLAN = make_plan()


@cache
def healthy():
    """The findings of a run in which nothing went wrong."""
    return analyse(PLAN, WALL_NS, healthy_run(PLAN))


def judged(text, findings=None, plan=PLAN):
    """The limit as it is judged; without findings, by those of the healthy run."""
    return judge_limit(plan, findings or healthy(), parse_limit(text))
