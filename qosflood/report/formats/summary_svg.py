"""summary.svg: the run as a still picture of 16:9, fit for a slide. Pure.

Written by hand: no script, no font of its own, every word escaped. Always light, as slides are.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from qosflood.analysis.findings import Findings, PhaseFigures
from qosflood.base.units import MS, format_count, format_duration
from qosflood.report.charts.limits import Level, of_memory, of_shares, of_times
from qosflood.report.charts.load import p99_line
from qosflood.report.charts.plotting import in_ms, thin
from qosflood.report.document import cells, highlights
from qosflood.report.document.evidence import MARK
from qosflood.report.document.schema import Document, JudgedLimit
from qosflood.report.formats.search_svg import curve
from qosflood.report.formats.svg import (
    EM,
    FONT,
    esc,
    place,
    rect,
    stroke,
    text,
    ticks,
    wrapped,
)

WIDTH, HEIGHT = 1280, 720
_MARGIN = 56
_MOST_POINTS = 400
_MOST_MARKS = 12
_MIB = 1024 * 1024
_LOAD = 23
"""Size of the letters of the load: a line holds it whole."""
Scale = Callable[[float], float]
_Drawn = tuple[str, tuple["_Line", ...], bool, list[Level]]
"""A chart's title, its lines, whether its scale is logarithmic, and the limits that it judges."""


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    color: str
    t_s: Sequence[float]
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class _Panel:
    """A small chart: where it lies, its title, its lines, and whether its scale is logarithmic."""

    x: float
    y: float
    width: float
    height: float
    title: str
    lines: tuple[_Line, ...]
    log: bool = False
    limits: tuple[Level, ...] = ()


def render(document: Document, findings: Findings) -> str:
    """The picture."""
    tone = highlights.TONES[document.verdict]
    head, below = _head(document, tone)
    facts, y = _facts(document, below)
    if document.capacity is None:
        drawn = [p for panel in _panels(document, findings, y + 52) for p in _draw(panel, findings)]
    else:
        room = (_MARGIN, y + 52, WIDTH - 2 * _MARGIN, HEIGHT - 116 - y)
        drawn = curve(document.capacity, document.limits, *room)
    parts = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img" font-family="{FONT}">',
        f"<title>{esc(document.headline)}</title>",
        rect(0, 0, WIDTH, HEIGHT, "page"),
        *head,
        *facts,
        *drawn,
        *_foot(document),
        "</svg>\n",
    )
    return "\n".join(parts)


# Words.


def _head(document: Document, tone: str) -> tuple[list[str], float]:
    """The verdict, the load and the reasons on a tinted band; where the band ends."""
    load, _ = highlights.headline_parts(document)
    width = WIDTH - 2 * _MARGIN
    loads = wrapped(load, _LOAD, width, 2)
    found = highlights.found_lines(document)
    each = 1 if len(found) > 1 and document.capacity is None else 2
    reasons = [line for reason in found[:3] for line in wrapped(reason, 21, width, each)]
    parts = [text(_MARGIN, 92, document.verdict, 58, tone, bold=True)]
    y = 98.0
    for line in loads:
        y += 38
        parts.append(text(_MARGIN, y, line, _LOAD, "text", bold=True))
    y += 6
    for line in reasons:
        y += 31
        parts.append(text(_MARGIN, y, line, 21, "text"))
    band = [
        rect(0, 0, WIDTH, y + 24, f"{tone}-tint"),
        rect(0, 0, 14, y + 24, tone),
    ]
    return [*band, *parts], y + 24


def _facts(document: Document, y: float) -> tuple[list[str], float]:
    """The figures side by side, those that broke a limit in its colour."""
    # Of a run the headline has its clients; of a search they are the answer.
    left_out = "clients" if document.capacity is None else ""
    facts = [
        fact for fact in highlights.facts(document) if fact[0] != left_out and fact[1] != cells.NONE
    ]
    if not facts:
        return [], y
    step = (WIDTH - 2 * _MARGIN) / len(facts)
    parts = []
    for index, (name, value, unit, metric) in enumerate(facts):
        x = _MARGIN + index * step
        color = "bad" if highlights.broken(document, metric) else "text"
        parts += [
            text(x, y + 40, name, 18, "muted"),
            text(x, y + 74, f"{value}{unit}", _fitted(f"{value}{unit}", step), color, bold=True),
        ]
    return parts, y + 84


def _fitted(words: str, width: float) -> float:
    """The size of letters in which a figure fits beside the next one."""
    return min(29.0, round(width / (len(words) * EM + 1.5), 1))


def _foot(document: Document) -> list[str]:
    run = document.run
    about = f"{run.started_utc[:16].replace('T', ' ')} UTC · run {run.id} · qosflood {run.version}"
    unjudged = [limit.metric for limit in document.limits if limit.ok is None]
    said = [f"limited by: {document.limited_by}"] if _says_limited(document) else []
    said += [f"not judged: {', '.join(unjudged)}"] if unjudged else []
    room = WIDTH - 2 * _MARGIN - len(about) * 15 * EM
    return [
        *(
            text(_MARGIN, HEIGHT - 22, line, 17, "text", bold=True)
            for line in wrapped(" · ".join(said), 17, room, 1)
        ),
        text(WIDTH - _MARGIN, HEIGHT - 22, about, 15, "muted", anchor="end"),
    ]


def _says_limited(document: Document) -> bool:
    """What limited a search's flood is nothing that limits the target."""
    return cells.floods(document) and document.capacity is None


# Charts.


def _panels(document: Document, findings: Findings, y: float) -> list[_Panel]:
    """Two small charts, of what there is."""
    limits = document.limits
    lines = [*_of_load(limits, findings), *_of_watch(limits, findings)][:2]
    gap = 64
    width = (WIDTH - 2 * _MARGIN - gap * (len(lines) - 1)) / max(1, len(lines))
    return [
        _Panel(
            _MARGIN + index * (width + gap),
            y,
            width,
            HEIGHT - 96 - y,
            title,
            drawn,
            log,
            tuple(judged),
        )
        for index, (title, drawn, log, judged) in enumerate(lines)
    ]


def _of_load(limits: Sequence[JudgedLimit], findings: Findings) -> Iterable[_Drawn]:
    seconds = findings.seconds
    times = [second.t_s for second in seconds]
    if not times:
        return
    offered = _Line("offered", "offered", times, [s.offered for s in seconds])
    answered = _Line("answered", "acked", times, [s.acked for s in seconds])
    yield "reports/s", (offered, answered), False, of_shares(limits, findings, "offered")
    judged = of_times(limits, findings, "response")
    rare_s, rare = p99_line(findings)
    if rare:
        lengths = {point.length_s for point in findings.p99_points}
        each = "each second" if lengths == {1} else f"up to {max(lengths)}s together"
        yield f"response time, p99 of {each}", (_Line("p99", "bad", rare_s, rare),), True, judged
        return
    most = [in_ms(second.response_max_ns) for second in seconds]
    if any(most):
        line = _Line("longest", "bad", times, most)
        yield "response time, longest of each second", (line,), True, judged


def _of_watch(limits: Sequence[JudgedLimit], findings: Findings) -> Iterable[_Drawn]:
    points = findings.memory_points
    if points:
        sizes = [point.rss_bytes / _MIB for point in points]
        judged = [replace(one, value=one.value / _MIB) for one in of_memory(limits, findings)]
        line = _Line("memory", "violet", [p.t_s for p in points], sizes)
        yield "memory, MiB", (line,), False, judged
    good = [point for point in findings.scrape_points if point.ok]
    if good:
        took = [in_ms(point.duration_ns) for point in good]
        line = _Line("scrape", "teal", [p.t_s for p in good], took)
        yield "scrapes", (line,), True, of_times(limits, findings, "scrape.p99")


def _draw(panel: _Panel, findings: Findings) -> list[str]:
    lasting = [phase for phase in findings.phases if phase.seconds > 0]
    end_s = max((phase.start_s + phase.seconds for phase in lasting), default=1.0)
    low, high = _scale(panel)

    def at_x(t_s: float) -> float:
        return panel.x + panel.width * min(max(t_s / end_s, 0.0), 1.0)

    def at_y(value: float) -> float:
        share = place(value, low, high, panel.log)
        return panel.y + panel.height * (1 - min(max(share, 0.0), 1.0))

    parts = [text(panel.x, panel.y - 12, panel.title, 17, "text", bold=True)]
    parts += _legend(panel)
    parts += [part for phase in lasting for part in _phase(panel, phase, at_x)]
    for value in ticks(low, high, panel.log):
        y = at_y(value)
        parts.append(stroke(f"M{panel.x:.1f} {y:.1f}h{panel.width:.1f}", "rule", 1))
        label = format_duration(value * MS) if panel.log else format_count(value)
        parts.append(text(panel.x + 6, y - 5, label, 13, "muted"))
    for line in panel.lines:
        parts.append(stroke(_path(line, at_x, at_y), line.color, 2.4))
    parts += [part for level in panel.limits for part in _limit(panel, level, at_x, at_y)]
    for t_s, color, label in _moments(findings):
        parts += _upright(panel, at_x(t_s), color, label)
    return parts


def _limit(panel: _Panel, level: Level, at_x: Scale, at_y: Scale) -> list[str]:
    """A limit over the phase that it judges, with its words at that line's end."""
    left, right, y = at_x(level.from_s), at_x(level.to_s), at_y(level.value)
    above = y - 6 if y - 20 > panel.y else y + 16
    return [
        stroke(f"M{left:.1f} {y:.1f}h{right - left:.1f}", "warn", 1.8, "8 4"),
        text(right - 4, above, level.expr, 13, "warn", anchor="end"),
    ]


def _legend(panel: _Panel) -> list[str]:
    if len(panel.lines) < 2:
        return []
    x = panel.x + panel.width
    parts = []
    for line in reversed(panel.lines):
        parts.append(text(x, panel.y - 12, line.name, 15, line.color, anchor="end", bold=True))
        x -= len(line.name) * 15 * EM + 18
    return parts


def _phase(panel: _Panel, phase: PhaseFigures, at_x: Scale) -> list[str]:
    left, right = at_x(phase.start_s), at_x(phase.start_s + phase.seconds)
    flood = phase.name == "flood"
    color, opacity = ("offered", 0.09) if flood else ("muted", 0.04)
    parts = [rect(left, panel.y, right - left, panel.height, color, opacity)]
    if (right - left) > len(phase.name) * 13 * EM:
        middle, y = (left + right) / 2, panel.y + panel.height + 19
        parts.append(text(middle, y, phase.name, 13, "muted", anchor="middle"))
    return parts


def _moments(findings: Findings) -> Iterable[tuple[float, str, str]]:
    if findings.first_failure is not None:
        yield findings.first_failure.t_s, "bad", "first failure"
    marks = [entry.t_s for entry in findings.timeline if entry.kind == MARK]
    yield from ((t_s, "violet", "") for t_s in marks[:_MOST_MARKS])


def _upright(panel: _Panel, x: float, color: str, label: str) -> list[str]:
    line = stroke(f"M{x:.1f} {panel.y:.1f}v{panel.height:.1f}", color, 1.6, "3 4")
    left = x > panel.x + panel.width / 2
    label_x = x - 6 if left else x + 6
    drawn = text(label_x, panel.y + 16, label, 13, color, anchor="end" if left else "")
    return [line, drawn] if label else [line]


def _path(line: _Line, at_x: Scale, at_y: Scale) -> str:
    """The line, broken where nothing was measured."""
    parts, pen = [], "M"
    for index in thin(line.values, _MOST_POINTS):
        value = line.values[index]
        if value is None:
            pen = "M"
            continue
        parts.append(f"{pen}{at_x(line.t_s[index]):.1f} {at_y(value):.1f}")
        pen = "L"
    return "".join(parts)


def _scale(panel: _Panel) -> tuple[float, float]:
    values = [v for line in panel.lines for v in line.values if v is not None]
    values += [level.value for level in panel.limits]
    positive = [value for value in values if value > 0] or [1.0]
    if panel.log:
        low = math.floor(math.log10(min(positive)))
        return 10.0**low, 10.0 ** max(low + 1, math.ceil(math.log10(max(positive))))
    return 0.0, max(positive) * 1.12
