"""How the loss audit checks that accepted reports were kept, in a profile. Pure."""

import re
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from qosflood.base.endpoint import check_query, parse_page
from qosflood.base.errors import StartError
from qosflood.plan.body_language import named_sources
from qosflood.plan.options import Options
from qosflood.plan.plan import Target
from qosflood.plan.profile.fields import Expected, Section, key, spelled
from qosflood.plan.profile.problems import Problems
from qosflood.plan.readback import NO_INSTANCE_NAMES_ONE, fields
from qosflood.plan.report import Report
from qosflood.plan.watching import Audit, Instance, Watch

_READBACK = '"auto", "off", a path or a URL'
_PATH = re.compile(r"/[!-~]*")


def _readback(text: str) -> str:
    if text in ("auto", "off") or _PATH.fullmatch(text):
        check_query(text.partition("?")[2])
        return text
    if "://" not in text:
        raise StartError(f'got "{text}", expected {_READBACK}')
    return parse_page(text).url


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
    """The loss audit: whether the target kept the reports that it accepted."""

    counter: Metric | None = key(
        None, "Counter of accepted reports on the target's page.", "qos_reports_total"
    )
    gauge: Metric | None = key(
        None,
        "Gauge of the sessions that the target holds; shows lost sessions.",
        "qos_active_sessions",
    )
    labels: Annotated[
        dict[Label, str], Expected("a table of LABEL = the value that a series must have")
    ] = key({}, "Labels of the series that are added up. Default: all series.", {"route": "/qos"})
    readback: Annotated[str, spelled(_READBACK, _readback)] = key(
        "auto",
        "JSON snapshot of each session's last sample, read after settle, and in the flood where "
        "that is cheap: a path below the target's URL, a URL, or off. auto: report.path, on "
        "loopback or with --audit, if it answers with such a snapshot.",
        "/api/v1/metrics/qos",
    )
    samples: ListKeys = key("samples", "Key of the list of samples in the snapshot.")
    session: Keys = key("sessionId", "Key of the session id in a sample.")
    observed: Keys = key(
        "observedAt", "Key of the time of observation in a sample, in ms since 1970."
    )
    sessions: Annotated[int, Field(ge=1, le=100_000), Expected("a number from 1 to 100000")] = key(
        500,
        "Number of sessions that are read back, of those that exist when the load ends; as many of "
        "those that ended before.",
    )


_NO_SCRAPES = "the page with audit.counter or audit.gauge is not scraped: scrape.interval is off"


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
    """The plan's audit; a read-back that could prove nothing is a problem if it was asked for."""
    if asked.counter and asked.gauge:
        problems.add(
            "audit.gauge",
            f"got {asked.gauge} together with counter {asked.counter}, expected one of the two",
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
    if why := _why_unprovable(report):
        problems.add("audit.readback", f"cannot prove anything: {why}; expected off")
    if readback == "auto" and any(one.readback for one in instances):
        return replace(audit, asked=True)
    where = report.path if readback in ("auto", "off") else readback
    return replace(audit, readback=where, asked=True)


def _why_unprovable(report: Report) -> str:
    """Why no snapshot could show which reports it holds; empty if it could."""
    if report.pool:
        return "reports of one session may overtake each other on shared connections"
    named = {name for _, name in named_sources(report.body)}
    missing = [f"${name}" for name in (_ID, _TIME) if name not in named]
    return f"report.body does not name {' and '.join(missing)}" if missing else ""


def _unfit(audit: Audit, target: Target, report: Report, instances: tuple[Instance, ...]) -> str:
    """Why nothing is read back unless it is asked for; empty if it is."""
    if not target.loopback:
        return "off loopback only with --audit"
    if len(instances) > 1:
        return NO_INSTANCE_NAMES_ONE
    if why := _why_unprovable(report):
        return why
    values = dict(fields(report.body))
    if (values.get(audit.session), values.get(audit.observed)) != (f"${_ID}", f"${_TIME}"):
        return "reports are not those of the reference API; name audit.readback"
    return ""
