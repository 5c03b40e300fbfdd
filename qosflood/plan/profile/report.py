"""What a report's body, counters, query and headers are in a profile. Pure.

A body may be wrong in many places; each gets a line of its own, as any key of a profile does.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal, cast
from urllib.parse import quote, urlencode

import orjson
from pydantic import Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails

from qosflood.base.endpoint import HeaderRef, check_header_name, check_query
from qosflood.base.errors import PlanError, StartError
from qosflood.base.secrets import names_secret
from qosflood.base.text import nearest
from qosflood.base.units import format_bytes
from qosflood.plan.body_language import COUNTER, KeyPath, named_sources, parse_text
from qosflood.plan.profile.fields import (
    ContentType,
    Count,
    Duration,
    Expected,
    Flag,
    Kind,
    Path,
    Section,
    Share,
    Status,
    key,
    spelled,
)
from qosflood.plan.profile.problems import Problems
from qosflood.plan.report import DEFAULT_BODY, Connection, Counter, Report

_CONNECTIONS = '"keep-alive", "per-report" or "pooled:N" such as "pooled:8"'


_POOLED = re.compile(r"pooled:0*[1-9][0-9]{0,6}")


def _connection(text: str) -> str:
    if text not in ("keep-alive", "per-report") and not _POOLED.fullmatch(text):
        raise StartError(f'got "{text}", expected {_CONNECTIONS}')
    return text


ConnectionText = Annotated[str, spelled(_CONNECTIONS, _connection)]


Problem = tuple[KeyPath, str]
LARGEST_BODY_BYTES = 1 << 20
"""Common servers refuse more, and no report of a client is as large."""
_DEEPEST = 32
_COUNTER_NAME = re.compile(r"[A-Za-z][\w-]{0,59}", re.ASCII)
_VALUE = re.compile(r"[!-~]([ -~]*[!-~])?")


def problems_of(title: str, problems: list[Problem]) -> ValidationError:
    """An error with a line for each problem, by its path below the key `title`."""
    details = [
        InitErrorDetails(
            type="value_error", loc=path, input=None, ctx={"error": ValueError(message)}
        )
        for path, message in problems
    ]
    return ValidationError.from_exception_data(title, details)


def _read_body(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError
    problems = list(_problems(value, ()))
    if not problems:
        problems = list(_oversized(value))
    if problems:
        raise problems_of("body", problems)
    return value


def _problems(value: Any, path: KeyPath) -> Iterator[Problem]:
    if len(path) > _DEEPEST:
        yield path, f"got more than {_DEEPEST} levels, expected fewer"
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _problems(name, (*path, name))
            yield from _problems(inner, (*path, name))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _problems(inner, (*path, at))
    elif message := _text_problem(value) if isinstance(value, str) else _value_problem(value):
        yield path, message


def _text_problem(text: str) -> str:
    try:
        text.encode()
        parse_text(text)
    except UnicodeEncodeError:
        return "got half of a surrogate pair, expected Unicode characters"
    except PlanError as error:
        return str(error)
    return ""


def _value_problem(value: Any) -> str:
    if isinstance(value, bool):
        return ""
    if isinstance(value, int):
        fits = -(2**63) <= value < 2**63
        return "" if fits else "got a number beyond 64 bits, expected a smaller one or a string"
    if isinstance(value, float):
        finite = abs(value) < float("inf")
        return "" if finite else f"got {value}, expected a number that JSON has"
    return "got a date or time, which JSON has not, expected a string: put it in quotes"


def _oversized(body: dict[str, Any]) -> Iterator[Problem]:
    size = len(orjson.dumps(body))
    if size > LARGEST_BODY_BYTES:
        most = format_bytes(LARGEST_BODY_BYTES)
        yield (), f"got a template of {format_bytes(size)}, expected at most {most}"


def counter_problems(
    body: dict[str, Any], counters: dict[str, "CounterSection"]
) -> Iterator[Problem]:
    """Counters that the body names but that are not defined, and the reverse."""
    named = [(path, name) for path, name in named_sources(body) if name.startswith(COUNTER)]
    for path, source in named:
        name = source.removeprefix(COUNTER)
        if name not in counters:
            known = ", ".join(counters) or "there are none"
            yield (
                ("body", *path),
                f'got "{source}", expected a counter of [report.counters]: '
                f"{known}{nearest(name, counters)}",
            )
    used = {source for _, source in named}
    for name in counters:
        if f"{COUNTER}{name}" not in used:
            yield (
                ("counters", name),
                "got a counter that report.body does not name, "
                f'expected "${COUNTER}{name}" in it, or no such counter',
            )


def _counter_name(name: str) -> str:
    if not _COUNTER_NAME.fullmatch(name):
        raise PlanError(
            f'got the counter name "{name}", expected a letter and at most 59 letters, digits, '
            "dashes or underscores"
        )
    return name


def _header_name(name: str) -> str:
    check_header_name(name)
    if names_secret(name):
        raise PlanError(
            "got a header that holds a secret by its name, expected it under [target.headers] "
            f'as env:VAR or file:PATH, e.g. {name} = "env:QOSFLOOD_TOKEN"'
        )
    if name.lower() == "content-encoding":
        raise PlanError(f"got the header {name}, expected report.gzip = true, which sets it")
    return name


def _header_value(text: str) -> str:
    if not _VALUE.fullmatch(text):
        # Not shown: somebody may take this for the place of a secret.
        raise PlanError(
            "got a value that no header may carry, expected one line of printable ASCII without "
            "spaces around it"
        )
    return text


def _query_name(name: str) -> str:
    check_query(quote(name, safe="") + "=1")
    return name


def _query_value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise TypeError
    return str(value)


Body = Annotated[dict[str, Any], Kind("a table: the JSON body", _read_body, {"type": "object"})]
CounterName = Annotated[str, spelled("a counter's name", _counter_name)]
ConstantName = Annotated[str, spelled("a header name", _header_name)]
ConstantValue = Annotated[str, spelled("a header's value", _header_value)]
QueryValue = Annotated[
    str,
    Kind("a string or a number", _query_value, {"type": ["string", "number", "boolean"]}),
]
QueryName = Annotated[str, spelled("a parameter's name", _query_name)]
Query = Annotated[dict[QueryName, QueryValue], Expected("a table of NAME = a string or a number")]
Growth = Annotated[
    float, Field(gt=0, le=1e12), Expected("a number above 0, at most a million million")
]
Start = Annotated[float, Field(ge=0, le=1e15), Expected("a number from 0 to 1e15")]


class CounterSection(Section):
    """A number that only grows during a session; `$counter.NAME` in the body."""

    per_second: Growth | None = key(None, "Growth per second of the session.", 50)
    per_report: Growth | None = key(None, "Growth per report, instead of per_second.", 1)
    of: Annotated[
        Literal["all", "received", "lost", "rtt", "jitter"],
        Expected('"all", "received", "lost", "rtt" or "jitter"'),
    ] = key(
        "all",
        "What per_second is multiplied by: 1 (all), the share of packets received or lost, or the "
        "round trip or jitter in seconds, as in the same report.",
        "lost",
    )
    start: Start = key(0.0, "Value in a session's first report.")
    whole: Flag = key(True, "Rounded down to a whole number; false: six decimals.")

    @model_validator(mode="after")
    def _one_growth(self) -> "CounterSection":
        if (self.per_second is None) == (self.per_report is None):
            got = "neither" if self.per_second is None else "both"
            raise ValueError(
                f"got {got} of per_second and per_report, expected one, e.g. per_second = 50"
            )
        if self.per_report is not None and self.of != "all":
            raise ValueError(f'got of = "{self.of}" with per_report, expected per_second with it')
        return self


class ReportSection(Section):
    """The request that a QoS report is sent as, and the answers that accept it."""

    method: Annotated[Literal["POST", "PUT", "PATCH"], Expected('"POST", "PUT" or "PATCH"')] = key(
        "POST", "The request's method."
    )
    path: Path = key("/api/v1/metrics/qos", "Path below the target's URL.")
    query: Query = key(
        {},
        "Constant query parameters, URL-encoded; written to run.json, so no secrets here.",
        {"source": "webrtc"},
    )
    content_type: ContentType = key("application/json", "The request's Content-Type.")
    headers: Annotated[
        dict[ConstantName, ConstantValue], Expected("a table of NAME = a constant value")
    ] = key(
        {},
        "Constant request headers. Secrets belong in target.headers.",
        {"X-Tenant": "studio-3"},
    )
    gzip: Flag = key(False, "Compress every body (Content-Encoding: gzip).", True)
    expect: Annotated[
        tuple[Status, ...],
        Field(strict=False, min_length=1),
        Expected("a list of HTTP statuses"),
    ] = key([202], "HTTP statuses that accept a report.")
    connection: ConnectionText = key(
        "keep-alive",
        "One connection per client (keep-alive), one per report, or N shared by all clients.",
        "pooled:8",
    )
    timeout: Duration = key("10s", "Deadline of a report, counted from its due time.")
    clocks: Annotated[Literal["spread", "synchronised"], Expected('"spread" or "synchronised"')] = (
        key("spread", "Each client reports at its own moment (spread), or all at the same moments.")
    )
    jitter: Share = key(0.0, "Largest random delay of a report, as a share of the cadence.", 0.1)
    productions: Count = key(10, "Number of distinct productionId values.")
    lines: Count = key(50, "Number of distinct lineId values.")
    bridges: Count = key(4, "Number of distinct bridgeId values.")
    counters: Annotated[
        dict[CounterName, CounterSection], Expected("a table of NAME = { per_second = NUMBER }")
    ] = key(
        {},
        "Numbers that only grow during a session; the body names them $counter.NAME.",
        {},
    )
    body: Body = key(
        DEFAULT_BODY,
        "The whole JSON body. A string $group.name is replaced by a source's value, ${group.name} "
        "within a string by its text, $$ by a dollar sign.",
        {"sessionId": "$session.id", "mos": "$network.mos"},
    )

    @model_validator(mode="after")
    def _counters_are_named(self) -> "ReportSection":
        if problems := list(counter_problems(self.body, self.counters)):
            raise problems_of("report", problems)
        return self


def build_report(report: ReportSection, secret: Iterable[HeaderRef], problems: Problems) -> Report:
    """The plan's report; a header that is constant and `secret` is a problem."""
    connection, _, pool = report.connection.partition(":")
    names = {header.name.lower() for header in secret}
    for name in report.headers:
        if name.lower() in names:
            problems.add(
                "report.headers", f"got {name}, which target.headers has too, expected one"
            )
    return Report(
        method=report.method,
        path=report.path,
        query=urlencode(report.query, quote_via=quote, safe=""),
        content_type=report.content_type,
        headers=tuple(report.headers.items()),
        gzip=report.gzip,
        expect=report.expect,
        productions=report.productions,
        lines=report.lines,
        bridges=report.bridges,
        connection=cast(Connection, connection),
        pool=int(pool or 0),
        counters=tuple(
            Counter(
                name=name,
                per_second=counter.per_second or 0.0,
                per_report=counter.per_report or 0.0,
                of=counter.of,
                start=counter.start,
                whole=counter.whole,
            )
            for name, counter in report.counters.items()
        ),
        body=report.body,
    )
