"""What whoever looks on at a run may do to it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Controls:
    """`stop` ends the load as one Ctrl-C does; `mark` writes a text into the journal."""

    stop: Callable[[], None]
    mark: Callable[[str], None]
