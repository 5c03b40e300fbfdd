"""The sections of report.html below its first screen, in their order.

A section is a function here that makes its values, or None where there is nothing to show, and a
template that places them.
"""

from qosflood.report.charts.load import PERCENTILES
from qosflood.report.html.section import Report, Section
from qosflood.report.html.sections import (
    capacity,
    charts,
    failures,
    figures,
    plan,
    prometheus,
    timeline,
)

SECTIONS: tuple[Section[Report], ...] = (
    Section("Timeline", "html/sections/timeline.html", timeline.timeline),
    Section("Findings", "html/sections/findings.html", figures.findings),
    Section("Phases side by side", "html/sections/phases.html", figures.phases),
    Section("Charts", "html/sections/charts.html", charts.over_time),
    Section(PERCENTILES, "html/sections/percentiles.html", charts.percentiles),
    Section("Limits", "html/sections/limits.html", figures.limits),
    Section("Instances", "html/sections/instances.html", figures.instances),
    Section("Prometheus", "html/sections/prometheus.html", prometheus.prometheus),
    Section("Reconnect storms", "html/table.html", figures.storms),
    Section("Failures in full", "html/sections/failures.html", failures.failures),
    Section("Warnings", "html/lines.html", figures.warnings),
    Section("Outcomes", "html/sections/outcomes.html", figures.outcomes),
    Section("Plan and environment", "html/sections/plan.html", plan.plan),
)

SEARCH_SECTIONS: tuple[Section[Report], ...] = (
    Section("Curves over load", "html/sections/over_load.html", capacity.over_load),
    Section("Trials", "html/sections/trials.html", capacity.trials),
    Section("Order in which limits give", "html/table.html", capacity.gives),
    Section("Fresh and filled", "html/table.html", capacity.states),
    Section("Limits in one flood", "html/sections/limits.html", capacity.limits),
    Section("Instances", "html/sections/instances.html", figures.instances),
    Section("Prometheus", "html/sections/prometheus.html", prometheus.prometheus),
    Section("Failures in full", "html/sections/failures.html", failures.failures),
    Section("Warnings", "html/lines.html", figures.warnings),
    Section("Plan and environment", "html/sections/plan.html", plan.plan),
)
"""Those of a search for capacity, in which a load is tried after another, and phases say
nothing."""
