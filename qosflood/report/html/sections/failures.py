"""Samples of failed reports, with what was answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qosflood.report.document import cells
from qosflood.report.html.section import Report, Values

_MOST_SAMPLES = 120
_FIRST_SAMPLES = 6
_FIELDS = (
    ("UTC", "utc"),
    ("outcome", "outcome"),
    ("status", "status"),
    ("error", "error"),
    ("session", "session"),
    ("from", "local"),
    ("to", "remote"),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One failed report; `answer` is the head and the body that arrived."""

    title: str
    fields: tuple[tuple[str, str], ...]
    answer: str


def failures(report: Report) -> Values | None:
    """Samples of failed reports in full, those after the first few folded away."""
    every = report.failures
    if not every:
        return None
    samples = [_sample(line) for line in every[:_MOST_SAMPLES]]
    return {
        "shown": samples[:_FIRST_SAMPLES],
        "more": samples[_FIRST_SAMPLES:],
        "note": f"{len(samples):,} of {len(every):,} samples; all are in",
    }


def _sample(line: Mapping[str, Any]) -> Sample:
    due, done = _at(line, "due_t"), _at(line, "done_t")
    took = "" if due is None or done is None else f" after {cells.ms((done - due) / 1e6)}"
    return Sample(
        title=f"{line.get('kind')}: client {line.get('client')} in {line.get('phase')}{took}",
        fields=tuple(
            (name, str(line[key])) for name, key in _FIELDS if line.get(key) not in (None, "")
        ),
        answer="\n".join(str(line[key]) for key in ("head", "body") if line.get(key)),
    )


def _at(line: Mapping[str, Any], key: str) -> int | None:
    value = line.get(key)
    return value if isinstance(value, int) else None
