"""What becomes of a flood by the answer to the one report."""

from dataclasses import replace

import pytest
from plan_maker import make_plan, make_target

from qosflood.base.endpoint import HeaderRef
from qosflood.base.errors import PreflightError
from qosflood.plan.plan import Plan
from qosflood.run.preflight.acceptance import refusal, warning
from qosflood.run.preflight.post import Posted
from qosflood.run.preflight.preflight import _UNSEEN, Preflight, check_target

PATH = "/api/v1/metrics/qos"


def plan(*headers: str, expect: tuple[int, ...] = (202,)) -> Plan:
    refs = tuple(HeaderRef(name=name, source="env:SOME") for name in headers)
    made = make_plan(target=make_target(3000, headers=refs))
    return replace(made, report=replace(made.report, expect=expect))


def answered(status: int | None, failure: str | None = None, **further: object) -> Posted:
    return Posted(status, failure, True, 1, **further)


def said(posted: Posted, *headers: str) -> str:
    words = refusal(plan(*headers), posted)
    assert words is not None
    return words


@pytest.mark.parametrize(
    ("posted", "line"),
    [
        (answered(200), "if that accepts a report: --set 'report.expect=[200]'"),
        (answered(204), "--set 'report.expect=[204]'"),
        (
            answered(301, location=f"https://qos.example/base{PATH}"),
            f"moved to https://qos.example/base{PATH}, and clients do not follow redirects; "
            "expected --target https://qos.example/base",
        ),
        (answered(307, location="/login"), "moved to http://127.0.0.1:3000/login, "),
        (answered(302, location=PATH), "check the base path of --target"),
        (answered(304), "answered 304: expected 202, check --target"),
        (answered(400, body='{"error":"mos"}'), 'it says: {"error":"mos"}; docs/bodies.md'),
        (answered(415), "it does not say why; docs/bodies.md"),
        (answered(422, body="no"), "answered 422: it does not accept the report; it says: no"),
        (answered(413, body="too long"), "it says: too long"),
        (answered(401), "give a token with --header 'Authorization=env:VARIABLE'"),
        (answered(403), "access refused"),
        (answered(404), "check the base path of --target and the profile's report.path"),
        (answered(405), "answered 405 to POST"),
        (
            answered(400, speaks="https"),
            "answered 400: the port speaks TLS; expected --target https",
        ),
        (answered(None, "closed", speaks="https"), "closed: the port speaks TLS"),
        (answered(None, "not HTTP: x", unreadable=True), "not HTTP: x; expected an answer in HTTP"),
        (
            answered(None, "ambiguous answer: x", unreadable=True),
            "x; clients may refuse it too: let the target send only one of the two",
        ),
    ],
)
def test_an_answer_that_will_not_become_better_keeps_a_flood_from_starting(posted, line):
    assert line in said(posted)


@pytest.mark.parametrize("header", ["Authorization", "X-Api-Key", "Cookie"])
def test_a_token_that_is_refused_is_called_wrong(header):
    assert said(answered(401), header).endswith(
        f"wrong token: access refused with the header {header} from env:SOME"
    )
    assert "give a token" in said(answered(401), "X-Tenant")


@pytest.mark.parametrize(
    "posted",
    [
        *map(answered, (500, 502, 503, 504, 429, 408, 425)),
        answered(None, "no answer within 10s"),
        answered(None, "closed by the peer before an answer"),
    ],
)
def test_a_target_that_is_merely_unwell_is_flooded_with_a_warning(posted):
    assert refusal(plan(), posted) is None
    assert "was not accepted" in (warning(plan(), posted) or "")


@pytest.mark.parametrize("status", [200, 302, 404, 401])
def test_an_answer_that_is_expected_is_right_whatever_it_is(status):
    wanted = plan(expect=(status,))
    assert refusal(wanted, answered(status)) is None
    assert warning(wanted, answered(status)) is None


def test_a_flood_may_be_wanted_anyway():
    seen = Preflight(answered(404), _UNSEEN, None, None, ())
    with pytest.raises(PreflightError, match=r"; to flood it anyway, add --anyway$"):
        check_target(plan(), seen)
    (line,) = check_target(plan(), seen, anyway=True)
    assert line == "the report sent before the flood was not accepted: status 404; expected 202"


def test_a_target_that_was_not_reached_is_not_flooded_in_any_way():
    posted = Posted(None, "connection refused", False, 1)
    with pytest.raises(PreflightError, match=f"{PATH}: connection refused; expected a collector"):
        check_target(plan(), Preflight(posted, _UNSEEN, None, None, ()), anyway=True)


def test_a_port_without_tls_is_named_with_its_scheme():
    secure = replace(plan(), target=make_target(3000, scheme="https"))
    posted = Posted(None, "TLS: WRONG_VERSION_NUMBER", False, 1, speaks="http")
    with pytest.raises(PreflightError, match="speaks plain HTTP, not TLS; expected --target http:"):
        check_target(secure, Preflight(posted, _UNSEEN, None, None, ()))
