"""A profile: what 1x is, what a report looks like, what to watch and which limits hold. Pure.

The defaults here are the shipped defaults; every key of every section may be left out. Durations
are nanoseconds and sizes bytes in the model, and strings with units in the file.
"""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from qosflood.plan import DEFAULT_BODY
from qosflood.profile.audit import AuditSection
from qosflood.profile.beside import OtelSection, PrometheusSection
from qosflood.profile.body import (
    Body,
    ConstantName,
    ConstantValue,
    CounterName,
    CounterSection,
    QueryValue,
    counter_problems,
    problems_of,
)
from qosflood.profile.control import ControlSection
from qosflood.profile.fields import (
    AbortText,
    Address,
    Allow,
    AskedRate,
    ContentType,
    Correlation,
    Count,
    Delay,
    Duration,
    Expected,
    Flag,
    HeaderName,
    HeaderSource,
    Interval,
    LimitText,
    MaybeNone,
    Name,
    Packets,
    Path,
    PerSecond,
    Quantum,
    RoundTrip,
    ScrapeUrl,
    Section,
    Seed,
    Shards,
    Share,
    Size,
    Spread,
    Status,
    Text,
    Url,
    Weight,
    key,
)
from qosflood.profile.herds import StormSection
from qosflood.profile.instances import Instances
from qosflood.profile.memory import MemorySection
from qosflood.profile.retries import ConnectionText, RetriesSection


class RunSection(Section):
    """What a run asks for when the command line does not say."""

    rate: AskedRate = key("10x", "The flood's rate: a multiple of 1x, or reports per second.")
    duration: Duration = key("15m", "How long the flood itself lasts, without its other phases.")


class PeakSection(Section):
    """What 1x means: the load you expect on your busiest day."""

    clients: Count = key(500, "Clients that report at the expected peak.")
    interval: Duration = key("5s", "A client's cadence: the time from one report to its next.")
    scale: Annotated[Literal["clients", "cadence"], Expected('"clients" or "cadence"')] = key(
        "clients", "What a higher rate is made of: more clients, or a shorter cadence."
    )


class ReportSection(Section):
    """What a QoS report looks like on the wire, and which answer accepts it."""

    method: Annotated[Literal["POST", "PUT", "PATCH"], Expected('"POST", "PUT" or "PATCH"')] = key(
        "POST", "The request's method."
    )
    path: Path = key("/api/v1/metrics/qos", "Path below the target's URL.")
    query: Annotated[dict[str, QueryValue], Expected("a table of NAME = a string or a number")] = (
        key(
            {},
            "Constant query, encoded as it has to be; it is written down, so no place for secrets.",
            {"source": "webrtc"},
        )
    )
    content_type: ContentType = key("application/json", "The request's Content-Type.")
    headers: Annotated[
        dict[ConstantName, ConstantValue], Expected("a table of NAME = a constant value")
    ] = key(
        {},
        "Constant request headers; secret ones belong under target.headers.",
        {"X-Tenant": "studio-3"},
    )
    gzip: Flag = key(False, "Compress each body, as Content-Encoding: gzip.", True)
    expect: Annotated[
        tuple[Status, ...],
        Field(strict=False, min_length=1),
        Expected("a list of HTTP statuses"),
    ] = key([202], "The statuses that accept a report.")
    connection: ConnectionText = key(
        "keep-alive",
        "A connection kept for each client, one for each report, or N that all clients share.",
        "pooled:8",
    )
    timeout: Duration = key("10s", "A report's deadline, counted from the moment it was due.")
    clocks: Annotated[Literal["spread", "synchronised"], Expected('"spread" or "synchronised"')] = (
        key("spread", "Clients report each at a moment of its own, or all at the same moments.")
    )
    jitter: Share = key(0.0, "How late a client's clock may fire, as a share of its cadence.", 0.1)
    productions: Count = key(10, "How many distinct productionId the clients spread over.")
    lines: Count = key(50, "How many distinct lineId the clients spread over.")
    bridges: Count = key(4, "How many distinct bridgeId the clients spread over.")
    counters: Annotated[
        dict[CounterName, CounterSection], Expected("a table of NAME = { per_second = NUMBER }")
    ] = key(
        {},
        "Numbers that only grow while a session lives; the body names them $counter.NAME.",
        {},
    )
    body: Body = key(
        DEFAULT_BODY,
        "The JSON body; a string $group.name is a source's value, ${group.name} within one its "
        "text, $$ a dollar. What is written down is the whole body.",
        {"sessionId": "$session.id", "mos": "$network.mos"},
    )

    @model_validator(mode="after")
    def _counters_are_named(self) -> "ReportSection":
        if problems := list(counter_problems(self.body, self.counters)):
            raise problems_of("report", problems)
        return self


class NetworkClassSection(Section):
    """A kind of network; what it leaves out is as in a healthy one."""

    name: Name = Field(description="What the class is called.", examples=["vpn"])
    weight: Weight = key(1.0, "Its share of the clients, beside the other classes' weights.", 20)
    rtt: RoundTrip = key("30ms", "Median round-trip time while the network is good.", "80ms")
    rtt_spread: Spread = key(
        0.25, "Standard deviation of the logarithm of round trip and jitter.", 0.4
    )
    jitter: Delay = key("3ms", "Median jitter while the network is good.", "12ms")
    correlation: Correlation = key(
        0.9, "How alike round trip and jitter are from one report to the next."
    )
    good_packets: Packets = key(5000.0, "Mean length of a good stretch, in packets of 20 ms.", 400)
    bad_packets: Packets = key(10.0, "Mean length of a bad stretch, in packets of 20 ms.", 40)
    good_loss: Share = key(0.0001, "Share of packets lost while the network is good.")
    bad_loss: Share = key(0.005, "Share of packets lost while the network is bad.", 0.25)

    @model_validator(mode="after")
    def _bad_is_worse(self) -> "NetworkClassSection":
        if self.bad_loss < self.good_loss:
            raise ValueError(
                f"got good_loss {self.good_loss:g} above bad_loss {self.bad_loss:g}, "
                f"expected at most as much, e.g. good_loss = {self.bad_loss / 10:g}"
            )
        return self


def _all_named_differently(
    classes: tuple[NetworkClassSection, ...],
) -> tuple[NetworkClassSection, ...]:
    names = [network.name for network in classes]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f'got "{twice}" twice, expected a name of its own for each class')
    return classes


class NetworkSection(Section):
    """What the clients' networks are like, as their reports tell it; nothing is slowed down."""

    mix: Annotated[
        Literal["auto", "healthy", "mixed"], Expected('"auto", "healthy" or "mixed"')
    ] = key(
        "auto",
        "Shipped classes: all healthy, or mixed with poor ones; auto is mixed on loopback only, "
        "for off it poor figures may page somebody.",
        "mixed",
    )
    classes: Annotated[
        tuple[NetworkClassSection, ...],
        Field(strict=False, max_length=16),
        AfterValidator(_all_named_differently),
        Expected("at most 16 tables [[network.classes]]"),
    ] = key([], "Classes of your own in place of the shipped ones.", [{"name": "vpn"}])

    @model_validator(mode="after")
    def _one_choice(self) -> "NetworkSection":
        if self.classes and self.mix != "auto":
            raise ValueError(
                f'got mix "{self.mix}" beside classes, expected one of the two: leave mix out'
            )
        return self


class SessionsSection(Section):
    """How long a session lives before another takes its place, with an id and a connection of
    its own."""

    lifetime: MaybeNone = key("10m", "Mean life of a session; 0s: it lives as long as the run.")
    distribution: Annotated[
        Literal["exponential", "fixed"], Expected('"exponential" or "fixed"')
    ] = key("exponential", "How lifetimes vary around their mean.")
    hold: Flag = key(
        True,
        "Nobody joins or leaves after the first third of the flood, so that memory that grows "
        "with sessions can be told from memory that grows with time.",
    )
    final_report: Flag = key(False, "A session that ends sends a last report.", True)
    startup_interval: MaybeNone = key("0s", "A new session's cadence at first; 0s: none.", "1s")
    startup_for: Duration = key("10s", "How long a new session keeps that cadence.")


class LoadSection(Section):
    """How the generator works."""

    quantum: Quantum = key(
        "200us",
        "Pacing quantum, at most 10ms: reports due this close together leave together, never "
        "early.",
    )
    shards: Shards = key(1, "Generator processes; auto takes the cores allowed, less one.", "auto")
    seed: Seed | None = key(None, "Seed of every random draw; drawn anew if left out.", 42)


class PhasesSection(Section):
    """Durations of the phases around the flood; 0s leaves a phase out.

    Left out here, baseline, ramp and recovery last a fifteenth of the flood (3 s to 60 s), settle
    a thirtieth (2 s to 30 s).
    """

    baseline: MaybeNone | None = key(None, "At 1x, before the flood.", "60s")
    ramp: MaybeNone | None = key(None, "From 1x to the flood's rate.", "60s")
    recovery: MaybeNone | None = key(None, "At 1x, after the flood.", "60s")
    settle: MaybeNone | None = key(None, "Without load, on top of the drain.", "30s")


class TargetSection(Section):
    """Where the load goes."""

    url: Url | None = key(
        None,
        "Scheme, host, port and base path; without it the embedded collector is flooded.",
        "http://127.0.0.1:3000",
    )
    headers: Annotated[
        dict[HeaderName, HeaderSource], Expected("a table of NAME = env:VAR or file:PATH")
    ] = key(
        {},
        "Request headers; a value is read from env:VAR or file:PATH, never written here.",
        {"Authorization": "env:QOSFLOOD_TOKEN"},
    )
    cacert: Text | None = key(None, "PEM file of the CA to trust.", "ca.pem")
    insecure: Flag = key(False, "Do not verify the target's certificate.", True)
    cert: Text | None = key(None, "PEM file of the clients' certificate.", "client.pem")
    key_password: HeaderSource | None = key(
        None, "Where the password of an encrypted key is read.", "env:QOSFLOOD_KEY_PASSWORD"
    )
    resolve: Literal["one", "all"] = key(
        "one", "Connect to one of the addresses the host's name has, or to all of them in turn."
    )
    tls_resume: Flag = key(
        True, "A client that connects again resumes its TLS session, as browsers do.", False
    )
    sources: Annotated[
        tuple[Address, ...], Field(strict=False), Expected("a list of addresses of this host")
    ] = key(
        [],
        "Local addresses that clients connect from; each has ports of its own.",
        ["127.0.0.2", "127.0.0.3"],
    )
    allow: Annotated[
        tuple[Allow, ...], Field(strict=False), Expected("a list of HOST or HOST:PORT")
    ] = key([], "Hosts off loopback that may be flooded.", ["qos.staging.example.com:443"])
    # Last: below it, `key` is this field and no longer the function.
    key: Text | None = key(
        None, "PEM file of its private key; left out: it is in the same file.", "client.key"
    )


class ScrapeSection(Section):
    """How the target's metrics are scraped, as Prometheus would."""

    path: Path = key("/metrics", "Path below the target's URL.")
    url: ScrapeUrl | None = key(
        None, "The whole URL, where it is not below the target's.", "http://127.0.0.1:9100/metrics"
    )
    interval: Interval | None = key(
        None, "From one scrape to the next, or off; left out: 5s, 1s for floods under 2m.", "5s"
    )
    timeout: Duration | None = key(
        None, "A scrape's timeout, at most the interval; left out: 5s or the interval.", "5s"
    )
    body_size_limit: Size = key(
        "0B",
        "A page that reaches it is a failed scrape, as in Prometheus; 0B is none but 256MiB.",
        "64MiB",
    )
    sample_limit: Count | None = key(
        None, "A page of more samples is a failed scrape; left out: no limit.", 50_000
    )
    dialect: Annotated[Literal["2", "3"], Expected('"2" or "3"')] = key(
        "3", "Whose rules a page has to meet: Prometheus 3, or 2 as of 2.42.", "2"
    )


class LimitsSection(Section):
    """What must hold for a PASS, and what stops a run. Named here, they are the user's own."""

    expect: Annotated[tuple[LimitText, ...], Field(strict=False), Expected("a list of limits")] = (
        key([], "Each replaces the shipped limit on the same thing.", ["response.p99 < 250ms"])
    )
    abort: Annotated[tuple[AbortText, ...], Field(strict=False), Expected("a list of limits")] = (
        key([], "A run is stopped when one was true for so long.", ["errors > 50% for 15s"])
    )


class SafetySection(Section):
    """Ceilings for targets off loopback."""

    max_rate: PerSecond = key("50000/s", "Highest rate that may be asked for.")
    max_duration: Duration = key("24h", "Longest flood that may be asked for.")


class Profile(Section):
    """A whole profile."""

    description: Annotated[str, Expected("a string")] = key(
        "", "One line for `qosflood profiles`.", "500 clients, a report each 5 s"
    )
    storms: Annotated[
        tuple[StormSection, ...],
        Field(strict=False, max_length=100),
        Expected("at most 100 tables [[storms]]"),
    ] = key([], "Moments at which connections are dropped.", [{"at": "30s"}])
    instance: Instances = key(
        [],
        "The processes behind the target's address; left out: one, at that address.",
        [{"name": "qos-0", "scrape": "http://127.0.0.1:3001/metrics"}],
    )
    run: RunSection = Field(default_factory=RunSection)
    peak: PeakSection = Field(default_factory=PeakSection)
    report: ReportSection = Field(default_factory=ReportSection)
    retries: RetriesSection = Field(default_factory=RetriesSection)
    sessions: SessionsSection = Field(default_factory=SessionsSection)
    network: NetworkSection = Field(default_factory=NetworkSection)
    load: LoadSection = Field(default_factory=LoadSection)
    phases: PhasesSection = Field(default_factory=PhasesSection)
    target: TargetSection = Field(default_factory=TargetSection)
    scrape: ScrapeSection = Field(default_factory=ScrapeSection)
    prometheus: PrometheusSection = Field(default_factory=PrometheusSection)
    otel: OtelSection = Field(default_factory=OtelSection)
    memory: MemorySection = Field(default_factory=MemorySection)
    audit: AuditSection = Field(default_factory=AuditSection)
    control: ControlSection = Field(default_factory=ControlSection)
    limits: LimitsSection = Field(default_factory=LimitsSection)
    safety: SafetySection = Field(default_factory=SafetySection)


@dataclass(frozen=True, slots=True)
class LoadedProfile:
    """A profile with its name and where each of its values came from, by key path.

    `shipped` profiles speak for qosflood: limits they name are not the user's.
    """

    name: str
    profile: Profile
    shipped: bool = True
    sources: dict[str, str] = field(default_factory=dict)
