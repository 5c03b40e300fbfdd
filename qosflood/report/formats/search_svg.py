"""The curve of a search in its still picture: response time over clients, with the answer. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qosflood.analysis.verdict.capacity import is_known, span
from qosflood.base.units import MS, format_count, format_duration
from qosflood.report.charts.capacity import SHAPES
from qosflood.report.charts.over_load import (
    SHADE,
    Band,
    bands_of,
    load_axis,
    need_colour,
    nested,
    round_ticks,
    searches,
)
from qosflood.report.charts.trial_figures import P99, by_load, levels
from qosflood.report.document.schema import JudgedLimit
from qosflood.report.document.schema_capacity import Capacity, TrialPart
from qosflood.report.formats.svg import EM, filled, place, rect, stroke, text, ticks

_TITLE = "response time, p99 of each trial, over clients"
_R = 6.5
"""Half of a point's width."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where the curve lies, and its logarithmic scales: clients and milliseconds."""

    x: float
    y: float
    width: float
    height: float
    loads: tuple[float, float]
    times: tuple[float, float]

    def at_x(self, load: float) -> float:
        share = place(load, *self.loads, log=True)
        return self.x + self.width * min(max(share, 0.0), 1.0)

    def at_y(self, value: float) -> float:
        share = place(value, *self.times, log=True)
        return self.y + self.height * (1 - min(max(share, 0.0), 1.0))


def curve(
    capacity: Capacity,
    limits: Sequence[JudgedLimit],
    x: float,
    y: float,
    width: float,
    height: float,
) -> list[str]:
    """The curve in a box; nothing where no trial measured a response time."""
    shown = [one for one in capacity.trials if P99.read(one)]
    if not shown:
        return []
    judged = levels(limits, P99, capacity)
    axis = load_axis(capacity)
    values = [one.response_p99_ms or 1.0 for one in shown] + [value for _, value in judged]
    low = math.floor(math.log10(min(values)))
    high = max(low + 1, math.ceil(math.log10(max(values))))
    frame = _Frame(x, y, width, height, (axis.first, axis.last), (10.0**low, 10.0**high))
    return [
        text(x, y - 12, _TITLE, 17, "text", bold=True),
        *_legend(frame, shown),
        *_grid(frame),
        *_answer(frame, capacity),
        *(part for level in judged for part in _limit(frame, level)),
        *(_line(frame, capacity, state) for state, _ in searches(capacity)),
        *(_point(frame, one) for one in shown),
        *_need(frame, capacity),
    ]


def _grid(frame: _Frame) -> Iterator[str]:
    bottom = frame.y + frame.height
    for value in ticks(*frame.times, log=True):
        y = frame.at_y(value)
        yield stroke(f"M{frame.x:.1f} {y:.1f}h{frame.width:.1f}", "rule", 1)
        yield text(frame.x + 6, y - 5, format_duration(value * MS), 13, "muted")
    for load, words in zip(*round_ticks(*frame.loads).values(), strict=True):
        yield text(frame.at_x(load), bottom + 19, words, 13, "muted", anchor="middle")


def _answer(frame: _Frame, capacity: Capacity) -> Iterator[str]:
    """The posteriors as bands, with what they say."""
    if not is_known(capacity):
        return
    bands = bands_of(capacity)
    for band in bands:
        for low, high in nested(band.found):
            left = frame.at_x(max(low, frame.loads[0]))
            right = frame.at_x(frame.loads[1] if high is None else high)
            color = band.color.removeprefix("@")
            yield rect(left, frame.y, right - left, frame.height, color, SHADE)
    for lane, band in enumerate(bands):
        yield from _name(frame, band, frame.y + 18 + 20 * lane)


def _name(frame: _Frame, band: Band, y: float) -> Iterator[str]:
    """What a band says, upon it and within the frame."""
    clients = band.found.clients
    words = f"{band.name} {span(clients)}"
    half = len(words) * 15 * EM / 2
    at = frame.at_x(clients.mid or clients.low or clients.high or frame.loads[0])
    middle = min(max(at, frame.x + half), frame.x + frame.width - half)
    yield rect(middle - half, y - 15, 2 * half, 20, "page", 0.7)
    yield text(middle, y, words, 15, band.color.removeprefix("@"), anchor="middle", bold=True)


def _limit(frame: _Frame, level: tuple[str, float]) -> Iterator[str]:
    expr, value = level
    y = frame.at_y(value)
    yield stroke(f"M{frame.x:.1f} {y:.1f}h{frame.width:.1f}", "warn", 1.8, "8 4")
    yield text(frame.x + 70, y - 6, expr, 13, "warn")


def _line(frame: _Frame, capacity: Capacity, state: str) -> str:
    points = by_load(capacity, P99.read, state)
    path = "L".join(f"{frame.at_x(load):.1f} {frame.at_y(value):.1f}" for load, value in points)
    return stroke(f"M{path}", "bad", 2.0, "6 4" if state == "filled" else "") if path else ""


def _point(frame: _Frame, trial: TrialPart) -> str:
    x, y = frame.at_x(trial.clients), frame.at_y(trial.response_p99_ms or 1.0)
    x = min(max(x, frame.x + _R), frame.x + frame.width - _R)
    return _mark(x, y, trial.outcome, hollow=trial.state == "filled")


def _mark(x: float, y: float, outcome: str, *, hollow: bool = False) -> str:
    """A circle, a cross or a triangle; a small path for each."""
    color = SHAPES[outcome][1].removeprefix("@")
    if outcome == "bad":
        cross = f"M{x - _R:.1f} {y - _R:.1f}l{2 * _R} {2 * _R}m0 {-2 * _R}l{-2 * _R} {2 * _R}"
        return stroke(cross, color, 2.0 if hollow else 4.0)
    if outcome == "void":
        return stroke(f"M{x - _R:.1f} {y - _R:.1f}h{2 * _R}l{-_R} {2 * _R}z", color, 2.0)
    circle = f"M{x - _R:.1f} {y:.1f}a{_R} {_R} 0 1 0 {2 * _R} 0a{_R} {_R} 0 1 0 {-2 * _R} 0z"
    return stroke(circle, color, 2.0) if hollow else filled(circle, color)


def _legend(frame: _Frame, shown: Sequence[TrialPart]) -> Iterator[str]:
    x, y = frame.x + frame.width, frame.y - 17
    for outcome in reversed([name for name in SHAPES if any(t.outcome == name for t in shown)]):
        yield text(x, y + 5, outcome, 15, "muted", anchor="end")
        x -= len(outcome) * 15 * EM + 14
        yield _mark(x, y, outcome)
        x -= 24


def _need(frame: _Frame, capacity: Capacity) -> Iterator[str]:
    need = capacity.need
    if need is None:
        return
    color = need_colour(need).removeprefix("@")
    inside = need.clients <= frame.loads[1]
    x = frame.at_x(need.clients)
    if inside:
        yield stroke(f"M{x:.1f} {frame.y:.1f}v{frame.height:.1f}", color, 2.0, "7 4")
    words = f"need {format_count(need.clients)}{'' if inside else ' →'}"
    yield text(x - 8, frame.y + frame.height - 14, words, 15, color, anchor="end", bold=True)
