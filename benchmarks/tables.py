"""What benchmarks print: Markdown tables, and figures with their aims."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = (head, ("---",) * len(head), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


@dataclass(frozen=True, slots=True)
class Aim:
    """A figure that is to be at most `most`, or within `most` of `exactly`; both of `unit`."""

    what: str
    value: float
    most: float
    unit: str = ""
    exactly: float | None = None

    @property
    def holds(self) -> bool:
        """Whether it is met."""
        off = self.value if self.exactly is None else abs(self.value - self.exactly)
        return off <= self.most

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """What, measured, aim, holds or missed."""
        aim = f"at most {self.most:,g}{self.unit}"
        if self.exactly is not None:
            aim = f"{self.exactly:,g}{self.unit}" + (f" ± {self.most:,g}" if self.most else "")
        verdict = "holds" if self.holds else "**missed**"
        return self.what, f"{_figure(self.value)}{self.unit}", aim, verdict


def aims_table(aims: Iterable[Aim]) -> str:
    """All aims with what was measured."""
    return markdown(("what", "measured", "aim", ""), [aim.cells for aim in aims])


def _figure(value: float) -> str:
    """Three digits at least, and none after the point of a large figure."""
    digits = 0 if value >= 1000 else 1 if value >= 100 else 2 if value >= 1 else 3
    return f"{value:,.{digits}f}"
