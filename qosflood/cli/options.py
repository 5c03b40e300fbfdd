"""The options that make a plan, and which of them were said and where."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from qosflood.cli.params import (
    ADDRESS,
    COUNT,
    DURATION,
    INTERVAL,
    PART,
    PEAK,
    PER_SECOND,
    PORT,
    PUSH_HEADER,
    PUSH_URL,
    RATE,
    SEED,
    SHARDS,
    START_AT,
    TEXT,
)
from qosflood.live.metrics.outputs import Wanted, wanted
from qosflood.plan.options import Options

_RENAMED = {
    "duration": "duration_ns",
    "timeout": "timeout_ns",
    "header": "headers",
    "prometheus_header": "prometheus_headers",
    "allow_target": "allow",
    "limit": "limits",
    "max_duration": "max_duration_ns",
    "start_at": "start_at_ns",
}
"""Options whose field in Options is called something else."""

set_option = click.option(
    "--set",
    "sets",
    type=TEXT,
    multiple=True,
    metavar="KEY.PATH=VALUE",
    help="Set any key of the profile (repeatable).",
)

_LOAD: tuple[Any, ...] = (
    click.option(
        "--rate",
        type=RATE,
        help="How much: a multiple of 1x or reports per second.",
    ),
    click.option(
        "--duration", type=DURATION, metavar="15m", help="How long the flood itself lasts."
    ),
    click.option(
        "--clients",
        type=COUNT,
        help="How many clients flood; keeps the cadence unless --rate is given too.",
    ),
    click.option("--peak", type=PEAK, help="What 1x means here, e.g. 500@5s."),
    click.option(
        "--timeout",
        type=DURATION,
        metavar="10s",
        help="A report is lost if not accepted so long after it was due.",
    ),
    click.option("--seed", type=SEED, help="Makes the schedule and the reports repeatable."),
    click.option("--shards", type=SHARDS, help="Processes that share the load."),
    click.option(
        "--part",
        type=PART,
        help="Play one part of the run here, others elsewhere; `qosflood merge` makes one of them.",
    ),
    click.option(
        "--start-at", type=START_AT, help="The moment at which the load of all parts begins."
    ),
)
_TARGET: tuple[Any, ...] = (
    click.option(
        "--target",
        metavar="URL",
        help="The collector: scheme, host, port, optional base path.",
    ),
    click.option(
        "--header",
        type=TEXT,
        multiple=True,
        metavar="NAME=env:VAR|file:PATH",
        help="Send this header with every report and scrape (repeatable).",
    ),
    click.option("--cacert", metavar="FILE", help="Trust the certificates in this PEM file."),
    click.option(
        "--insecure", is_flag=True, default=None, help="Do not check the target's certificate."
    ),
    click.option("--cert", metavar="FILE", help="Show the certificate in this PEM file."),
    click.option(
        "--key", metavar="FILE", help="Its private key.  [default: in the certificate's file]"
    ),
    click.option(
        "--key-password",
        type=TEXT,
        metavar="env:VAR|file:PATH",
        help="Where the password of an encrypted key is read.",
    ),
    click.option(
        "--resolve",
        type=click.Choice(["one", "all"]),
        help="Connect to one address of the target's name, or to all in turn.",
    ),
    click.option(
        "--allow-target",
        type=TEXT,
        multiple=True,
        metavar="HOST[:PORT]",
        help="Consent to flooding a host that is not this one (repeatable).",
    ),
    click.option(
        "--max-rate",
        type=PER_SECOND,
        help="Lift the ceiling of reports per second off loopback.",
    ),
    click.option(
        "--max-duration",
        type=DURATION,
        metavar="48h",
        help="Lift the ceiling of the duration off loopback.",
    ),
)
_WATCH: tuple[Any, ...] = (
    click.option(
        "--scrape", metavar="URL", help="Scrape this page instead of the target's /metrics."
    ),
    click.option(
        "--scrape-interval",
        type=INTERVAL,
        help="How often to scrape, or off.",
    ),
    click.option("--pid", type=COUNT, help="The process whose memory is the target's."),
    click.option(
        "--audit",
        is_flag=True,
        default=None,
        help="Read sessions back from the target in the end, off loopback too.",
    ),
    click.option(
        "--control",
        metavar="URL",
        help="A small page of another server on the same path: tells network from target.",
    ),
    click.option(
        "--prometheus", metavar="URL", help="Ask the Prometheus there what it saw of the target."
    ),
    click.option(
        "--job", type=TEXT, metavar="NAME", help="Take the instances from the targets of this job."
    ),
    click.option(
        "--instance", type=TEXT, metavar="LABEL", help="Only the target with this instance label."
    ),
    click.option(
        "--prometheus-header",
        type=TEXT,
        multiple=True,
        metavar="NAME=env:VAR|file:PATH",
        help="Send this header with what is asked of Prometheus (repeatable).",
    ),
    click.option(
        "--otel",
        multiple=True,
        metavar="URL",
        help="Watch this metrics page of an OpenTelemetry Collector (repeatable).",
    ),
)
_LIMITS: tuple[Any, ...] = (
    click.option(
        "--limit",
        type=TEXT,
        multiple=True,
        metavar="'EXPR'",
        help="A limit that must hold, e.g. 'response.p99 < 250ms' (repeatable).",
    ),
    set_option,
)
_OUTPUT: tuple[Any, ...] = (
    click.option(
        "--out",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Run directory, new or empty.  "
        "[default: qosflood-runs/<UTC time>-<profile>-<rate or watch>]",
    ),
    click.option("--dry-run", is_flag=True, help="Print the plan and stop; nothing is sent."),
    click.option("--no-live", is_flag=True, help="Plain lines instead of the live view."),
    click.option(
        "--web",
        type=ADDRESS,
        is_flag=False,
        flag_value="127.0.0.1:0",
        help="Serve a live page there; by itself on a free port of 127.0.0.1.",
    ),
    click.option(
        "--metrics-port",
        type=PORT,
        help="Serve metrics for a Prometheus there; on 127.0.0.1 unless a host is named, 0 for a "
        "free port.",
    ),
    click.option(
        "--otlp",
        type=PUSH_URL,
        help="Push the same metrics over OTLP/HTTP there, each 10 s (needs qosflood[otel]).",
    ),
    click.option(
        "--otlp-header",
        type=PUSH_HEADER,
        multiple=True,
        help="Send this header with what is pushed (repeatable).",
    ),
    click.option("--quiet", is_flag=True, help="Only warnings and the verdict."),
    click.option("--json", "as_json", is_flag=True, help="report.json on standard output."),
)


def plan_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add every option that makes a plan, in the order they are explained."""
    for option in reversed((*_LOAD, *_TARGET, *_WATCH, *_LIMITS)):
        command = option(command)
    return command


def target_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what the target is and how it is watched."""
    for option in reversed((*_TARGET[:9], *_WATCH)):
        command = option(command)
    return command


def watch_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a plan without load; nothing is sent, so nobody has to consent."""
    duration = click.option("--duration", type=DURATION, metavar="1h", help="How long to watch.")
    for option in reversed((duration, *_TARGET[:8], *_WATCH, *_LIMITS)):
        command = option(command)
    return command


def output_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say where the outcome goes, and how much is shown meanwhile."""
    for option in reversed(_OUTPUT):
        command = option(command)
    return command


def check_output(*, dry_run: bool, as_json: bool) -> None:
    """Raise UsageError for outputs that exclude each other."""
    if dry_run and as_json:
        raise click.UsageError("--json: got --dry-run too, which makes no report; leave one away")


def told_from(values: Mapping[str, Any]) -> Wanted:
    """What machines are to be told of the run; raises PlanError."""
    return wanted(values["metrics_port"], values["otlp"], values["otlp_header"])


def options_from(ctx: click.Context, values: Mapping[str, Any]) -> Options:
    """Options from the command's values, with where each came from."""
    fields = set(Options.__dataclass_fields__)
    chosen: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for name, value in values.items():
        target = _RENAMED.get(name, name)
        if target not in fields or value is None or value == ():
            continue
        chosen[target] = value
        source = ctx.get_parameter_source(name)
        if source is ParameterSource.ENVIRONMENT:
            prefix = ctx.auto_envvar_prefix
            sources[target.removesuffix("_ns")] = f"environment {prefix}_{name.upper()}"
        else:
            sources[target.removesuffix("_ns")] = f"option --{name.replace('_', '-')}"
    return Options(**chosen, sources=sources)
