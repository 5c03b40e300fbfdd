"""What the charts of a report draw, and the blocks that comparisons resample. Pure."""

from dataclasses import dataclass
from typing import Literal

from qosflood.plan.watching import ONE_INSTANCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Second:
    """One second of the whole generator, for charts: counts, not rates; percentiles are None
    where fewer than ten values lie above them. `errors` counts outcomes other than acked.
    `response_max_ns` counts a failed report at its timeout, `service_max_ns` answers alone;
    `stood_still_ns` is the longest that a shard stood still by the end of the second."""

    t_s: float
    phase: str
    scheduled: int
    offered: int
    acked: int
    errors: dict[str, int]
    response_p50_ns: int | None
    response_p99_ns: int | None
    response_max_ns: int | None
    send_lag_p99_ns: int | None
    connected: int
    late: bool
    reconnects: int = 0
    service_max_ns: int | None = None
    stood_still_ns: int = 0


@dataclass(frozen=True, slots=True)
class P99Point:
    """The p99 of response times in the `length_s` seconds from `t_s` on: one second where it has
    the reports that a p99 needs, else as many as have them."""

    t_s: float
    length_s: int
    p99_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPoint:
    """Target memory and CPU (cores since the sample before) at `t_s`."""

    t_s: float
    rss_bytes: int
    cpu_cores: float | None
    instance: str = ONE_INSTANCE


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrapePoint:
    """One scrape of `instance` at `t_s`."""

    t_s: float
    ok: bool
    reason: str | None
    duration_ns: int | None
    bytes: int | None
    series: int | None
    instance: str = ONE_INSTANCE


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPoint:
    """One request to the control at `t_s`."""

    t_s: float
    ok: bool
    reason: str | None
    duration_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PercentileCurve:
    """The HDR percentile curve of one phase and series: value at each quantile (0 to <1)."""

    phase: str
    series: Literal["response", "service", "failed"]
    quantiles: tuple[float, ...]
    values_ns: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A stretch of the main phase from `t_s` on: counts of the reports in it. `errors` are all
    outcomes but acked. Histograms are base64 of HdrHistogram's V2 compressed form, in
    nanoseconds."""

    t_s: int
    scheduled: int
    sent: int
    acked: int
    errors: int
    response: str | None
    service: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """The main phase in at most 60 blocks of `length_s` seconds. A block is 30 s, shorter in a
    phase under 4 minutes, and whole minutes in one over half an hour. A remainder at the end
    belongs to the last block."""

    phase: str
    length_s: int
    blocks: tuple[Block, ...]
