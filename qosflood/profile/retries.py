"""How clients connect, and what they do about a report that failed, in a profile. Pure."""

import re
from typing import Annotated

from pydantic import Field

from qosflood.base.errors import StartError
from qosflood.profile.fields import Duration, Expected, Flag, MaybeNone, Section, key, spelled

_CONNECTIONS = '"keep-alive", "per-report" or "pooled:N" such as "pooled:8"'
_POOLED = re.compile(r"pooled:0*[1-9][0-9]{0,6}")


def _connection(text: str) -> str:
    if text not in ("keep-alive", "per-report") and not _POOLED.fullmatch(text):
        raise StartError(f'got "{text}", expected {_CONNECTIONS}')
    return text


ConnectionText = Annotated[str, spelled(_CONNECTIONS, _connection)]
Reason = Annotated[
    str,
    Field(
        pattern=r"^([1-5]([0-9][0-9]|xx)|connection_lost|bad_response|connect_error|timeout)$",
    ),
    Expected(
        'a status such as "429", a class such as "5xx", or one of connection_lost, bad_response, '
        "connect_error, timeout"
    ),
]


class RetriesSection(Section):
    """What a client does about an attempt to report that failed. What it has due meanwhile waits
    behind the report that it tries again; the report's deadline stays what it is."""

    most: Annotated[int, Field(ge=0, le=100), Expected("a whole number from 0 to 100")] = key(
        0, "Attempts after the first; 0: a failed report is not tried again.", 3
    )
    backoff: Duration = key("1s", "Wait before the second attempt.")
    factor: Annotated[float, Field(ge=1, le=10), Expected("a number from 1 to 10")] = key(
        2.0, "Each further wait is so many times as long."
    )
    longest: Duration = key("30s", "No wait is longer, unless the target asks for it.")
    jitter: Flag = key(True, "A random share of each wait is waited (full jitter), or all of it.")
    on: Annotated[
        tuple[Reason, ...],
        Field(strict=False, min_length=1),
        Expected("a list of statuses and outcomes"),
    ] = key(
        ["5xx", "429", "connection_lost", "bad_response", "connect_error", "timeout"],
        "What is tried again.",
        ["5xx", "429"],
    )
    attempt_timeout: MaybeNone = key(
        "0s",
        "An attempt without an answer for so long is given up, its connection closed; 0s: never.",
        "2s",
    )
    retry_after: Flag = key(True, "Wait at least as many seconds as a Retry-After asks for.")
