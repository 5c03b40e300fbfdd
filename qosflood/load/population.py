"""Who the clients are: a session's identity as a pure function of its number."""

from dataclasses import dataclass

from qosflood.plan import Report


@dataclass(frozen=True, slots=True)
class Identity:
    """What a client says of itself in each report."""

    session_id: str
    production_id: str
    line_id: str
    bridge_id: str
    direction: str


def identity(prefix: str, report: Report, number: int, session: int = 0) -> Identity:
    """The identity of client `number` in its `session`-th session.

    Lines belong to productions, and one line always meets the same bridge, as with the
    reference system's hash of the line; directions alternate.
    """
    line = number % report.lines
    return Identity(
        session_id=f"{prefix}{number}-{session}",
        production_id=f"production-{line % report.productions}",
        line_id=f"line-{line}",
        bridge_id=f"bridge-{line % report.bridges}",
        direction="ingress" if number % 2 == 0 else "egress",
    )
