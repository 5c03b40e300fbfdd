"""How clients connect, and what they do about a report that failed, in a profile. Pure."""

from typing import Annotated

from pydantic import Field

from qosflood.base.units import format_count, format_duration
from qosflood.plan.options import Options
from qosflood.plan.plan import Load, Report, Retries
from qosflood.plan.profile.fields import Duration, Expected, Flag, MaybeNone, Section, key
from qosflood.plan.profile.problems import Problems
from qosflood.plan.profile.report import ReportSection

Reason = Annotated[
    str,
    Field(
        pattern=r"^([1-5]([0-9][0-9]|xx)|connection_lost|bad_response|connect_error|timeout)$",
    ),
    Expected(
        'a status such as "429", a class such as "5xx", or one of connection_lost, bad_response, '
        "connect_error, timeout"
    ),
]


class RetriesSection(Section):
    """What a client does about an attempt to report that failed. What it has due meanwhile waits
    behind the report that it tries again; the report's deadline stays what it is."""

    most: Annotated[int, Field(ge=0, le=100), Expected("a whole number from 0 to 100")] = key(
        0, "Attempts after the first; 0: a failed report is not tried again.", 3
    )
    backoff: Duration = key("1s", "Wait before the second attempt.")
    factor: Annotated[float, Field(ge=1, le=10), Expected("a number from 1 to 10")] = key(
        2.0, "Each further wait is so many times as long."
    )
    longest: Duration = key("30s", "No wait is longer, unless the target asks for it.")
    jitter: Flag = key(True, "A random share of each wait is waited (full jitter), or all of it.")
    on: Annotated[
        tuple[Reason, ...],
        Field(strict=False, min_length=1),
        Expected("a list of statuses and outcomes"),
    ] = key(
        ["5xx", "429", "connection_lost", "bad_response", "connect_error", "timeout"],
        "What is tried again.",
        ["5xx", "429"],
    )
    attempt_timeout: MaybeNone = key(
        "0s",
        "An attempt without an answer for so long is given up, its connection closed; 0s: never.",
        "2s",
    )
    retry_after: Flag = key(True, "Wait at least as many seconds as a Retry-After asks for.")


def build_retries(asked: RetriesSection, report: ReportSection, problems: Problems) -> Retries:
    """The plan's retries; waits that never fit into a report's time are a problem."""
    timeout_ns = report.timeout
    if asked.most and report.connection.startswith("pooled"):
        problems.add(
            "retries.most",
            f"got {asked.most} beside report.connection {report.connection}, expected 0: "
            "a shared connection does not wait for one client's next attempt",
        )
    if asked.most and not asked.jitter and asked.backoff >= timeout_ns:
        problems.add(
            "retries.backoff",
            f"got {format_duration(asked.backoff)}, expected less than report.timeout "
            f"({format_duration(timeout_ns)}), or nothing is tried again",
        )
    if asked.attempt_timeout and asked.attempt_timeout >= timeout_ns:
        problems.add(
            "retries.attempt_timeout",
            f"got {format_duration(asked.attempt_timeout)}, expected less than report.timeout "
            f"({format_duration(timeout_ns)}), or 0s for none",
        )
    return Retries(
        most=asked.most,
        backoff_ns=asked.backoff,
        factor=asked.factor,
        longest_ns=asked.longest,
        jitter=asked.jitter,
        on=asked.on,
        attempt_timeout_ns=asked.attempt_timeout,
        retry_after=asked.retry_after,
    )


def check_pool(report: Report, load: Load, options: Options, problems: Problems) -> None:
    """Note a pool that is too small for every shard to have a connection of it."""
    of = 1 if options.part is None else options.part.of
    shards = load.shards * of
    if 0 < report.pool < shards:
        problems.add(
            "report.connection",
            f"got pooled:{report.pool} for {format_count(shards)} shards, expected at least "
            f"pooled:{shards}, a connection for each, or fewer shards",
        )
