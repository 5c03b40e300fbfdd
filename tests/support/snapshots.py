"""Looks at a run for tests of what shows them: one that does well, one of which nothing is known
yet, and one in which everything is wrong and every text is long and hostile."""

from dataclasses import replace

from record_maker import MIB, scrape

from qosflood.analysis.current import Snapshot
from qosflood.base.units import MS, SECOND

SEEN = Snapshot(
    elapsed_ns=35 * SECOND,
    left_ns=445 * SECOND,
    share=0.07,
    phase="flood",
    planned=1000.0,
    offered=1000,
    acked=1000,
    response_ns={"p50": 1_200_000, "p99": 4_500_000},
    errors={},
    rss_bytes=round(120.3 * MIB),
    rss_limit_bytes=512 * MIB,
    scrape=replace(scrape(1), duration_ns=4 * MS),
    scrapes_failed=0,
    late=False,
    trouble=None,
)
UNKNOWN = replace(
    SEEN,
    offered=None,
    acked=None,
    response_ns={"p50": None, "p99": None},
    rss_bytes=None,
    scrape=None,
)
TROUBLED = replace(
    SEEN,
    errors={"timeout": 1234, "rejected": 98_765_432, "connect_error": 5, "unsent": 77},
    scrape=replace(scrape(1, ok=False), reason="\x1b[2J\x07" + "very long reason " * 20),
    scrapes_failed=12,
    late=True,
    trouble="the target restarted\x1b]0;owned\x07 \u202eand again" * 9,
)
