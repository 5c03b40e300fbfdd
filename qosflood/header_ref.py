"""How a secret is named in a Plan: by where it is read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderRef:
    """A request header whose value is read from `env:VAR` or `file:PATH` when it is needed."""

    name: str
    source: str
