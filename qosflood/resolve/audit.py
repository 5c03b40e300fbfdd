"""Where accepted reports are looked for after the load."""

from dataclasses import replace

from qosflood.audited import fields
from qosflood.bodies import named_sources
from qosflood.plan import Report, Target
from qosflood.plan_watch import Audit, Instance, Watch
from qosflood.profile.audit import AuditSection
from qosflood.resolve.options import Options
from qosflood.resolve.problems import Problems

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
