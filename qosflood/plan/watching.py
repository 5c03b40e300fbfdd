"""What a Plan says of watching: pages, memory, and other monitors of the target.

Frozen and without a secret, as all of the Plan is.
"""

from dataclasses import dataclass
from typing import Literal

from qosflood.base.endpoint import HeaderRef

WATCH = "watch"
"""The only phase of a run that sends no load: the target is watched, and that is all."""
ONE_INSTANCE = "target"
"""What the instance is called where a plan names none."""
MOST_PAGE_BYTES = 256 << 20
"""No page grows beyond this, whatever a plan allows: the monitor must outlive a gzip bomb."""
WATCHED = "watched by part 1"
"""What another part of a run says of scrapes and memory."""


ExternalKind = Literal["exposition", "promql", "command"]
"""What a profile may name as a source of memory beside process and page, in the order tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemorySource:
    """A source of an instance's memory other than its process and page.

    `read` names the series in the exposition at `url`, or is the expression that the Prometheus at
    `url` evaluates. `limit`, `restarts` and `termination` name, in the same way, what it may use,
    how often it was restarted and why it last ended (a label `reason`). A command's words print the
    bytes, and the limit behind them; those like `env:VAR` are read when they are needed.
    `$instance` in any of them is the instance's name.
    """

    kind: ExternalKind
    url: str = ""
    read: str = ""
    limit: str = ""
    restarts: str = ""
    termination: str = ""
    command: tuple[str, ...] = ()
    timeout_ns: int = 5_000_000_000
    headers: tuple[HeaderRef, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What the monitor looks at. `interval_ns` None: no scrapes; `sample_limit` 0: no limit.

    `dialect` is the Prometheus version that must accept a page: 2 (as of 2.42) or 3.
    """

    scrape_url: str
    interval_ns: int | None
    timeout_ns: int
    body_size_limit_bytes: int
    pid: int | None
    memory_interval_ns: int
    gauge: str
    memory_limit_bytes: int | None
    memory_block_ns: int
    memory_warmup_ns: int
    memory_growth_bytes: int
    dialect: Literal["2", "3"] = "3"
    sample_limit: int = 0
    memory_sources: tuple[MemorySource, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One process that serves the target, scraped and measured on its own.

    `headers` go with its scrapes. `memory` says where its memory is read (None: found by itself),
    `readback` is the path or URL of its read-back snapshot. `trusted`: the client certificate and
    `insecure` of the target hold for its page too, wherever that is; on the target's own origin
    they always do.
    """

    name: str
    scrape_url: str
    headers: tuple[HeaderRef, ...] = ()
    memory: str | None = None
    readback: str | None = None
    trusted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """An address on the same path as the load that is not the target, asked once each
    `interval_ns`: what fails together with it is the path's fault."""

    url: str
    interval_ns: int = 1_000_000_000
    timeout_ns: int = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """How accepted reports are looked for in the target.

    `counter` or `gauge` names a metric of its page, of which all series with these `labels` are
    added up. `readback` is the path (below the target's URL) or the whole URL of a JSON snapshot,
    in which `samples`, `session` and `observed` lead to the list, and in each of its items to the
    session's id and to the time of observation (epoch ms); up to `sessions` are looked for.
    `readback` None: nothing is read back, and `why` may say why. `asked`: it is tried even where a
    look beforehand found no snapshot; that look met one of `before_bytes`, of `each_bytes` for each
    session in it. Times in it are the reports' own plus `held_off_ms`, give or take
    `held_unsure_ms`: 0 and 0 where the target keeps the times that it is sent, None where the look
    did not show it.
    """

    counter: str | None = None
    gauge: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    readback: str | None = None
    samples: tuple[str, ...] = ("samples",)
    session: tuple[str, ...] = ("sessionId",)
    observed: tuple[str, ...] = ("observedAt",)
    sessions: int = 500
    asked: bool = False
    why: str = ""
    before_bytes: int = 0
    each_bytes: float = 0.0
    held_off_ms: int | None = None
    held_unsure_ms: int = 0

    @property
    def own_times(self) -> bool:
        """Whether the target was seen to store times of its own."""
        return bool(self.held_off_ms or self.held_unsure_ms)

    @property
    def metric(self) -> str | None:
        """The counter or the gauge."""
        return self.counter or self.gauge


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """Your Prometheus, which scrapes the target: it is queried every `every_ns`.

    `job` and `instance` are the labels of the targets that are the plan's instances; without a job
    they are known by the URLs that are scraped. `share_headers`: those targets get the headers and
    the certificate of the load's target, wherever they are.
    """

    url: str
    job: str | None = None
    instance: str | None = None
    headers: tuple[HeaderRef, ...] = ()
    every_ns: int = 60_000_000_000
    share_headers: bool = False
