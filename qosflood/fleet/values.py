"""What a supervisor is told beside the plan, and what it answers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ended:
    """How the run ended; `recorded` says whether the journal holds it."""

    reason: str
    detail: str
    recorded: bool
