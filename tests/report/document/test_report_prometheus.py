"""The sentences about a Prometheus that was queried."""

import pytest

from qosflood.report.document.prometheus import about_line
from qosflood.report.document.schema_parts import Prometheus


@pytest.mark.parametrize(
    ("ahead_ms", "words"),
    [
        (None, "2.53.0; its up"),
        (1.6, "2.53.0, its clock 1.6ms ahead of this machine's; its up"),
        (-1.6, "2.53.0, its clock 1.6ms behind this machine's; its up"),
    ],
)
def test_a_clock_is_ahead_or_behind_and_its_figure_has_no_sign(
    ahead_ms: float | None, words: str
) -> None:
    part = Prometheus(
        url="http://127.0.0.1:9090",
        version="2.53.0",
        decides=True,
        failure="",
        clock_ahead_ms=ahead_ms,
        clock_error_ms=None,
        restarts=0,
        unanswered=0,
        phases=[],
        instances=[],
        gaps=[],
        alerts=[],
        agreed=0,
        disagreements=[],
    )
    assert words in about_line(part)
