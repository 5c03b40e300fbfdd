"""What is watched beside the load, in rows of words: pages, memory, other monitors, audit. Pure."""

from collections.abc import Iterator

from qosflood.base.units import format_bytes, format_count, format_duration
from qosflood.plan.describe_row import Row, source_of
from qosflood.plan.plan import Plan
from qosflood.plan.readback import alive, sources
from qosflood.plan.watching import ONE_INSTANCE, WATCHED, MemorySource


def watching_rows(plan: Plan) -> Iterator[Row]:
    """The rows of all that looks at the target."""
    yield from _watch(plan)
    yield from _other_monitors(plan)
    yield from _control(plan)
    yield from _audit(plan)


def _watch(plan: Plan) -> Iterator[Row]:
    watch, interval_ns = plan.watch, plan.scrape_interval_ns
    if watch.interval_ns is not None and interval_ns is None:
        yield Row("scrape", WATCHED, "")
    elif interval_ns is None:
        yield Row("scrape", "off", source_of(plan, "scrape.interval"))
    else:
        every, timeout = format_duration(interval_ns), format_duration(watch.timeout_ns)
        value = f"{_scraped(plan)} every {every}, timeout {timeout}{_limited(plan)}"
        yield Row("scrape", value, source_of(plan, "scrape.url"))
    yield from _instances(plan)
    if plan.part is not None and not plan.part.memory:
        yield Row("memory", WATCHED, "")
        return
    limit = watch.memory_limit_bytes
    known = f"limit {format_bytes(limit)}" if limit else "no limit known"
    every = format_duration(watch.memory_interval_ns)
    yield Row(
        "memory", f"{_measured(plan)} every {every}, {known}", source_of(plan, _memory_key(plan))
    )


def _other_monitors(plan: Plan) -> Iterator[Row]:
    if plan.watches and (asked := plan.prometheus) is not None:
        of = f", job {asked.job}" if asked.job else ", its targets by their URLs"
        one = f", instance {asked.instance}" if asked.instance else ""
        every = format_duration(asked.every_ns)
        shared = ", its targets get the headers of the load's" if asked.share_headers else ""
        value = f"asked every {every} at {asked.url}{of}{one}{shared}"
        yield Row("prometheus", value, source_of(plan, "prometheus.url"))
    for url in plan.otel if plan.watches else ():
        yield Row("otel", url, source_of(plan, "otel.urls"))


def _control(plan: Plan) -> Iterator[Row]:
    if (control := plan.control) is not None:
        every = format_duration(control.interval_ns)
        value = f"{control.url} every {every}, timeout {format_duration(control.timeout_ns)}"
        yield Row("control", value, source_of(plan, "control.url"))


def _audit(plan: Plan) -> Iterator[Row]:
    audit = plan.audit
    if audit.metric is not None:
        labels = ", ".join(f'{name}="{value}"' for name, value in audit.labels)
        of = f"{audit.metric}{{{labels}}}" if labels else audit.metric
        kind = "counter" if audit.counter else "gauge"
        yield Row("audit", f"{kind} {of} before and after", source_of(plan, f"audit.{kind}"))
    source = source_of(plan, "audit.readback")
    for one in sources(plan):
        where = one.url.removeprefix(plan.target.url) if plan.target.embedded else one.url
        of = "" if one.instance == ONE_INSTANCE else f" of {one.instance}"
        when = "" if audit.asked else ", if it lists them"
        many = format_count(min(audit.sessions, alive(plan)))
        yield Row(
            "audit", f"{many} sessions read back after the run from {where}{of}{when}", source
        )


def _instances(plan: Plan) -> Iterator[Row]:
    """Each instance with its page, where they are named."""
    if not plan.watches or [one.name for one in plan.instances] == [ONE_INSTANCE]:
        return
    asked = plan.prometheus
    of_job = asked is not None and asked.job is not None
    source = f"job {asked.job}" if asked is not None and of_job else source_of(plan, "instance")
    for one in plan.instances:
        own = f", memory: {one.memory}" if one.memory else ""
        yield Row("instance", f"{one.name} at {one.scrape_url}{own}", source)


def _limited(plan: Plan) -> str:
    """What a page may not exceed, where that was asked for."""
    watch = plan.watch
    limits = (
        f"{format_count(watch.sample_limit)} samples" if watch.sample_limit else "",
        f"{format_bytes(watch.body_size_limit_bytes)}" if watch.body_size_limit_bytes else "",
    )
    said = " and ".join(filter(None, limits))
    return f", at most {said}" if said else ""


def _scraped(plan: Plan) -> str:
    """The URL; the embedded collector's port is not known yet."""
    if len(plan.instances) > 1:
        return f"{len(plan.instances)} instances"
    url, target = plan.instances[0].scrape_url, plan.target
    unknown = target.embedded and target.port == 0 and url.startswith(f"{target.url}/")
    page = f"{url.removeprefix(target.url)} of the embedded collector" if unknown else url
    dialect = plan.watch.dialect
    return page if dialect == "3" else f"{page} by the rules of Prometheus {dialect}"


def _memory_key(plan: Plan) -> str:
    if plan.watch.pid is not None or not plan.watch.memory_sources:
        return "memory.pid"
    return f"memory.{plan.watch.memory_sources[0].kind}"


def _measured(plan: Plan) -> str:
    if plan.watch.pid is not None:
        return f"process {plan.watch.pid} and its children"
    if plan.watch.memory_sources:
        return ", else ".join(map(_source_words, plan.watch.memory_sources))
    if plan.target.embedded:
        return "the embedded collector's process"
    if plan.target.loopback:
        return f"the process on port {plan.target.port}, else {plan.watch.gauge}"
    return f"{plan.watch.gauge} in the scrape"


def _source_words(source: MemorySource) -> str:
    """Only the first word of a command: the others may be private."""
    if source.kind == "command":
        return f"the command {source.command[0]}"
    return f"{source.read} of {'Prometheus' if source.kind == 'promql' else source.url}"
