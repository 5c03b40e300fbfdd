"""Before the first phase: may the target be flooded, and what can be seen of it?

One report, one scrape, one look at memory. An unreachable target or a refused token ends here;
what merely cannot be seen is said, and the run goes on.
"""

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus

import aiohttp
from yarl import URL

from qosflood.base.endpoint import is_allowed
from qosflood.base.errors import PreflightError
from qosflood.base.failures import (
    CERTIFICATE_REFUSED,
    certificate_fix,
    handshake_failure,
    no_answer,
)
from qosflood.base.header_values import command_line, redact, resolve_headers
from qosflood.base.text import printable
from qosflood.base.tls import tls_context
from qosflood.base.units import format_bytes, format_duration
from qosflood.journal.records import ControlSample
from qosflood.load.body.request import RequestBuilder
from qosflood.monitor.control import ask_control
from qosflood.monitor.first_look import Sight, look
from qosflood.monitor.http import exchange_failure, open_session, skim, tls_refusal
from qosflood.monitor.loss.audit import look_at_metric, with_audit
from qosflood.monitor.memory.port_owner import owner_of_port
from qosflood.monitor.scrape.first_look import Pages
from qosflood.plan.plan import Plan
from qosflood.plan.profile.storms import herd_warnings
from qosflood.plan.profile.target import needs_consent, rate_in_words
from qosflood.plan.readback import looks_itself
from qosflood.plan.watching import WATCHED
from qosflood.run.preflight.addresses import check_addresses
from qosflood.run.preflight.prometheus import look_at_other_monitors
from qosflood.run.preflight.target_files import few_files

_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_UNSEEN = Sight(pages=Pages(), process=None, memory_source=None, memory_reason=WATCHED, warnings=())
_NO_SUCH_ROUTE = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)
_NGINX_REFUSES = b"SSL certificate"
"""In the page with which nginx answers clients whose certificate it does not like."""
_ALERT_PATIENCE_S = 1.0
_UNREACHED = {
    "certificate": "expected one that is valid for this host and signed by a CA known here; name "
    "its CA with --cacert FILE, or skip the check with --insecure",
    "TLS": "expected a TLS handshake, check the scheme of --target",
}
"""What to do about a connection that was not made, by the kind that its failure begins with."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What one report met: a status, or a failure in words; `reached` is whether it connected."""

    status: int | None
    failure: str | None
    reached: bool
    took_ns: int


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
        series = "series not counted" if scrape.series is None else f"{scrape.series} series"
        return f"scrape ✓ {series}"

    def _memory(self) -> str:
        if self.sight.memory_source is None:
            return f"memory ✗ {self.sight.memory_reason}"
        return f"memory ✓ {self.process or self.sight.memory_reason}"


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


async def preflight(plan: Plan, warnings: tuple[str, ...] = ()) -> Preflight:
    """Look at the target; raises PreflightError only for bad headers, files of certificates
    or pid, for a further address that cannot be reached, and for an address that is not a
    Prometheus."""
    others = await look_at_other_monitors(plan)
    posted = await _post(plan) if plan.floods else None
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
    plan, said = await with_audit(plan)
    words = (counted, None if said is None else f"read-back {said}")
    warnings = (*seen.warnings, *missing)
    if said is not None and plan.audit.asked and said.startswith("✗"):
        warnings += (f"audit: {said[2:]}; expected a snapshot of sessions to read back",)
    others = (*seen.others, *(one for one in words if one is not None))
    return plan, replace(seen, others=others, warnings=warnings)


def check_target(plan: Plan, seen: Preflight) -> tuple[str, ...]:
    """Warnings about the answer to the one report; raises PreflightError if a flood would measure
    nothing."""
    posted, url = seen.posted, f"{plan.target.url}{plan.report.location}"
    if posted is None:
        return _check_sight(plan, seen.sight)
    if not posted.reached:
        raise PreflightError(f"target: {url}: {posted.failure}; {_unreached(posted.failure or '')}")
    if posted.status in _REFUSED:
        raise PreflightError(
            f"target: {url} answered {posted.status}: access refused; give a token with "
            "--header 'Authorization=env:VARIABLE'"
        )
    if posted.status in _NO_SUCH_ROUTE:
        raise PreflightError(
            f"target: {url} answered {posted.status} to {plan.report.method}; expected "
            f"{_expected(plan)}; check the base path of --target and the profile's report.path"
        )
    if posted.status not in plan.report.expect:
        met = posted.failure or f"status {posted.status}"
        what = f"the report sent before the flood was not accepted: {met}; expected "
        return (f"{what}{_expected(plan)}", *_scrape_warning(plan, seen.sight))
    return _scrape_warning(plan, seen.sight)


def _check_sight(plan: Plan, sight: Sight) -> tuple[str, ...]:
    """Warnings of a watch; raises PreflightError if there is nothing that it could watch."""
    if not sight.pages.scrapes and sight.memory_source is None:
        raise PreflightError(
            f"watch: scrapes are off and memory has {sight.memory_reason}; expected something to "
            "watch: name a page with --scrape URL, or a process with --pid"
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


def _unreached(failure: str) -> str:
    if fix := certificate_fix(failure):
        return fix
    kind = failure.partition(":")[0]
    return _UNREACHED.get(kind, "expected a collector there, check --target")


def _scrape_warning(plan: Plan, sight: Sight) -> tuple[str, ...]:
    urls = {instance.name: instance.scrape_url for instance in plan.instances}
    return tuple(
        f"the scrape before the {plan.main_phase.name} failed: {urls[scrape.instance]}: "
        f"{printable(scrape.reason)}; expected a page of metrics; name it with --scrape URL, or "
        "give it up with --scrape-interval off"
        for scrape in sight.pages.scrapes
        if not scrape.ok
    )


def _expected(plan: Plan) -> str:
    return " or ".join(str(status) for status in plan.report.expect)


async def _post(plan: Plan) -> Posted:
    """Send the first client's report once, over a connection of its own."""
    loop = asyncio.get_running_loop()
    secrets = resolve_headers(plan.target.headers)
    builder = RequestBuilder(plan, secrets)
    now_ms = time.time_ns() // 1_000_000
    request = builder.writer()(builder.template(0), *builder.walk(0), now_ms)
    body = request.partition(b"\r\n\r\n")[2]
    address = plan.target.addresses[0]
    host = f"[{address}]" if ":" in address else address
    origin = f"{plan.target.scheme}://{host}:{plan.target.port}"
    started = loop.time()

    def met(status: int | None, failure: str | None, *, reached: bool) -> Posted:
        words = None if failure is None else printable(redact(failure, secrets), 160)
        return Posted(status, words, reached, round((loop.time() - started) * 1e9))

    context, timeout_ns = tls_context(plan.target), plan.load.timeout_ns
    async with open_session(context, timeout_ns=timeout_ns) as session:
        try:
            async with session.request(
                plan.report.method,
                URL(f"{origin}{builder.location}", encoded=True),
                data=body,
                headers=builder.headers,
                allow_redirects=False,
                server_hostname=plan.target.host if plan.target.scheme == "https" else None,
            ) as response:
                beginning = await skim(response)
                if response.status == HTTPStatus.BAD_REQUEST and _NGINX_REFUSES in beginning:
                    return met(None, CERTIFICATE_REFUSED, reached=False)
                return met(response.status, None, reached=True)
        except aiohttp.ClientConnectorError as error:
            return met(None, exchange_failure(error), reached=False)
        except TimeoutError:
            return met(None, no_answer(timeout_ns), reached=True)
        except (aiohttp.ClientError, ssl.SSLError, ValueError) as error:
            if (refusal := tls_refusal(error) or await _late_refusal(plan, address)) is not None:
                return met(None, handshake_failure(refusal), reached=False)
            return met(None, exchange_failure(error), reached=True)


async def _late_refusal(plan: Plan, address: str) -> ssl.SSLError | None:
    """The alert that a target sends after the handshake: a report written before it is read ends
    in a broken pipe that says nothing."""
    target = plan.target
    if target.scheme != "https":
        return None
    try:
        async with asyncio.timeout(_ALERT_PATIENCE_S):
            reader, writer = await asyncio.open_connection(
                address, target.port, ssl=tls_context(target), server_hostname=target.host
            )
            try:
                await reader.read(1)
            finally:
                writer.close()
    except OSError as error:  # ssl.SSLError and TimeoutError are some
        return tls_refusal(error)
    return None


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
