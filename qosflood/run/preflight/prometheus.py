"""Before the load: is Prometheus there, which of its targets are instances of
this run, is the Collector there?

What prevents the run is a PreflightError of one line; what will only be missing from the report
is a warning.
"""

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from qosflood.base.endpoint import is_loopback, parse_endpoint, parse_page
from qosflood.base.errors import PlanError, PreflightError
from qosflood.base.text import nearest, printable
from qosflood.base.units import SECOND, format_count, format_duration
from qosflood.monitor.prometheus.client import ActiveTarget, Failure, Prometheus, open_planned
from qosflood.monitor.prometheus.otel import open_otel
from qosflood.monitor.prometheus.targets import matched, named, of_job
from qosflood.plan.plan import Plan
from qosflood.plan.profile.instances import instances_found
from qosflood.plan.watching import ONE_INSTANCE
from qosflood.plan.watching import Prometheus as Asked

T = TypeVar("T")
OLDEST = (2, 14)
"""The first version that reports its version; its targets and alerts have their present form."""
_NOT_SAID = "shipped default"
_MOST_NAMED = 10
_CLOCK_NS = 2 * SECOND
_FIXES = {
    "unreachable": "expected a Prometheus there, check the URL",
    "timeout": "expected a Prometheus there, check the URL",
    "unauthorised": "access refused; give a token with "
    "--prometheus-header 'Authorization=env:VARIABLE'",
    "not_prometheus": "expected the API of a Prometheus below /api/v1, check the URL and its path",
    "refused": "expected an answer to the query",
}
"""What to do about a query that failed."""


@dataclass(frozen=True, slots=True)
class OtherMonitors:
    """The other monitors of the target, in a few words each, and what will be missing."""

    words: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def with_instances_of_job(plan: Plan) -> Plan:
    """The plan with the job's targets as its instances, if it asks for them; raises PreflightError.

    The profile's own instances stay, and so does a page that was named: targets are matched to
    those.
    """
    asked = plan.prometheus
    own = [one.name for one in plan.instances] != [ONE_INSTANCE]
    if asked is None or asked.job is None or not plan.watches or own:
        return plan
    targets = _of_job(asked, asyncio.run(_targets(plan, asked)))
    if plan.sources.get("scrape.url", _NOT_SAID) == _NOT_SAID:
        _check_urls(targets)
        found = instances_found(named(targets), plan.target, share=asked.share_headers)
        return replace(plan, instances=found)
    if len(targets) > 1:
        raise PreflightError(
            f"--scrape: got one page for the {len(targets)} targets of job {asked.job}, "
            "expected --instance LABEL too, or no --scrape"
        )
    return plan


def _check_urls(targets: Iterable[ActiveTarget]) -> None:
    """Raise PreflightError for a target's URL that cannot be scraped, or written to run.json."""
    for target in targets:
        try:
            parse_page(target.url)
        except PlanError as error:
            name = printable(target.instance, 60)
            raise PreflightError(f"--job: target {name}: {printable(error)}") from None


async def look_at_other_monitors(plan: Plan) -> OtherMonitors:
    """Ask Prometheus and the Collector once; raises PreflightError where Prometheus is not one."""
    if not plan.watches:
        return OtherMonitors()
    prometheus = OtherMonitors() if plan.prometheus is None else await _look(plan, plan.prometheus)
    pages = [await _look_otel(plan, url) for url in plan.otel]
    return OtherMonitors(
        (*prometheus.words, *(word for page in pages for word in page.words)),
        (
            *prometheus.warnings,
            *(line for page in pages for line in page.warnings),
            *_scraped_elsewhere(plan),
        ),
    )


async def _targets(plan: Plan, asked: Asked) -> tuple[ActiveTarget, ...]:
    async with open_planned(plan, asked) as client:
        await _check(client, asked)
        return _got(asked, await client.targets())


async def _check(client: Prometheus, asked: Asked) -> str:
    """Its version; raises PreflightError unless it is recent enough."""
    _got(asked, await client.query("time()"))
    oldest = f"expected {OLDEST[0]}.{OLDEST[1]} or newer"
    version = await client.version()
    if isinstance(version, Failure):
        raise PreflightError(
            f"--prometheus {asked.url}: does not report its version ({version.words}), {oldest}"
        )
    known = re.match(r"v?(\d+)\.(\d+)", version)
    if known and (int(known[1]), int(known[2])) < OLDEST:
        raise PreflightError(
            f"--prometheus {asked.url}: got version {printable(version, 40)}, {oldest}"
        )
    return printable(version, 40)


def _got(asked: Asked, answer: T | Failure) -> T:
    if isinstance(answer, Failure):
        raise PreflightError(f"--prometheus {asked.url}: {answer.words}; {_FIXES[answer.kind]}")
    return answer


def _of_job(asked: Asked, targets: Sequence[ActiveTarget]) -> tuple[ActiveTarget, ...]:
    """The targets of the job; raises PreflightError where there are none."""
    assert asked.job is not None
    found = of_job(targets, asked.job, asked.instance)
    if found:
        return found
    if of_job(targets, asked.job, None):
        labels = [target.instance for target in of_job(targets, asked.job, None)]
        raise PreflightError(
            f"--instance {asked.instance}: no such target of job {asked.job}, expected one of "
            f"{_list(labels)}{nearest(asked.instance or '', labels)}"
        )
    jobs = [target.job for target in targets]
    expected = (
        f"expected one of {_list(jobs)}{nearest(asked.job, jobs)}"
        if jobs
        else "it has no active target"
    )
    raise PreflightError(
        f"--job {asked.job}: {asked.url} has no active target of that job; {expected}"
    )


def _list(names: Iterable[str]) -> str:
    known = sorted(set(names))
    shown = ", ".join(printable(name, 60) for name in known[:_MOST_NAMED])
    return shown + (f" and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else "")


async def _look(plan: Plan, asked: Asked) -> OtherMonitors:
    async with open_planned(plan, asked) as client:
        version = await _check(client, asked)
        targets = _got(asked, await client.targets())
        alerts = await client.alerts()
        clock = await client.clock()
    if asked.job is not None:
        _of_job(asked, targets)
    found = matched(asked, plan.instances, targets)
    word = f"prometheus ✓ {version}, {format_count(len(found))} of {len(plan.instances)} targets"
    warnings = [*_unmatched(plan, asked, found, targets), *_unhealthy(found)]
    if not isinstance(clock, Failure) and abs(clock.ahead_ns) > _CLOCK_NS + clock.error_ns:
        side = "ahead of" if clock.ahead_ns > 0 else "behind"
        warnings.append(
            f"prometheus: its clock is {format_duration(abs(clock.ahead_ns))} {side} this "
            "machine's; its times are corrected by that"
        )
    firing = [] if isinstance(alerts, Failure) else [a.name for a in alerts if a.state == "firing"]
    if firing:
        warnings.append(f"prometheus: alerts already firing before the load: {_list(firing)}")
    return OtherMonitors((word,), tuple(warnings))


def _unmatched(
    plan: Plan, asked: Asked, found: Mapping[str, ActiveTarget], targets: Sequence[ActiveTarget]
) -> Iterator[str]:
    missing = [one for one in plan.instances if one.name not in found]
    if not missing:
        return
    page = printable(missing[0].scrape_url, 120)
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    jobs = f"name its job with --job: {_list(target.job for target in targets)}"
    fix = jobs if targets and asked.job is None else "it has no such target"
    yield f"prometheus: does not scrape {page}{more}, so its up does not cover that; {fix}"


def _unhealthy(found: Mapping[str, ActiveTarget]) -> Iterator[str]:
    for name, target in found.items():
        if target.health == "down":
            yield (
                f"prometheus: {name} is already down before the load: "
                f"{printable(target.last_error, 160)}"
            )


async def _look_otel(plan: Plan, url: str) -> OtherMonitors:
    async with open_otel(plan, url) as page:
        sample = await page.look(0)
    shown = printable(url, 120)
    if not sample.ok:
        return OtherMonitors(
            ("otel ✗",),
            (
                f"otel: {shown}: {printable(sample.reason, 160)}; expected a Collector's page of "
                "metrics, check --otel",
            ),
        )
    if not sample.points and not sample.up:
        return OtherMonitors(
            ("otel ✗",),
            (
                f"otel: {shown} has neither otelcol_…_metric_points nor up; expected a "
                "Collector's own page (port 8888), or one of its Prometheus exporter",
            ),
        )
    return OtherMonitors((f"otel ✓ {len(sample.points)} counters, {len(sample.up)} up",))


def _scraped_elsewhere(plan: Plan) -> Iterator[str]:
    """Scrapes need no consent, but the operator should know where they go."""
    if plan.prometheus is None or plan.prometheus.job is None or plan.scrape_interval_ns is None:
        return
    hosts = [
        host
        for host in (
            parse_endpoint(one.scrape_url, allow_query=True).host for one in plan.instances
        )
        if host != plan.target.host and not is_loopback(host)
    ]
    if hosts:
        yield (
            f"scrapes go to {_list(hosts)} too, as Prometheus lists them; "
            "--scrape-interval off leaves scraping to Prometheus"
        )
    bare = [one.name for one in plan.instances if not one.headers and not one.trusted]
    if bare and plan.target.headers:
        yield (
            f"{_list(bare)}: scraped without target.headers, as Prometheus lists them on other "
            "origins; prometheus.share_headers = true sends them there too"
        )
