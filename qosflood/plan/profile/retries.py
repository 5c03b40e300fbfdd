"""What clients do after a failed attempt to send a report, in a profile. Pure."""

from typing import Annotated

from pydantic import Field

from qosflood.base.units import format_count, format_duration
from qosflood.plan.options import Options
from qosflood.plan.plan import Load, Retries
from qosflood.plan.profile.fields import Duration, Expected, Flag, MaybeNone, Section, key
from qosflood.plan.profile.problems import Problems
from qosflood.plan.profile.report import ReportSection
from qosflood.plan.report import Report

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
    """What a client does after a failed attempt to send a report. Later reports of the client wait
    until the retried one ends; the report's deadline does not change."""

    most: Annotated[int, Field(ge=0, le=100), Expected("a whole number from 0 to 100")] = key(
        0, "Most retries of one report; 0: no retries.", 3
    )
    backoff: Duration = key("1s", "Wait before the first retry.")
    factor: Annotated[float, Field(ge=1, le=10), Expected("a number from 1 to 10")] = key(
        2.0, "Every further wait is this many times as long as the one before."
    )
    longest: Duration = key("30s", "Longest wait, unless a Retry-After asks for more.")
    jitter: Flag = key(True, "Wait a random share of that time (full jitter); false: all of it.")
    on: Annotated[
        tuple[Reason, ...],
        Field(strict=False, min_length=1),
        Expected("a list of statuses and outcomes"),
    ] = key(
        ["5xx", "429", "connection_lost", "bad_response", "connect_error", "timeout"],
        "Statuses and outcomes that are retried.",
        ["5xx", "429"],
    )
    attempt_timeout: MaybeNone = key(
        "0s",
        "Timeout of one attempt; its connection is then closed. 0s: none.",
        "2s",
    )
    retry_after: Flag = key(True, "Wait at least as long as the answer's Retry-After says.")


def build_retries(asked: RetriesSection, report: ReportSection, problems: Problems) -> Retries:
    """The plan's retries; waits that never fit into a report's time are a problem."""
    timeout_ns = report.timeout
    if asked.most and report.connection.startswith("pooled"):
        problems.add(
            "retries.most",
            f"got {asked.most} with report.connection {report.connection}, expected 0: "
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
