"""How long sessions live."""

from qosflood.plan import Load, Sessions
from qosflood.profile.model import Profile
from qosflood.resolve.problems import Problems
from qosflood.units import format_duration


def build_sessions(profile: Profile, load: Load, problems: Problems) -> Sessions:
    """The plan's sessions; a life in which nothing is reported is a problem."""
    asked = profile.sessions
    cadence_ns = max(load.cadence_ns, load.base_cadence_ns)
    if 0 < asked.lifetime < cadence_ns:
        problems.add(
            "sessions.lifetime",
            f"got {format_duration(asked.lifetime)}, expected at least a cadence "
            f"({format_duration(cadence_ns)}), or 0s for sessions that live as long as the run",
        )
    if asked.startup_interval > asked.startup_for:
        problems.add(
            "sessions.startup_interval",
            f"got {format_duration(asked.startup_interval)}, expected at most "
            f"sessions.startup_for ({format_duration(asked.startup_for)})",
        )
    return Sessions(
        lifetime=asked.distribution if asked.lifetime else "none",
        lifetime_ns=asked.lifetime,
        hold=asked.hold,
        final_report=asked.final_report,
        startup_ns=asked.startup_for if asked.startup_interval else 0,
        startup_cadence_ns=asked.startup_interval,
    )
