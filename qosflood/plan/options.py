"""What the command line or the environment asked for, before it is put on top of a profile."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qosflood.base.errors import UnitError
from qosflood.base.units import parse_duration

_DIGITS = re.compile(r"[0-9]{1,18}")
_PART = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


@dataclass(frozen=True, slots=True)
class PartOf:
    """`--part`: number `index` (from 1) of `of`."""

    index: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line or the environment asked for; None (or empty) is "not given".

    `keys` are keys of the profile by their path, with values as they were written, e.g.
    `{"run.rate": "10x"}`; the other fields are no key of a profile, or add to one. `sources` has
    where each came from, by key path or by field, e.g. `{"run.rate": "environment
    QOSFLOOD_RUN_RATE", "limits": "option --limit"}`. `ceilings`: whether those that keep floods
    off other machines hold.
    """

    keys: Mapping[str, Any] = field(default_factory=dict)
    clients: int | None = None
    headers: tuple[str, ...] = ()
    prometheus_headers: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    audit: bool | None = None
    limits: tuple[str, ...] = ()
    part: PartOf | None = None
    start_at_ns: int | None = None
    ceilings: bool = True
    sources: Mapping[str, str] = field(default_factory=dict)

    def source(self, name: str) -> str:
        """Where a value came from, by key path or by field."""
        return self.sources.get(name, "option")

    def name(self, name: str) -> str:
        """The option or the variable that gave a value, by key path or by field."""
        return self.source(name).partition(" ")[2]


def parse_peak(text: str) -> dict[str, str]:
    """`500` or `500@5s` as the keys that it sets; raises UnitError."""
    clients, separator, interval = text.strip().partition("@")
    number = int(clients) if _DIGITS.fullmatch(clients) else 0
    if number < 1:
        raise UnitError(f'got "{text}", expected CLIENTS or CLIENTS@INTERVAL, e.g. 500@5s')
    if not separator:
        return {"peak.clients": clients}
    try:
        above_zero = parse_duration(interval) > 0
    except UnitError:
        above_zero = False
    if not above_zero:
        bare = _DIGITS.fullmatch(interval) and int(interval)
        meant = f"{interval}s" if bare else "5s"
        raise UnitError(
            f'got "{text}", expected an interval with a unit, above 0s, e.g. {clients}@{meant}'
        )
    return {"peak.clients": clients, "peak.interval": interval}


def parse_part(text: str) -> PartOf:
    """`3/8`; raises UnitError."""
    found = _PART.fullmatch(text.strip())
    index, of = (int(group) for group in found.groups()) if found else (0, 0)
    if of and not 1 <= index <= of:
        meant = min(max(index, 1), of)
        raise UnitError(f'got "{text}", expected a part from 1 to {of} of {of}, e.g. {meant}/{of}')
    if not of:
        raise UnitError(f'got "{text}", expected the part and how many there are, e.g. 3/8')
    return PartOf(index, of)
