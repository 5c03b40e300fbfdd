"""What limited a run of which only the flood's windows are changed."""

from plan_maker import make_plan
from record_maker import WALL_NS, at, health, healthy_run, window

from qosflood.analysis import analyse
from qosflood.base.units import MS
from qosflood.journal.records import ControlSample
from qosflood.plan.limit_language import parse_limit

REMOTE = {"loopback": False}
SILENT = ["timeout", "connection_lost", "connect_error"]
FLOOD = range(6, 16)


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


def control(ok=lambda _second: True, ms=lambda _second: 2.0):
    """A request each half second of the whole run; `ok` and `ms` by seconds since the load's
    start."""
    return [
        ControlSample(
            t=at(half / 2),
            ok=ok(half / 2),
            reason=None if ok(half / 2) else "no answer within 1s",
            duration_ns=round(ms(half / 2) * MS),
        )
        for half in range(50)
    ]


def failing(outcome, count):
    return lambda w: window(
        w.second, w.phase, response_ms=[5.0] * (100 - count), failed={outcome: count}
    )


def slow(ms):
    return lambda w: window(w.second, w.phase, response_ms=[ms] * 100)


def stalled(ms, made=window, only=None, **changes):
    """Windows in which the generator stood still for `ms`; of all seconds, or of these."""

    def change(w):
        standing = only is None or w.second in only
        shard = health(loop_stall_ns=round(ms * MS)) if standing else w.health
        return made(w.second, w.phase, **changes, health=shard)

    return change
