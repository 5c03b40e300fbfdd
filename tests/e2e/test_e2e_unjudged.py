"""What cannot be judged is said before the load, once, be it seen in the plan or in preflight."""

from pathlib import Path

import pytest
from floods import flood_faulty

pytestmark = pytest.mark.e2e


def test_what_cannot_be_judged_is_said_once_before_anything_is_sent(tmp_path: Path) -> None:
    done, _ = flood_faulty(tmp_path / "run", "ok")
    before, _, after = " ".join(done.err.split()).partition("offered")
    assert after
    for line in ("memory.leak == none: not judged in a flood of 2s; it takes", "loss == none: not"):
        assert before.count(line) == 1
        assert line not in after
    assert "status 404; name a counter of its accepted reports" in before
