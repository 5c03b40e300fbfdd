"""The Plan: a profile plus the command line, fully resolved, as frozen values.

Everything after planning reads a Plan and nothing else. It carries no secret: a header holds the
name of the environment variable or file its value comes from. Kept free of pydantic, because a
shard imports it and pays for it in memory.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from qosflood.base.endpoint import HeaderRef, same_origin
from qosflood.plan.report import Report
from qosflood.plan.stages import Capacity
from qosflood.plan.watching import ONE_INSTANCE, WATCH, Audit, Control, Instance, Prometheus, Watch

PHASES = ("baseline", "ramp", "flood", "recovery", "settle")
GENERATOR_PHASES = ("baseline", "flood", "recovery")
"""Phases whose late windows make a run INVALID."""
LEAST_LATE_GATE_NS = 10_000_000
"""A generator that is late by less is never called late, however tight the limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A stretch of the run; clients and 1/cadence go linearly from `_from` to `_to`.

    `planned` is how many reports the schedule holds in it; `start_ns` counts from the load's
    start.
    """

    name: str
    start_ns: int
    duration_ns: int
    clients_from: int
    clients_to: int
    cadence_from_ns: int
    cadence_to_ns: int
    planned: int = 0

    @property
    def end_ns(self) -> int:
        """First nanosecond that no longer belongs to the phase."""
        return self.start_ns + self.duration_ns

    @property
    def rate(self) -> float:
        """Reports per second at the phase's end, by clients and cadence."""
        return self.clients_to * 1e9 / self.cadence_to_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Who sends how often. `base_*` is what 1x means; the others are what the flood asks.

    `clocks`: each client reports at its own moment in the cadence, or all at the same.
    """

    base_clients: int
    base_cadence_ns: int
    clients: int
    cadence_ns: int
    scale: Literal["clients", "cadence"]
    multiple: float
    jitter: float
    timeout_ns: int
    quantum_ns: int
    shards: int
    clocks: Literal["spread", "synchronised"] = "spread"

    @property
    def rate(self) -> float:
        """Reports per second in the flood."""
        return self.clients * 1e9 / self.cadence_ns

    @property
    def base_rate(self) -> float:
        """Reports per second at 1x."""
        return self.base_clients * 1e9 / self.base_cadence_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """How long sessions live. With a lifetime a session that ends is replaced at once; with
    `hold` that stops after the first third of the flood.

    `startup_cadence_ns` is the cadence of a session's first `startup_ns` (0: none).
    """

    lifetime: Literal["none", "exponential", "fixed"] = "none"
    lifetime_ns: int = 0
    hold: bool = True
    final_report: bool = False
    startup_ns: int = 0
    startup_cadence_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """A reconnect storm `at_ns` after the load's start: a share `drop` (above 0, at most 1) of the
    connections is dropped, and each client comes back after a random part of `back_within_ns`
    (0: at once)."""

    at_ns: int
    drop: float
    back_within_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """What becomes of an attempt that failed: at most `most` more (0: none), after a backoff that
    grows by `factor` from `backoff_ns` to `longest_ns`, of which `jitter` takes a random share.

    `on` are outcomes, statuses and classes of statuses (`5xx`). An attempt without an answer is
    given up after `attempt_timeout_ns` (0: never). `retry_after`: wait as long as a response asks.
    """

    most: int = 0
    backoff_ns: int = 1_000_000_000
    factor: float = 2.0
    longest_ns: int = 30_000_000_000
    jitter: bool = True
    on: tuple[str, ...] = ()
    attempt_timeout_ns: int = 0
    retry_after: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The load's address. `addresses` are pinned: resolved once, used in turn. `sources` are local
    addresses that clients connect from, spread evenly; none: the system chooses.

    `cert` and `key` are PEM files (`key` None: it is in `cert`), `key_password` says where the
    key's password is read. `tls_resume`: a client that comes back resumes its own TLS session.
    """

    url: str
    scheme: Literal["http", "https"]
    host: str
    port: int
    base_path: str
    addresses: tuple[str, ...]
    loopback: bool
    embedded: bool
    cacert: str | None
    insecure: bool
    headers: tuple[HeaderRef, ...]
    sources: tuple[str, ...] = ()
    cert: str | None = None
    key: str | None = None
    key_password: str | None = None
    tls_resume: bool = True

    @property
    def netloc(self) -> str:
        """Host and port as they stand in a Host header; a default port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = 443 if self.scheme == "https" else 80
        return host if self.port == default else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkClass:
    """A kind of network that clients report from; `weight` is its share of them, unnormalised.

    `rtt_ns` and `jitter_ns` are medians, `rtt_spread` is the standard deviation of the logarithm
    of both, and `correlation` that from one report to the next. Good and bad stretches of the
    Gilbert-Elliott chain last `good_packets` and `bad_packets` on average and lose `good_loss` and
    `bad_loss` (0-1) of their packets.
    """

    name: str
    weight: float
    rtt_ns: int
    rtt_spread: float
    jitter_ns: int
    correlation: float
    good_packets: float
    bad_packets: float
    good_loss: float
    bad_loss: float


Op = Literal["<", "<=", ">", ">=", "=="]
Unit = Literal["ns", "bytes", "ratio", "times", "count", "word"]
"""What a limit's threshold is in; `word`: one of the metric's words."""
NamedBy = Literal["user", "shipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit, e.g. `recovery:response.p99 < 250ms`; `threshold` in base units.

    `threshold` is a string only for metrics whose values are words (`none`). `scope` is a phase's
    name, or `run`: the whole run, and for a limit that aborts any phase.
    """

    expr: str
    metric: str
    op: Op
    threshold: float | str
    unit: Unit
    scope: str
    named_by: NamedBy
    grace_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Which part of a whole run is played here: number `index` (from 1) of `of`, all of which begin
    their load at `start_at_ns` (UTC, ns since the epoch).

    Part 1 watches the target; another scrapes or samples memory only where that was asked for.
    """

    index: int
    of: int
    start_at_ns: int
    scrapes: bool = True
    memory: bool = True

    @property
    def name(self) -> str:
        """`part 3/8`."""
        return f"part {self.index}/{self.of}"

    def share(self, clients: int) -> int:
        """How many of the whole run's first `clients` places are this part's."""
        return max(clients - self.index, -1) // self.of + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The whole run, decided. `sources` says where each value came from, by key path;
    `planned_sessions` is how many distinct ones the schedule holds, 0 while it was not asked.

    With a `part` the Plan still is the whole run's: only `load.shards`, `planned_sessions` and the
    phases' `planned` are the part's own. `merged` is how many parts a merged run was made of.
    `instances` are never none: one at the load's address, if no other is named. `otel` are the
    metrics pages of an OpenTelemetry Collector. With a `capacity` the one phase, the flood, only
    bounds the load: what is played are stages (see plan/stages.py).
    """

    version: str
    run_id: str
    profile: str
    seed: int
    load: Load
    sessions: Sessions = Sessions()
    phases: tuple[Phase, ...]
    target: Target
    report: Report
    networks: tuple[NetworkClass, ...]
    watch: Watch
    limits: tuple[Limit, ...]
    aborts: tuple[Limit, ...]
    sources: dict[str, str]
    planned_sessions: int = 0
    storms: tuple[Storm, ...] = ()
    retries: Retries = Retries()
    part: Part | None = None
    merged: int = 0
    control: Control | None = None
    instances: tuple[Instance, ...] = ()
    audit: Audit = field(default_factory=Audit)
    prometheus: Prometheus | None = None
    otel: tuple[str, ...] = ()
    capacity: Capacity | None = None

    def __post_init__(self) -> None:
        if not self.instances:
            page = self.watch.scrape_url
            own = self.target.headers if same_origin(page, self.target.url) else ()
            one = Instance(name=ONE_INSTANCE, scrape_url=page, headers=own, trusted=True)
            object.__setattr__(self, "instances", (one,))

    @property
    def session_prefix(self) -> str:
        """Every session id of this run starts with it."""
        return f"qosflood-{self.run_id}-"

    @property
    def user_agent(self) -> str:
        """What every request calls itself."""
        return f"qosflood/{self.version} run={self.run_id}"

    @property
    def load_ns(self) -> int:
        """Nanoseconds from the load's start to the last due time's end (all phases but settle)."""
        return max(phase.end_ns for phase in self.phases if phase.name != "settle")

    @property
    def scrape_interval_ns(self) -> int | None:
        """Nanoseconds between the scrapes that are made here; None: none are."""
        return self.watch.interval_ns if self.part is None or self.part.scrapes else None

    @property
    def watches(self) -> bool:
        """Whether this part watches the other monitors of the target: only one part does."""
        return self.part is None or self.part.index == 1

    @property
    def share(self) -> float:
        """Which share of the whole run's rate is sent from here, 0 to 1."""
        return self.here(self.load.clients) / self.load.clients if self.floods else 0.0

    @property
    def floods(self) -> bool:
        """Whether there is a load; without one the target is only watched."""
        return self.maybe_phase(WATCH) is None

    @property
    def main_phase(self) -> Phase:
        """The phase that the verdict is about: the flood, or the watch where there is no load."""
        return self.maybe_phase(WATCH) or self.phase("flood")

    def here(self, clients: int) -> int:
        """How many of the whole run's first `clients` places are played here."""
        return clients if self.part is None else self.part.share(clients)

    def slice_of(self, shard: int = 0, shards: int = 1) -> tuple[int, int]:
        """What shard `shard` of `shards` here plays: the clients whose number is the first modulo
        the second."""
        index, of = (self.part.index - 1, self.part.of) if self.part else (0, 1)
        return index + of * shard, of * shards

    def phase(self, name: str) -> Phase:
        """The phase of that name; raises KeyError."""
        if (phase := self.maybe_phase(name)) is None:
            raise KeyError(name)
        return phase

    def maybe_phase(self, name: str) -> Phase | None:
        """The phase of that name; None if it was left out, as any but the flood may be."""
        return next((phase for phase in self.phases if phase.name == name), None)


def plan_from_builtins(data: Any) -> Plan:
    """A Plan from its JSON form; raises msgspec.ValidationError."""
    return msgspec.convert(data, type=Plan)
