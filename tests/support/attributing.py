"""What limited a run of which only the flood's windows are changed."""

from plan_maker import make_plan
from record_maker import WALL_NS, healthy_run

from qosflood.analysis import analyse
from qosflood.plan.limit_language import parse_limit

REMOTE = {"loopback": False}


def analysed(change=lambda same: same, limits=(), target=None, extra=(), plan=None, **planned):
    """The findings of a healthy run whose flood `change` makes ill. `rss` is that of
    `healthy_run`, whatever else is named belongs to the plan."""
    made = {"rss": planned.pop("rss")} if "rss" in planned else {}
    planned |= {"target": target} if target else {}
    plan = plan or make_plan(limits=tuple(parse_limit(text) for text in limits), **planned)

    def in_flood(same):
        return change(same) if same.phase == "flood" else same

    return analyse(plan, WALL_NS, healthy_run(plan, change=in_flood, extra=extra, **made))


def limited(change=lambda same: same, limits=(), target=None, extra=(), **planned):
    """Who limited it, and why."""
    findings = analysed(change, limits, target, extra, **planned)
    return findings.limited_by, findings.limited_why
