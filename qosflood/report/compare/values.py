"""The values that a comparison is made of.

A figure of scale `relative` is compared by its ratio, one of scale `absolute` by its difference;
`low`, `high` and `band` are in that scale too: 0.05 is 5%, or 0.05 of the figure's unit.
"""

from dataclasses import dataclass
from typing import Literal

from qosflood.journal.trial_records import Band
from qosflood.report.document.schema import Document

Word = Literal["regressed", "improved", "same", "unknown"]
Overall = Literal["regressed", "improved", "same", "unknown", "not comparable"]
Unit = Literal["ms", "s", "bytes", "ratio", "cores", "clients"]
Scale = Literal["relative", "absolute"]
Role = Literal["base", "new"]
CLIENTS = "capacity.clients"
"""The figure that searches for capacity are compared by."""
VALID = "a valid run"
"""The `what` of a run that was cut short or invalid; its `base` is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MinEffect:
    """The smallest change that matters: for times both must be exceeded, for other relative
    figures the share."""

    share: float = 0.05
    ms: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A run to be compared: what it was called, and its report."""

    name: str
    document: Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something in which two runs must agree, but differ; `run` is the one that differs."""

    what: str
    run: str
    base: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """One of the runs compared; `late_windows` are seconds in which its generator was late. A
    search for capacity has the `clients` that it found."""

    role: Role
    name: str
    id: str
    started_utc: str
    version: str
    verdict: str
    late_windows: int
    windows: int
    blocks: int
    block_s: int | None
    clients: Band | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One figure: each run's value (None: not measured), the means, and the result.

    `relative` is new / base - 1. `low` to `high` is the interval of the change, `band` the least
    change that this comparison reports; None where nothing was compared, the interval also where
    neither the noise within the runs nor that between them is known. `floor` is the smallest
    difference that matters, in the figure's unit, where only that makes a large share the same. A
    value that never came is infinite, and null in JSON.
    """

    name: str
    label: str
    unit: Unit
    scale: Scale
    worse: Literal["higher", "lower"]
    base: tuple[float | None, ...]
    new: tuple[float | None, ...]
    base_value: float | None = None
    new_value: float | None = None
    difference: float | None = None
    relative: float | None = None
    low: float | None = None
    high: float | None = None
    band: float | None = None
    floor: float | None = None
    verdict: Word
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The whole answer; without `changes` if the runs were not comparable."""

    verdict: Overall
    exit_code: int
    headline: str
    noise: str
    min_effect: MinEffect
    runs: tuple[RunFacts, ...]
    differences: tuple[Difference, ...]
    changes: tuple[Change, ...]
    notes: tuple[str, ...]

    @property
    def searches(self) -> bool:
        """Whether searches for capacity were compared."""
        return any(change.name == CLIENTS for change in self.changes)

    def of(self, role: Role) -> list[RunFacts]:
        """The runs of one side."""
        return [run for run in self.runs if run.role == role]
