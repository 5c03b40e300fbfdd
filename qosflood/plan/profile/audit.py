"""Where a profile has accepted reports looked for. Pure."""

import re
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from qosflood.base.endpoint import parse_endpoint
from qosflood.base.errors import StartError
from qosflood.plan.body_language import named_sources
from qosflood.plan.options import Options
from qosflood.plan.plan import Report, Target
from qosflood.plan.profile.fields import Expected, Section, key, spelled
from qosflood.plan.profile.problems import Problems
from qosflood.plan.readback import fields
from qosflood.plan.watching import Audit, Instance, Watch

_READBACK = '"auto", "off", a path or a URL'
_PATH = re.compile(r"/[!-~]*")


def _readback(text: str) -> str:
    if text in ("auto", "off") or _PATH.fullmatch(text):
        return text
    if "://" not in text:
        raise StartError(f'got "{text}", expected {_READBACK}')
    return parse_endpoint(text, allow_query=True).url


Metric = Annotated[
    str,
    Field(pattern=r"^[A-Za-z_:][A-Za-z0-9_:]{0,199}$"),
    Expected("the name of a metric"),
]
Label = Annotated[
    str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$"), Expected("the name of a label")
]
Keys = Annotated[
    str,
    Field(pattern=r"^[^.]+(\.[^.]+){0,9}$"),
    Expected("a JSON key, or several with a dot between them"),
]
ListKeys = Annotated[
    str,
    Field(pattern=r"^(\.|[^.]+(\.[^.]+){0,9})$"),
    Expected('a JSON key, several with a dot between them, or "." for the answer itself'),
]


class AuditSection(Section):
    """How it is found out whether the target kept what it accepted."""

    counter: Metric | None = key(
        None, "Counter of accepted reports on the target's page.", "qos_reports_total"
    )
    gauge: Metric | None = key(
        None, "Gauge of the sessions held; it shows sessions that are gone.", "qos_active_sessions"
    )
    labels: Annotated[
        dict[Label, str], Expected("a table of LABEL = the value that a series must have")
    ] = key({}, "Which series of it are added up; none named: all.", {"route": "/qos"})
    readback: Annotated[str, spelled(_READBACK, _readback)] = key(
        "auto",
        "A JSON snapshot of the last sample of each session, read back after settle: a path below "
        "the target's URL, a URL, or off. auto is report.path, on loopback or with --audit, where "
        "it answers with such a snapshot.",
        "/api/v1/metrics/qos",
    )
    samples: ListKeys = key("samples", "Where the list of samples stands in it.")
    session: Keys = key("sessionId", "Where a sample has its session's id.")
    observed: Keys = key("observedAt", "Where a sample has its time of observation, ms since 1970.")
    sessions: Annotated[int, Field(ge=1, le=100_000), Expected("a number from 1 to 100000")] = key(
        500, "How many sessions are looked for, of those that live at the load's end."
    )


_NO_SCRAPES = "the page that has audit.counter or audit.gauge is not read, scrape.interval is off"


_ID, _TIME = "session.id", "clock.epoch_ms"


def build_audit(
    asked: AuditSection,
    options: Options,
    target: Target,
    report: Report,
    watch: Watch,
    instances: tuple[Instance, ...],
    problems: Problems,
) -> Audit:
    """The plan's audit; a read-back that could tell nothing is a problem if it was asked for."""
    if asked.counter and asked.gauge:
        problems.add(
            "audit.gauge",
            f"got {asked.gauge} beside counter {asked.counter}, expected one of the two",
        )
    scraped = watch.interval_ns is not None
    audit = Audit(
        counter=asked.counter if scraped else None,
        gauge=asked.gauge if scraped else None,
        labels=tuple(asked.labels.items()),
        samples=() if asked.samples == "." else tuple(asked.samples.split(".")),
        session=tuple(asked.session.split(".")),
        observed=tuple(asked.observed.split(".")),
        sessions=asked.sessions,
        why="" if scraped or not (asked.counter or asked.gauge) else _NO_SCRAPES,
    )
    named = asked.readback not in ("auto", "off") or any(one.readback for one in instances)
    if named or options.audit:
        return _asked(audit, asked.readback, report, instances, problems)
    if asked.readback == "off":
        return replace(audit, why=audit.why or "audit.readback is off")
    if why := _unfit(audit, target, report, instances):
        return replace(audit, why=audit.why or why)
    return replace(audit, readback=report.path)


def _asked(
    audit: Audit,
    readback: str,
    report: Report,
    instances: tuple[Instance, ...],
    problems: Problems,
) -> Audit:
    if why := _untold(report):
        problems.add("audit.readback", f"cannot tell anything: {why}; expected off")
    if readback == "auto" and any(one.readback for one in instances):
        return replace(audit, asked=True)
    where = report.path if readback in ("auto", "off") else readback
    return replace(audit, readback=where, asked=True)


def _untold(report: Report) -> str:
    """Why no snapshot could tell which reports it holds."""
    if report.pool:
        return "reports of one session may overtake each other on shared connections"
    named = {name for _, name in named_sources(report.body)}
    missing = [f"${name}" for name in (_ID, _TIME) if name not in named]
    return f"report.body does not name {' and '.join(missing)}" if missing else ""


def _unfit(audit: Audit, target: Target, report: Report, instances: tuple[Instance, ...]) -> str:
    """Why nothing is read back unless it is asked for."""
    if not target.loopback:
        return "off loopback only with --audit"
    if len(instances) > 1:
        return "no instance names a readback"
    if why := _untold(report):
        return why
    said = dict(fields(report.body))
    if (said.get(audit.session), said.get(audit.observed)) != (f"${_ID}", f"${_TIME}"):
        return "reports are not those of the reference API; name audit.readback"
    return ""
