"""What a QoS report looks like on the wire, as frozen values; part of the Plan."""

from dataclasses import dataclass, field
from typing import Any, Literal

Connection = Literal["keep-alive", "per-report", "pooled"]

DEFAULT_BODY: dict[str, Any] = {
    "sessionId": "$session.id",
    "bridgeId": "$session.bridge",
    "productionId": "$session.production",
    "lineId": "$session.line",
    "direction": "$session.direction",
    "mos": "$network.mos",
    "packetLoss": "$network.loss_percent",
    "roundTripTime": "$network.rtt_ms",
    "observedAt": "$clock.epoch_ms",
}
"""The reference API's report, in the language of body_language.py."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """A number that only grows while a session lives; its first report shows `start`.

    Between two reports it grows by `per_report`, and by `per_second` x the seconds between x what
    the second one reports: 1 (`all`), the share of packets `received` or `lost`, or the round trip
    or jitter in seconds. `whole` numbers are rounded down.
    """

    name: str
    per_second: float = 0.0
    per_report: float = 0.0
    of: Literal["all", "received", "lost", "rtt", "jitter"] = "all"
    start: float = 0.0
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a QoS report looks like on the wire. `expect` are the statuses that accept it.

    `connection`: one kept for each client, one for each report, or `pool` of them that all clients
    share, as behind a reverse proxy. `query` is percent-encoded;
    `headers` are constant, by name and value. `body` is a template in the language of
    body_language.py. `bytes_mean` is what a report takes on the wire, head and body, 0 while it was
    not asked.
    """

    method: str
    path: str
    content_type: str
    expect: tuple[int, ...]
    productions: int
    lines: int
    bridges: int
    connection: Connection = "keep-alive"
    pool: int = 0
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    gzip: bool = False
    counters: tuple[Counter, ...] = ()
    body: dict[str, Any] = field(default_factory=lambda: dict(DEFAULT_BODY))
    bytes_mean: int = 0

    @property
    def location(self) -> str:
        """The path and its query, below the target's base path."""
        joint = "&" if "?" in self.path else "?"
        return f"{self.path}{joint}{self.query}" if self.query else self.path
