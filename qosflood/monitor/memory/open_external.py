"""Which reader serves a source of memory that the profile names: one table by the source's kind."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import replace

from qosflood.base.tls import tls_context
from qosflood.monitor.http import open_session
from qosflood.monitor.memory.external_sources import Command, Exposed, ExternalSource, Queried
from qosflood.monitor.prometheus.client import open_prometheus
from qosflood.plan.plan import Plan
from qosflood.plan.watching import ExternalKind, MemorySource

Opened = AbstractAsyncContextManager[ExternalSource]


@asynccontextmanager
async def _exposed(plan: Plan, source: MemorySource) -> AsyncIterator[ExternalSource]:
    context = tls_context(replace(plan.target, cert=None))
    async with open_session(context, timeout_ns=source.timeout_ns) as session:
        yield Exposed(plan, source, session)


@asynccontextmanager
async def _queried(plan: Plan, source: MemorySource) -> AsyncIterator[ExternalSource]:
    async with open_prometheus(
        source.url,
        source.headers,
        user_agent=plan.user_agent,
        cacert=plan.target.cacert,
        timeout_ns=source.timeout_ns,
    ) as prometheus:
        yield Queried(prometheus, source)


READERS: Mapping[ExternalKind, Callable[[Plan, MemorySource], Opened]] = {
    "exposition": _exposed,
    "promql": _queried,
    "command": lambda _, source: nullcontext(Command(source)),
}
"""The reader of each kind; whoever opens one closes it."""


def open_external(plan: Plan, source: MemorySource, instance: str) -> Opened:
    """The source of an instance's memory; raises PreflightError for headers, CA and references."""
    return READERS[source.kind](plan, _named(source, instance))


def _named(source: MemorySource, instance: str) -> MemorySource:
    """The source with the instance's name where it is asked for."""

    def filled(text: str) -> str:
        return text.replace("$instance", instance)

    return replace(
        source,
        url=filled(source.url),
        read=filled(source.read),
        limit=filled(source.limit),
        restarts=filled(source.restarts),
        termination=filled(source.termination),
        command=tuple(filled(word) for word in source.command),
    )
