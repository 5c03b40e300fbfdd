"""The embedded collector's options, as one frozen value."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec

from qosflood.base.endpoint import HeaderRef
from qosflood.base.errors import StartError
from qosflood.base.header_values import resolve_headers
from qosflood.base.units import SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeOption:
    """A media bridge by its base URL; `weight` is its share of the lines."""

    url: str
    weight: int = 1

    def __post_init__(self) -> None:
        _require_url("bridge", self.url)
        if self.weight < 1:
            raise StartError(f"bridge {self.url}: got weight {self.weight}, expected 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorOptions:
    """Where the collector listens and how it behaves; raises StartError for what cannot be.

    `port` 0 lets the kernel choose. `session_ttl_ns` None keeps sessions for ever.
    `service_time_ns` None answers as fast as it can. `token` names the source of a bearer token,
    `env:VAR` or `file:PATH`, never the token itself. `sip` None: the collector acts as the SIP
    controller; no `bridges`: it acts as one bridge that is always healthy.
    """

    host: str = "127.0.0.1"
    port: int = 0
    session_ttl_ns: int | None = None
    service_time_ns: int | None = None
    token: str | None = None
    bridges: tuple[BridgeOption, ...] = ()
    sip: str | None = None
    keepalive_timeout_ns: int = 75 * SECOND
    probe_interval_ns: int = 15 * SECOND

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise StartError(f"port: got {self.port}, expected 0 to 65535")
        for name in (
            "session_ttl_ns",
            "service_time_ns",
            "keepalive_timeout_ns",
            "probe_interval_ns",
        ):
            _require_positive(name, getattr(self, name))
        if self.sip is not None:
            _require_url("sip", self.sip)


def options_from_builtins(data: Any) -> CollectorOptions:
    """Options from their JSON form; raises StartError."""
    try:
        return msgspec.convert(data, type=CollectorOptions)
    except msgspec.ValidationError as error:
        raise StartError(f"collector options: {error}") from None


def read_token(source: str | None) -> bytes | None:
    """The bearer token that `env:VAR` or `file:PATH` holds, None for None; raises StartError."""
    if source is None:
        return None
    header = HeaderRef(name="Authorization", source=source)
    return resolve_headers((header,))[header.name].encode()


def _require_url(name: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise StartError(f'{name}: got "{url}", expected a URL such as http://127.0.0.1:8090/')


def _require_positive(name: str, value_ns: int | None) -> None:
    if value_ns is not None and value_ns <= 0:
        label = name.removesuffix("_ns").replace("_", " ")
        raise StartError(f"{label}: got {value_ns} ns, expected more than 0")
