"""Where a profile has accepted reports looked for. Pure."""

import re
from typing import Annotated

from pydantic import Field

from qosflood.base.endpoint import parse_endpoint
from qosflood.base.errors import StartError
from qosflood.profile.fields import Expected, Section, key, spelled

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
