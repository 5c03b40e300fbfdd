"""Sentences about what sessions take of the target's memory, and why that is not known. Pure."""

from qosflood.base.units import SECOND, format_bytes, format_count, format_duration, format_ratio
from qosflood.plan.plan import Sessions

NO_LOAD = "no session joined"
NOT_RECORDED = "the run did not record how many sessions had a report accepted"
PROCESS_CHANGED = "the target's process changed while sessions joined or left"
FEW_SAMPLES = "too few memory samples to separate sessions from connections and warm-up"
OTHER_PARTS = "other parts of the run brought sessions that are not counted here"
_NEGLIGIBLE = 0.05


def each(low: float, high: float) -> str:
    """An interval of bytes per session."""
    least, most = format_bytes(low), format_bytes(high)
    return f"{least} per session" if least == most else f"{least} to {most} per session"


def few_sessions(joined: int, least: int) -> str:
    """Too little growth in sessions."""
    return (
        f"only {format_count(joined)} sessions had their first report accepted after the baseline, "
        f"at least {format_count(least)} are needed"
    )


def own_connections(joined: int, sessions: Sessions) -> str:
    """Sessions and connections went along with each other."""
    shorter = "a shorter" if sessions.lifetime != "none" else "a"
    return (
        f"nearly all of the {format_count(joined)} sessions that joined opened a connection that "
        "stayed open, so what sessions take and what connections take cannot be told apart; set "
        f"{shorter} sessions.lifetime, so that sessions replace others"
    )


def in_step(sessions: Sessions) -> str:
    """Sessions went along with time."""
    helps = "a shorter sessions.lifetime" if sessions.hold else "sessions.hold = true"
    return (
        "sessions joined in step with time and connections, so what they take cannot be told apart "
        f"from the growth of a heap that warms up; set {helps}"
    )


def no_growth(high: float) -> str:
    """The interval includes zero."""
    if high <= 0:
        return "memory did not grow with sessions"
    return f"that sessions take memory is not shown: at most {format_bytes(high)} per session"


def too_wide(low: float, high: float) -> str:
    """The interval is no figure."""
    return (
        f"{each(low, high)} is too wide to be a figure: other growth, or a garbage collector, "
        "hides what sessions take; more sessions (a shorter sessions.lifetime) or a longer flood "
        "narrow it"
    )


def grown_with_sessions(grown: float, joined: int, per_session: str, freed: str) -> str:
    """Growth that came with sessions and ended with their joining; `per_session` is empty where
    not all of the sessions are known."""
    who = "sessions joined"
    if per_session:
        who = f"{format_count(joined)} {who} ({per_session})"
    return f"grew {format_bytes(grown)} while {who}, then stayed level; {freed}"


def grown_before(grown: float, why: str) -> str:
    """Growth before the hold that is not shown to be the sessions'."""
    return f"before that it grew {format_bytes(grown)}; {why}"


def reaches_limit(churn: float, low_s: float) -> str:
    """When sessions that are kept fill the memory."""
    low = format_duration(round(low_s) * SECOND)
    return (
        f"at the peak's {format_count(churn)} new sessions per second it reaches its memory limit "
        f"after {low} at the earliest"
    )


def with_churn(per_session: str, grown: float, begun: int) -> str:
    """Growth that followed the sessions and not the time; `per_session` is empty where it is not
    known."""
    if not per_session:
        return f"grew {format_bytes(grown)} with new sessions, not with time"
    return (
        f"grew {format_bytes(grown)} with {format_count(begun)} new sessions ({per_session}), not "
        "with time"
    )


def given_back(share: float | None) -> str:
    """How much of it was free again at the end."""
    if share is None:
        return "whether the target frees it after they end was not measured"
    if share < _NEGLIGIBLE:
        return f"less than {format_ratio(_NEGLIGIBLE)} of it was freed after they ended"
    return f"{format_ratio(min(share, 1.0))} of it was freed after they ended"
