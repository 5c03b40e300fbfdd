"""The report's request: what of it is constant, and what its body is made of."""

from collections.abc import Iterable
from typing import cast
from urllib.parse import quote, urlencode

from qosflood.base.endpoint import HeaderRef
from qosflood.plan import Connection, Counter, Report
from qosflood.profile.model import ReportSection
from qosflood.resolve.problems import Problems


def build_report(report: ReportSection, secret: Iterable[HeaderRef], problems: Problems) -> Report:
    """The plan's report; a header that is constant and `secret` is a problem."""
    connection, _, pool = report.connection.partition(":")
    names = {header.name.lower() for header in secret}
    for name in report.headers:
        if name.lower() in names:
            problems.add(
                "report.headers", f"got {name}, which target.headers has too, expected one"
            )
    return Report(
        method=report.method,
        path=report.path,
        query=urlencode(report.query, quote_via=quote, safe=""),
        content_type=report.content_type,
        headers=tuple(report.headers.items()),
        gzip=report.gzip,
        expect=report.expect,
        productions=report.productions,
        lines=report.lines,
        bridges=report.bridges,
        connection=cast(Connection, connection),
        pool=int(pool or 0),
        counters=tuple(
            Counter(
                name=name,
                per_second=counter.per_second or 0.0,
                per_report=counter.per_report or 0.0,
                of=counter.of,
                start=counter.start,
                whole=counter.whole,
            )
            for name, counter in report.counters.items()
        ),
        body=report.body,
    )
