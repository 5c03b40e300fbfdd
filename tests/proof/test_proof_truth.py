"""That qosflood's latencies and books are true, by benchmarks/truth.py."""

import subprocess
import sys
from pathlib import Path

import pytest

_TRUTH = Path(__file__).parents[2] / "benchmarks" / "truth.py"


@pytest.mark.proof
def test_latencies_hold_against_arithmetic_and_books_against_servers_logs() -> None:
    done = subprocess.run(
        [sys.executable, str(_TRUTH), "--quick"],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "MISSED" not in done.stdout
    assert "CONTRADICT" not in done.stdout
