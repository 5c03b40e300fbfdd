"""The options that make a plan: each is declared here, once.

One that sets a key of the profile names the key and nothing else has to know it: its text is read
as the profile's own, and errors and the plan name the option or its environment variable.
"""

from functools import partial
from typing import Any

import click
from click.core import ParameterSource

from qosflood.cli.help import OptionalValue, SectionedOption
from qosflood.cli.params import (
    ADDRESS,
    COUNT,
    PART,
    PEAK,
    PORT,
    PUSH_HEADER,
    PUSH_URL,
    START_AT,
    TEXT,
    Folder,
    one_of,
)
from qosflood.cli.profile_argument import is_profile


class PlanOption(SectionedOption):
    """Part of a plan: it sets the profile's `key`, the `field` of Options, or, where it has
    neither, the keys that its value holds."""

    def __init__(self, *spelled: str, key: str = "", field: str = "", **settings: Any) -> None:
        super().__init__(*spelled, **({"type": TEXT} | settings))
        self.key = key
        self.field = field


_load = partial(PlanOption, section="Load")
_target = partial(PlanOption, section="Target")
_watching = partial(PlanOption, section="Watching")
_limits = partial(PlanOption, section="Limits")
_output = partial(SectionedOption, section="Output")

set_option = SectionedOption(
    "--set",
    "sets",
    section="Limits",
    type=TEXT,
    multiple=True,
    metavar="KEY.PATH=VALUE",
    help="Set any key of the profile (repeatable).",
)

verbose_option = SectionedOption(
    "--verbose",
    section="Output",
    is_flag=True,
    help="Print the whole plan, and every figure after the run.",
)

LOAD = (
    _load(
        "--rate",
        key="run.rate",
        common="Reports per second, or a multiple of 1x.",
        metavar="10x|5000/s",
        help="The load: a multiple of 1x, or reports per second.",
    ),
    _load(
        "--duration",
        key="run.duration",
        common="How long the flood itself lasts.",
        metavar="15m",
    ),
    _load(
        "--clients",
        field="clients",
        type=COUNT,
        help="How many clients flood; keeps the cadence unless --rate is given too.",
    ),
    _load(
        "--peak",
        type=PEAK,
        help="What 1x means here, e.g. 500@5s.",
    ),
    _load(
        "--timeout",
        key="report.timeout",
        metavar="10s",
        help="A report is lost if it is not accepted within this time after it was due.",
    ),
    _load(
        "--seed",
        key="load.seed",
        metavar="N",
        help="Makes the schedule and the reports repeatable.",
    ),
    _load("--shards", key="load.shards", metavar="N|auto", help="Processes that share the load."),
    _load(
        "--part",
        field="part",
        type=PART,
        help="Play one part of the run here, others elsewhere; `qosflood merge` joins them.",
    ),
    _load(
        "--start-at",
        field="start_at_ns",
        type=START_AT,
        help="The moment at which the load of all parts begins.",
    ),
)
TARGET = (
    _target(
        "--target",
        key="target.url",
        common="The collector; left out: an embedded one.",
        metavar="URL",
        help="The collector: scheme, host, port, optional base path.",
    ),
    _target(
        "--header",
        field="headers",
        common="Send it with reports and scrapes.",
        multiple=True,
        metavar="NAME=env:VAR|file:PATH",
        help="Send this header with every report and scrape (repeatable).",
    ),
    _target(
        "--cacert",
        key="target.cacert",
        metavar="FILE",
        help="Trust the certificates in this PEM file.",
    ),
    _target(
        "--insecure",
        key="target.insecure",
        type=click.BOOL,
        is_flag=True,
        default=None,
        help="Do not check the target's certificate.",
    ),
    _target(
        "--cert",
        key="target.cert",
        metavar="FILE",
        help="Present the client certificate in this PEM file.",
    ),
    _target(
        "--key",
        key="target.key",
        metavar="FILE",
        help="Its private key.  [default: in the certificate's file]",
    ),
    _target(
        "--key-password",
        key="target.key_password",
        metavar="env:VAR|file:PATH",
        help="Where the password of an encrypted key is read.",
    ),
    _target(
        "--resolve",
        key="target.resolve",
        type=one_of("one", "all"),
        help="Connect to one address of the target's name, or to all in turn.",
    ),
)
CONSENT = (
    _target(
        "--allow-target",
        field="allow",
        common="Consent to flooding another host.",
        multiple=True,
        metavar="HOST[:PORT]",
        help="Consent to flooding a host that is not this one (repeatable).",
    ),
)
ANYWAY = SectionedOption(
    "--anyway",
    section="Target",
    is_flag=True,
    help="Go on even if the target does not accept the one report sent beforehand.",
)
CEILINGS = (
    _target(
        "--max-rate",
        key="safety.max_rate",
        metavar="60000/s",
        help="Raise the ceiling of reports per second off loopback.",
    ),
    _target(
        "--max-duration",
        key="safety.max_duration",
        metavar="48h",
        help="Raise the ceiling of the duration off loopback.",
    ),
)
WATCHING = (
    _watching(
        "--scrape",
        key="scrape.url",
        metavar="URL",
        help="Scrape this page instead of the target's /metrics.",
    ),
    _watching(
        "--scrape-interval",
        key="scrape.interval",
        metavar="5s|off",
        help="How often to scrape, or off.",
    ),
    _watching(
        "--pid", key="memory.pid", metavar="N", help="The target's process; its memory is measured."
    ),
    _watching(
        "--audit",
        field="audit",
        type=click.BOOL,
        is_flag=True,
        default=None,
        help="Read sessions back from the target after the run, off loopback too.",
    ),
    _watching(
        "--control",
        key="control.url",
        metavar="URL",
        help="A small page of another server on the same path: separates network from target.",
    ),
    _watching(
        "--prometheus",
        key="prometheus.url",
        common="Ask this Prometheus about the target.",
        metavar="URL",
        help="Ask the Prometheus there what it saw of the target.",
    ),
    _watching(
        "--job",
        key="prometheus.job",
        metavar="NAME",
        help="Take the instances from the targets of this job.",
    ),
    _watching(
        "--instance",
        key="prometheus.instance",
        metavar="LABEL",
        help="Only the target with this instance label.",
    ),
    _watching(
        "--prometheus-header",
        field="prometheus_headers",
        multiple=True,
        metavar="NAME=env:VAR|file:PATH",
        help="Send this header with requests to Prometheus (repeatable).",
    ),
    _watching(
        "--otel",
        key="otel.urls",
        multiple=True,
        metavar="URL",
        help="Watch this metrics page of an OpenTelemetry Collector (repeatable).",
    ),
)
LIMITS = (
    _limits(
        "--limit",
        field="limits",
        common="Must hold, e.g. 'response.p99 < 250ms'.",
        multiple=True,
        metavar="'EXPR'",
        help="A limit that must hold, e.g. 'response.p99 < 250ms' (repeatable).",
    ),
)
OUTPUT = (
    _output(
        "--out",
        common="Run directory, new or empty.",
        type=Folder(),
        metavar="DIR",
        help="Run directory, new or empty.  "
        "[default: qosflood-runs/<UTC time>-<profile>-<rate or watch>]",
    ),
    _output(
        "--dry-run",
        common="Print the plan and stop; nothing is sent.",
        is_flag=True,
    ),
    _output("--no-live", is_flag=True, help="Plain lines instead of the live view."),
    OptionalValue(
        "--web",
        section="Output",
        common="Serve a live page there, or on a free port.",
        type=ADDRESS,
        alone="127.0.0.1:0",
        is_other=is_profile,
        help="Serve a live page there; without an address, on a free port of 127.0.0.1.",
    ),
    _output(
        "--metrics-port",
        type=PORT,
        help="Serve metrics for a Prometheus there; on 127.0.0.1 unless a host is named, 0 for a "
        "free port.",
    ),
    _output(
        "--otlp",
        type=PUSH_URL,
        help="Push the same metrics over OTLP/HTTP there, every 10s (needs qosflood[otel]).",
    ),
    _output(
        "--otlp-header",
        type=PUSH_HEADER,
        multiple=True,
        help="Send this header with pushed metrics (repeatable).",
    ),
    _output(
        "--quiet",
        is_flag=True,
        common="No progress: only warnings and the verdict.",
        help="Print neither plan nor progress: only warnings, and at the end the verdict and the "
        "report's path.",
    ),
    verbose_option,
    _output("--json", "as_json", is_flag=True, help="report.json on standard output."),
)
WATCH_DURATION = _watching(
    "--duration",
    key="run.duration",
    common="How long to watch.",
    metavar="1h",
)

PLAN_OPTIONS = (*LOAD, *TARGET, *CONSENT, *CEILINGS, *WATCHING, *LIMITS)
"""Every option that makes a plan."""
RUN_OPTIONS = (*PLAN_OPTIONS, ANYWAY, set_option, *OUTPUT)
WATCH_OPTIONS = (*TARGET, ANYWAY, WATCH_DURATION, *WATCHING, *LIMITS, set_option, *OUTPUT)
"""Of a plan without load; nothing is sent, so nobody has to consent."""
DOCTOR_OPTIONS = (*PLAN_OPTIONS, set_option)


def source_of(ctx: click.Context, option: click.Parameter) -> str:
    """Where a command's option got its value: `option --rate` or `environment VARIABLE`."""
    name = option.name or ""
    if ctx.get_parameter_source(name) is ParameterSource.ENVIRONMENT:
        return f"environment {ctx.auto_envvar_prefix}_{name.upper()}"
    return f"option {option.opts[0]}"
