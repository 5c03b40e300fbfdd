"""Findings and limits to a verdict with its evidence. Pure."""

from dataclasses import dataclass
from typing import Literal

from qosflood.errors import ExitCode
from qosflood.plan import Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedLimit:
    """A limit with the value found; `ok` is None when it could not be judged, `reason` says why.

    `value` is in the limit's base unit; `n` is how many observations stand behind it.
    """

    limit: Limit
    value: float | str | None
    n: int
    ok: bool | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer. `reasons` are all that speak for it, the deciding one first."""

    verdict: Literal["PASS", "FAIL", "INVALID", "ABORTED", "INTERRUPTED"]
    exit_code: ExitCode
    headline: str
    reasons: tuple[str, ...]
    not_judged: tuple[str, ...]
    limits: tuple[JudgedLimit, ...]
