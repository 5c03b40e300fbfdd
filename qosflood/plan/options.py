"""The command line's options, and a profile with them on top."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from qosflood.base.errors import UnitError
from qosflood.base.units import Rate, parse_duration

_DIGITS = re.compile(r"[0-9]{1,18}")
_PART = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


@dataclass(frozen=True, slots=True)
class Peak:
    """`--peak`: what 1x means; without an interval the profile's cadence stays."""

    clients: int
    interval_ns: int | None = None


@dataclass(frozen=True, slots=True)
class PartOf:
    """`--part`: number `index` (from 1) of `of`."""

    index: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line or the environment said; None (or empty) is "not said".

    `sources` tells by the field's name, without its unit, where a value came from, e.g. `{"rate":
    "environment QOSFLOOD_RUN_RATE"}`; one that is not in it came from its option.
    """

    rate: Rate | None = None
    duration_ns: int | None = None
    clients: int | None = None
    peak: Peak | None = None
    timeout_ns: int | None = None
    seed: int | None = None
    shards: int | Literal["auto"] | None = None
    target: str | None = None
    headers: tuple[str, ...] = ()
    cacert: str | None = None
    insecure: bool | None = None
    cert: str | None = None
    key: str | None = None
    key_password: str | None = None
    resolve: Literal["one", "all"] | None = None
    allow: tuple[str, ...] = ()
    scrape: str | None = None
    scrape_interval: int | Literal["off"] | None = None
    pid: int | None = None
    audit: bool | None = None
    prometheus: str | None = None
    job: str | None = None
    instance: str | None = None
    prometheus_headers: tuple[str, ...] = ()
    otel: tuple[str, ...] | None = None
    control: str | None = None
    limits: tuple[str, ...] = ()
    max_rate: float | None = None
    max_duration_ns: int | None = None
    part: PartOf | None = None
    start_at_ns: int | None = None
    sources: Mapping[str, str] = field(default_factory=dict)

    def source(self, name: str) -> str:
        """Where the value of a field came from; `name` is without the unit."""
        option = _SPELLED.get(name, name.replace("_", "-"))
        return self.sources.get(name, f"option --{option}")


_SPELLED = {
    "headers": "header",
    "limits": "limit",
    "allow": "allow-target",
    "prometheus_headers": "prometheus-header",
}
"""Options that are not called as their fields."""


def parse_peak(text: str) -> Peak:
    """`500` or `500@5s`; raises UnitError."""
    clients, separator, interval = text.strip().partition("@")
    number = int(clients) if _DIGITS.fullmatch(clients) else 0
    if number < 1:
        raise UnitError(f'got "{text}", expected CLIENTS or CLIENTS@INTERVAL, e.g. 500@5s')
    return Peak(number, parse_duration(interval) if separator else None)


def parse_part(text: str) -> PartOf:
    """`3/8`; raises UnitError."""
    found = _PART.fullmatch(text.strip())
    index, of = (int(group) for group in found.groups()) if found else (0, 0)
    if not 1 <= index <= of:
        raise UnitError(f'got "{text}", expected the part and how many there are, e.g. 3/8')
    return PartOf(index, of)
