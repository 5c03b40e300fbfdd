"""How long sessions last."""

from typing import Annotated, Literal

from qosflood.base.units import format_duration
from qosflood.plan.plan import Load, Sessions
from qosflood.plan.profile.fields import Duration, Expected, Flag, MaybeNone, Section, key
from qosflood.plan.profile.problems import Origins, Problems


class SessionsSection(Section):
    """How long a session lasts before another, with its own id and connection, replaces it."""

    lifetime: MaybeNone = key("10m", "Mean duration of a session; 0s: the whole run.")
    distribution: Annotated[
        Literal["exponential", "fixed"], Expected('"exponential" or "fixed"')
    ] = key("exponential", "How lifetimes vary around the mean.")
    hold: Flag = key(
        True,
        "No session joins or leaves after the first third of the flood. This separates memory that "
        "grows with sessions from memory that grows with time.",
    )
    final_report: Flag = key(False, "A session sends one more report when it ends.", True)
    startup_interval: MaybeNone = key(
        "0s", "Cadence of a new session's first reports; 0s: the same as later.", "1s"
    )
    startup_for: Duration = key("10s", "How long a new session keeps startup_interval.")


LEAST_CADENCES = 10
"""So many cadences the lives of a shipped profile last at least."""
_KEY = "sessions.lifetime"
_SHIPPED = "shipped default"


def build_sessions(
    asked: SessionsSection, origins: Origins, load: Load, problems: Problems
) -> tuple[Sessions, str]:
    """The plan's sessions, and where their lifetime came from; a life in which nothing is reported
    is a problem.

    A lifetime that the user did not name is lengthened for a long cadence.
    """
    source = origins.of(_KEY, _SHIPPED)
    cadence_ns = max(load.cadence_ns, load.base_cadence_ns)
    lifetime_ns = asked.lifetime
    named = source != _SHIPPED and origins.named_by_user(source)
    if not named and 0 < lifetime_ns < LEAST_CADENCES * cadence_ns:
        lifetime_ns, source = LEAST_CADENCES * cadence_ns, _SHIPPED
    if 0 < lifetime_ns < cadence_ns:
        problems.add(
            _KEY,
            f"got {format_duration(lifetime_ns)}, expected at least a cadence "
            f"({format_duration(cadence_ns)}), or 0s for sessions that live as long as the run",
        )
    if asked.startup_interval > asked.startup_for:
        problems.add(
            "sessions.startup_interval",
            f"got {format_duration(asked.startup_interval)}, expected at most "
            f"sessions.startup_for ({format_duration(asked.startup_for)})",
        )
    sessions = Sessions(
        lifetime=asked.distribution if lifetime_ns else "none",
        lifetime_ns=lifetime_ns,
        hold=asked.hold,
        final_report=asked.final_report,
        startup_ns=asked.startup_for if asked.startup_interval else 0,
        startup_cadence_ns=asked.startup_interval,
    )
    return sessions, source
