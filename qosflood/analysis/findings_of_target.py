"""What the analysis found of the target itself: its end, and what it ran out of."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """The first end of the target's process while the load ran, at `t_s`; `back_s` is when another
    took its place, `gone` says that none did. `ends` counts all of them, `what` says it in words.
    """

    t_s: float
    back_s: float | None
    gone: bool
    ends: int
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Something of the target's own that the samples of the flood show, in words; `explains` says
    what kind of trouble it can be the cause of."""

    kind: Literal["files", "backlog", "instance", "page", "spike", "series", "frozen"]
    explains: Literal["failures", "slow", "any", "memory", "page"]
    what: str
