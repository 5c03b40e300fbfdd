"""Whoever else watches the target, asked over the run: Prometheus and OpenTelemetry."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial

from qosflood.journal.records import Record
from qosflood.monitor.beside import Beside
from qosflood.monitor.otel import open_otel, watch_otel
from qosflood.monitor.promql import open_prometheus
from qosflood.monitor.timer import Timer
from qosflood.plan.plan import Plan

Poll = Callable[[], Awaitable[None]]


async def open_others(
    plan: Plan, stack: AsyncExitStack, timer: Timer, emit: Callable[[Record], None]
) -> list[Poll]:
    """What is to be run until the timer is stopped; connections close with the stack. Raises
    PreflightError for bad headers or CA."""
    if not plan.watches:
        return []
    polls: list[Poll] = []
    for url in plan.otel:
        page = await stack.enter_async_context(open_otel(plan, url))
        polls.append(partial(watch_otel, page, timer, emit, plan.scrape_interval_ns))
    if (asked := plan.prometheus) is not None:
        client = await stack.enter_async_context(
            open_prometheus(
                asked.url,
                asked.headers,
                user_agent=plan.user_agent,
                cacert=plan.target.cacert,
            )
        )
        polls.append(Beside(plan, asked, client, timer, emit).run)
    return polls
