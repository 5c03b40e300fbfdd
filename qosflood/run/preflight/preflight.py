"""Before the first phase: may the target be flooded, and what can be seen of it?

One report, one scrape, one look at memory. A target that is not there or does not accept the
report ends here; what merely cannot be seen is said, and the run goes on.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from qosflood.base.endpoint import is_allowed
from qosflood.base.errors import PreflightError
from qosflood.base.header_values import command_line, resolve_headers
from qosflood.base.text import printable
from qosflood.base.units import format_bytes, format_duration
from qosflood.journal.records import ControlSample, ScrapeSample
from qosflood.monitor.control import ask_control
from qosflood.monitor.first_look import Sight, look
from qosflood.monitor.loss.audit import look_at_metric, with_audit
from qosflood.monitor.memory.port_owner import owner_of_port
from qosflood.monitor.scrape.first_look import Pages
from qosflood.plan.plan import Plan
from qosflood.plan.profile.storms import herd_warnings
from qosflood.plan.profile.target import needs_consent, rate_in_words
from qosflood.plan.readback import looks_itself
from qosflood.plan.watching import WATCHED
from qosflood.run.preflight.acceptance import ANYWAY, refusal, unreached, warning
from qosflood.run.preflight.addresses import check_addresses
from qosflood.run.preflight.post import Posted, post
from qosflood.run.preflight.prometheus import look_at_other_monitors
from qosflood.run.preflight.target_files import few_files

_UNSEEN = Sight(pages=Pages(), process=None, memory_source=None, memory_reason=WATCHED, warnings=())


@dataclass(frozen=True, slots=True)
class Preflight:
    """What was seen before the load. `process` describes the monitored process in words; `command`
    is its command line, for a terminal alone: it may hold secrets that nobody named to us.
    `posted` is None where nothing is to be sent.
    `elsewhere`: another part of the run monitors the target. `others`: who else does, in words."""

    posted: Posted | None
    sight: Sight
    process: str | None
    command: str | None
    warnings: tuple[str, ...]
    elsewhere: bool = False
    others: tuple[str, ...] = ()

    def line(self, expect: tuple[int, ...]) -> str:
        """All of it in one line: `post ✓ 202 · scrape ✓ 41 series · memory ✗ no source…`."""
        if self.elsewhere:
            return " · ".join((*self._post(expect), WATCHED))
        return " · ".join((*self._post(expect), self._scrape(), self._memory(), *self.others))

    def _post(self, expect: tuple[int, ...]) -> tuple[str, ...]:
        posted = self.posted
        if posted is None:
            return ()
        if posted.status in expect:
            return (f"post ✓ {posted.status}",)
        return (f"post ✗ {posted.status or posted.failure}",)

    def _scrape(self) -> str:
        pages = self.sight.pages
        if (scrape := pages.worst) is None:
            return "scrape ✗ off"
        count = len(pages.scrapes)
        if not scrape.ok:
            whose = f"{scrape.instance}: " if count > 1 else ""
            return f"scrape ✗ {whose}{printable(scrape.reason)}"
        if count > 1:
            return f"scrape ✓ {count} instances"
        return scrape_words(scrape)

    def _memory(self) -> str:
        if self.sight.memory_source is None:
            return f"memory ✗ {self.sight.memory_reason}"
        return f"memory ✓ {self.process or self.sight.memory_reason}"


def scrape_words(scrape: ScrapeSample) -> str:
    """How one scrape went: `scrape ✓ 41 series`."""
    if not scrape.ok:
        return f"scrape ✗ {printable(scrape.reason)}"
    series = "series not counted" if scrape.series is None else f"{scrape.series} series"
    return f"scrape ✓ {series}"


def check_consent(
    plan: Plan, allow: tuple[str, ...], ask: Callable[[str], bool] | None
) -> tuple[str, ...]:
    """Warnings about where the load goes; raises PreflightError unless that is allowed.

    A loopback port held by a forwarder leads to another host and needs the same consent. `ask`
    puts a question on a terminal; None where no person can answer.
    """
    target = plan.target
    if not plan.floods:
        return ()
    where = needs_consent(plan, allow)
    what = f"{where} is not this machine"
    if where is None and target.loopback and not target.embedded:
        owner = owner_of_port(target.port, target.addresses).process
        if owner is not None and owner.forwarder:
            host = f"[{target.host}]" if ":" in target.host else target.host
            where = f"{host}:{target.port}"
            what = f"{where} is held by a forwarder, {owner.name} (pid {owner.pid})"
            if is_allowed(target.host, target.port, allow):
                return (f"{what}: its memory is not the target's",)
    if where is None:
        return ()
    rate = rate_in_words(max(plan.load.rate, plan.load.base_rate) * plan.share, plan.retries)
    if ask is not None and ask(f"{what}. Send it up to {rate}?"):
        return (f"{what}: consent was given on the terminal",)
    raise PreflightError(f"target: {what}; to allow the flood, add --allow-target {where}")


def lacks_consent(plan: Plan, allow: tuple[str, ...]) -> bool:
    """Whether somebody has to be asked, or the flood refused."""
    try:
        check_consent(plan, allow, None)
    except PreflightError:
        return True
    return False


async def send_report(plan: Plan) -> Posted | None:
    """Send one report; None where the plan has none to send."""
    return await post(plan) if plan.floods else None


def check_reached(plan: Plan, posted: Posted | None) -> None:
    """Raise PreflightError if a report was to be sent and not even a connection was made."""
    if posted is not None and not posted.reached:
        raise PreflightError(unreached(plan, posted))


async def preflight(plan: Plan, posted: Posted | None, warnings: tuple[str, ...] = ()) -> Preflight:
    """Look at the target, to which one report was sent before; raises PreflightError only for bad
    headers, files of certificates or pid, for a further address that cannot be reached, and for an
    address that is not a Prometheus."""
    others = await look_at_other_monitors(plan)
    control = await ask_control(plan)
    if posted is not None and posted.reached:
        await check_addresses(plan.target, plan.load.timeout_ns * 1e-9)
    elsewhere = plan.part is not None and not plan.part.memory
    sight = _UNSEEN if elsewhere else await look(plan)
    return Preflight(
        posted,
        sight,
        _process_words(sight),
        _process_command(plan, sight),
        (
            *warnings,
            *herd_warnings(plan),
            *sight.warnings,
            *few_files(plan, sight),
            *others.warnings,
            *_control_warnings(plan, control),
        ),
        elsewhere,
        (*others.words, *_control_words(control)),
    )


async def look_for_audit(plan: Plan, seen: Preflight) -> tuple[Plan, Preflight]:
    """The plan after a look at the target's snapshot of sessions, and what was seen of that
    and of the counter or gauge."""
    if seen.posted is None or seen.posted.status not in plan.report.expect:
        return plan, seen
    counted, missing = await look_at_metric(plan) if looks_itself(plan) else (None, ())
    plan, said = await with_audit(plan, seen.posted.sent, seen.posted.took_ns)
    words = (counted, None if said is None else f"read-back {said}")
    warnings = (*seen.warnings, *missing)
    if said is not None and plan.audit.asked and said.startswith("✗"):
        warnings += (f"audit: {said[2:]}; expected a snapshot of sessions to read back",)
    others = (*seen.others, *(one for one in words if one is not None))
    return plan, replace(seen, others=others, warnings=warnings)


def check_target(plan: Plan, seen: Preflight, *, anyway: bool = False) -> tuple[str, ...]:
    """Warnings about the answer to the one report; raises PreflightError if a flood would measure
    nothing, unless it is to begin `anyway`."""
    posted = seen.posted
    if posted is None:
        return _check_sight(plan, seen.sight, anyway=anyway)
    check_reached(plan, posted)
    refused = refusal(plan, posted)
    if refused is not None and not anyway:
        raise PreflightError(f"{refused}; {ANYWAY}")
    said = warning(plan, posted)
    return (*((said,) if said else ()), *_scrape_warning(plan, seen.sight))


def _check_sight(plan: Plan, sight: Sight, *, anyway: bool) -> tuple[str, ...]:
    """Warnings of a watch; raises PreflightError if there is nothing that it could watch."""
    if sight.memory_source is not None:
        return _scrape_warning(plan, sight)
    if not sight.pages.scrapes:
        raise PreflightError(
            f"watch: scrapes are off and memory has {sight.memory_reason}; expected something to "
            "watch: name a page with --scrape URL, or a process with --pid"
        )
    if not anyway and all(scrape.status is None for scrape in sight.pages.scrapes):
        first = sight.pages.scrapes[0]
        raise PreflightError(
            f"watch: {_urls(plan)[first.instance]}: {printable(first.reason)}; expected a "
            "collector there, check --target; to watch it anyway, add --anyway"
        )
    return _scrape_warning(plan, sight)


def _control_words(control: ControlSample | None) -> tuple[str, ...]:
    if control is None:
        return ()
    took = "" if control.duration_ns is None else format_duration(control.duration_ns)
    return (f"control ✓ {took}" if control.ok else f"control ✗ {printable(control.reason)}",)


def _control_warnings(plan: Plan, control: ControlSample | None) -> tuple[str, ...]:
    if control is None or plan.control is None or control.ok:
        return ()
    return (
        f"the reference endpoint did not answer: {plan.control.url}: {printable(control.reason)}; "
        "expected an HTTP answer; without one, network and target cannot be distinguished",
    )


def _scrape_warning(plan: Plan, sight: Sight) -> tuple[str, ...]:
    urls = _urls(plan)
    return tuple(
        f"the scrape before the {plan.main_phase.name} failed: {urls[scrape.instance]}: "
        f"{printable(scrape.reason)}; expected a page of metrics; name it with --scrape URL, or "
        "give it up with --scrape-interval off"
        for scrape in sight.pages.scrapes
        if not scrape.ok
    )


def _urls(plan: Plan) -> dict[str, str]:
    return {instance.name: instance.scrape_url for instance in plan.instances}


def _process_command(plan: Plan, sight: Sight) -> str | None:
    if sight.process is None or sight.memory_source != "process":
        return None
    secrets = resolve_headers(plan.target.headers)
    return printable(command_line(sight.process.cmdline, secrets), 200)


def _process_words(sight: Sight) -> str | None:
    process = sight.process
    if process is None or sight.memory_source != "process":
        return None
    return f"{printable(process.name)} (pid {process.pid}) {format_bytes(process.rss_bytes)}"
