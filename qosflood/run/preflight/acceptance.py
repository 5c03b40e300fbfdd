"""What the answer to the one report says: flood, flood with a warning, or not at all. Pure."""

import re
from http import HTTPStatus
from urllib.parse import urljoin

from qosflood.base.failures import certificate_fix
from qosflood.load.http1 import AMBIGUOUS
from qosflood.plan.plan import Plan
from qosflood.run.preflight.post import Posted

ANYWAY = "to flood it anyway, add --anyway"
_NO_SUCH_ROUTE = (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.GONE)
_UNWELL = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
)
"""Like any 5xx: the address is right, and how unwell a target is, is what a run finds out."""
_IN_HTTP = "expected an answer in HTTP/1.1, check --target"
_READABLE = "clients may refuse it too: let the target send only one of the two"
_CREDENTIAL = re.compile("auth|token|key|cookie|secret", re.IGNORECASE)
_UNREACHED = {
    "certificate": "expected one that is valid for this host and signed by a CA known here; name "
    "its CA with --cacert FILE, or skip the check with --insecure",
    "TLS": "expected a TLS handshake, check the scheme of --target",
}
"""What to do about a connection that was not made, by the kind that its failure begins with."""


def unreached(plan: Plan, posted: Posted) -> str:
    """Why no connection was made, and what to do about it."""
    failure = posted.failure or ""
    if posted.speaks is not None:
        return f"target: {_url(plan)}: {_speaks(plan, posted)}"
    return f"target: {_url(plan)}: {failure}; {_fix(failure)}"


def refusal(plan: Plan, posted: Posted) -> str | None:
    """Why a flood would make no sense, and what mends it; None: it does."""
    status = posted.status
    if status in plan.report.expect:
        return None
    if posted.speaks is not None:
        return _met(plan, posted, _speaks(plan, posted))
    if status is None:
        fix = _READABLE if (posted.failure or "").startswith(AMBIGUOUS) else _IN_HTTP
        return f"target: {_url(plan)}: {posted.failure}; {fix}" if posted.unreadable else None
    if status in _UNWELL or 500 <= status < 600:
        return None
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return _met(plan, posted, _token(plan))
    if status in _NO_SUCH_ROUTE:
        return (
            f"target: {_url(plan)} answered {status} to {plan.report.method}; expected "
            f"{expected(plan)}; check the base path of --target and the profile's report.path"
        )
    if status < 300:
        fix = f"if that accepts a report: --set 'report.expect=[{status}]'"
        return _met(plan, posted, f"expected {expected(plan)}; {fix}")
    if status < 400:
        return _met(plan, posted, _moved(plan, posted))
    return _met(plan, posted, _not_accepted(posted))


def warning(plan: Plan, posted: Posted) -> str | None:
    """What was wrong with an answer that does not keep the flood from starting."""
    if posted.status in plan.report.expect:
        return None
    met = posted.failure or f"status {posted.status}"
    return f"the report sent before the flood was not accepted: {met}; expected {expected(plan)}"


def expected(plan: Plan) -> str:
    """The statuses that accept a report, in words."""
    return " or ".join(str(status) for status in plan.report.expect)


def _url(plan: Plan) -> str:
    return f"{plan.target.url}{plan.report.location}"


def _met(plan: Plan, posted: Posted, words: str) -> str:
    met = f"answered {posted.status}" if posted.status is not None else f"{posted.failure}"
    return f"target: {_url(plan)} {met}: {words}"


def _speaks(plan: Plan, posted: Posted) -> str:
    _, _, rest = plan.target.url.partition("://")
    what = "TLS" if posted.speaks == "https" else "plain HTTP, not TLS"
    return f"the port speaks {what}; expected --target {posted.speaks}://{rest}"


def _fix(failure: str) -> str:
    kind = failure.partition(":")[0]
    return certificate_fix(failure) or _UNREACHED.get(
        kind, "expected a collector there, check --target"
    )


def _token(plan: Plan) -> str:
    sent = [one for one in plan.target.headers if _CREDENTIAL.search(one.name)]
    if not sent:
        return "access refused; give a token with --header 'Authorization=env:VARIABLE'"
    return f"wrong token: access refused with the header {sent[0].name} from {sent[0].source}"


def _moved(plan: Plan, posted: Posted) -> str:
    if not posted.location:
        return f"expected {expected(plan)}, check --target"
    moved, path = urljoin(_url(plan), posted.location), plan.report.location.partition("?")[0]
    fix = "check the base path of --target and the profile's report.path"
    if path and moved.endswith(path) and moved != f"{plan.target.url}{path}":
        fix = f"expected --target {moved.removesuffix(path)}"
    return f"moved to {moved}, and clients do not follow redirects; {fix}"


def _not_accepted(posted: Posted) -> str:
    said = f"it says: {posted.body}" if posted.body else "it does not say why"
    return (
        f"it does not accept the report; {said}; docs/bodies.md shows how a profile describes "
        "the body that it wants"
    )
