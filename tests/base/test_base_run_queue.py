"""How long this process waited for a CPU."""

from pathlib import Path

import pytest

from qosflood.base import run_queue


def test_the_kernels_second_figure_is_the_time_spent_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "schedstat"
    kept.write_text("9000000 1234567 42\n")
    monkeypatch.setattr(run_queue, "_SCHEDSTAT", kept)
    assert run_queue.waited_for_cpu_ns() == 1_234_567


@pytest.mark.parametrize("text", ["", "1", "a b c", None])
def test_what_cannot_be_read_is_no_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    kept = tmp_path / "schedstat"
    if text is not None:
        kept.write_text(text)
    monkeypatch.setattr(run_queue, "_SCHEDSTAT", kept)
    assert run_queue.waited_for_cpu_ns() == 0
