"""A profile: what 1x is, what a report contains, what is monitored, which limits hold. Pure.

The defaults here are the shipped defaults; every key of every section may be left out. Durations
are nanoseconds and sizes bytes in the model, and strings with units in the file.
"""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from qosflood.plan.profile.audit import AuditSection
from qosflood.plan.profile.control import ControlSection
from qosflood.plan.profile.fields import (
    Expected,
    Section,
    key,
)
from qosflood.plan.profile.instances import Instances
from qosflood.plan.profile.limits import LimitsSection
from qosflood.plan.profile.load import LoadSection, PeakSection, RunSection
from qosflood.plan.profile.memory import MemorySection
from qosflood.plan.profile.network import NetworkSection
from qosflood.plan.profile.phases import PhasesSection
from qosflood.plan.profile.prometheus import OtelSection, PrometheusSection
from qosflood.plan.profile.report import (
    ReportSection,
)
from qosflood.plan.profile.retries import RetriesSection
from qosflood.plan.profile.scrape import ScrapeSection
from qosflood.plan.profile.sessions import SessionsSection
from qosflood.plan.profile.storms import StormSection
from qosflood.plan.profile.target import SafetySection, TargetSection


class Profile(Section):
    """A whole profile."""

    description: Annotated[str, Expected("a string")] = key(
        "", "One line, shown by `qosflood profiles`.", "500 clients, a report every 5s"
    )
    storms: Annotated[
        tuple[StormSection, ...],
        Field(strict=False, max_length=100),
        Expected("at most 100 tables [[storms]]"),
    ] = key([], "Reconnect storms: moments at which connections are dropped.", [{"at": "30s"}])
    instance: Instances = key(
        [],
        "The processes behind the target's address. Default: one, at that address.",
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

    Limits of `shipped` profiles count as qosflood's defaults, not as the user's.
    """

    name: str
    profile: Profile
    shipped: bool = True
    sources: dict[str, str] = field(default_factory=dict)
