"""Connections that are shared, and reports that are tried again."""

from qosflood.base.units import format_count, format_duration
from qosflood.plan import Load, Report, Retries
from qosflood.profile.model import ReportSection
from qosflood.profile.retries import RetriesSection
from qosflood.resolve.options import Options
from qosflood.resolve.problems import Problems


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
