"""The picture of a run on a terminal: lines that fit it, none cut or wrapped by it. Pure.

From top to bottom: the phases with the present one marked, the figures of now, the limits as far as
there is room, and what is wrong.
"""

from collections.abc import Iterable, Iterator, Sequence

from rich.text import Text

from qosflood.analysis.current import Snapshot
from qosflood.base.text import clip, printable
from qosflood.live import lines
from qosflood.live.so_far import LimitSoFar
from qosflood.plan.plan import Phase, Plan
from qosflood.report.formats.wrapping import hanging, side_by_side

INDENT = 11
"""Where the text beside a label begins."""
PRESENT = "▸"
"""Stands before the name of the present phase."""
_DONE, _TO_COME = "━", "─"
_WIDEST_STRIP = 120
_TWO_COLUMNS = 150
_STATES = {False: "broken", True: "ok", None: "not yet"}
_STYLES = {False: "red", True: "green", None: "dim"}
_STATE = max(len(word) for word in _STATES.values()) + 2
_LONGEST_EXPR = 31
_TROUBLE_LINES = 2


def picture(
    plan: Plan, seen: Snapshot, limits: Sequence[LimitSoFar], width: int, height: int
) -> list[Text]:
    """The lines, at most `height` less one for the cursor; figures come before limits where there
    is no room for both. Without a load there are no lines about reports."""
    top = [*_strip(plan, seen, width), *_figures(plan, seen, width)]
    alarms = list(_alarms(seen, width))
    room = height - 1 - len(top) - len(alarms)
    return [*top, *_limits(limits, width, room), *alarms][: max(height - 1, 1)]


# The phases.


def _strip(plan: Plan, seen: Snapshot, width: int) -> Iterator[Text]:
    """Every phase's name over a bar as long as its share of the time, but not shorter than the
    name; below them how far phase and run are."""
    lengths = _lengths(plan.phases, min(width, _WIDEST_STRIP))
    if sum(lengths) <= width:
        yield from _bars(plan, seen, lengths)
    now, end_ns = plan.phase(seen.phase), max(phase.end_ns for phase in plan.phases)
    into_ns = max(min(seen.elapsed_ns, now.end_ns) - now.start_ns, 0)
    times = (
        f"{now.name} {lines.whole_seconds(into_ns)} of {lines.duration(now.duration_ns)}",
        f"run {lines.whole_seconds(seen.elapsed_ns)} of {lines.duration(end_ns)}",
        f"{lines.whole_seconds(seen.left_ns)} left",
    )
    yield from _row("time", times, width)


def _bars(plan: Plan, seen: Snapshot, lengths: Sequence[int]) -> Iterator[Text]:
    names, bars = Text(), Text()
    for phase, length in zip(plan.phases, lengths, strict=True):
        present = phase.name == seen.phase
        name = f"{PRESENT if present else ' '}{phase.name}"
        names.append(name.ljust(length), "bold" if present else "dim")
        share = (seen.elapsed_ns - phase.start_ns) / phase.duration_ns
        done = round(min(max(share, 0.0), 1.0) * (length - 1))
        bars.append(_DONE * done, "bold green" if present else "green")
        bars.append(_TO_COME * (length - 1 - done) + " ", "dim")
    for line in (names, bars):
        line.rstrip()
        yield line


def _lengths(phases: Sequence[Phase], width: int) -> list[int]:
    """Columns of each phase, with the blank behind it: room for its name, the rest by time."""
    least = [len(phase.name) + 2 for phase in phases]
    rest = max(width - sum(least), 0)
    whole = sum(phase.duration_ns for phase in phases)
    edges = [0]
    for phase in phases:
        edges.append(edges[-1] + phase.duration_ns)
    spread = [round(rest * edge / whole) for edge in edges]
    return [
        name + after - before
        for name, before, after in zip(least, spread, spread[1:], strict=False)
    ]


# The figures.


def _figures(plan: Plan, seen: Snapshot, width: int) -> Iterator[Text]:
    if plan.floods:
        rates = (
            f"offered {lines.rate(seen.offered)}{lines.retries(seen)}",
            f"answered {lines.rate(seen.acked)}",
            f"planned {lines.rate(seen.planned)}",
        )
        yield from _row("reports", rates, width)
        yield from _row("response", lines.percentiles(seen), width)
        kinds = lines.error_kinds(seen)
        yield from _row("errors", kinds or ["none"], width, "red" if kinds else "")
    yield from _row("target", [f"memory {lines.memory(seen, limit=True)}"], width)
    failing = seen.scrape is not None and not seen.scrape.ok
    yield from _row("scrape", _scrape(seen), width, "red" if failing else "")


def _scrape(seen: Snapshot) -> Iterator[str]:
    last = seen.scrape
    yield lines.scrape(seen)
    if last is not None and last.series is not None:
        yield f"{last.series:,} series"
    if seen.scrapes_failed:
        yield f"{seen.scrapes_failed:,} failed so far"


# The limits.


def _limits(limits: Sequence[LimitSoFar], width: int, room: int) -> list[Text]:
    """A row each, those that are broken first; where they do not fit, the last row counts the
    others."""
    if not limits or room < 1:
        return []
    order = {False: 0, True: 1, None: 2}
    ordered = sorted(limits, key=lambda limit: order[limit.ok])
    expr = min(max(len(limit.expr) for limit in limits), _LONGEST_EXPR)
    for shown in range(len(ordered), 0, -1):
        left = ordered[shown:]
        cells = [cell for one in ordered[:shown] for cell in _limit(one, expr, width - INDENT)]
        cells += [Text(f"and {len(left)} more: {_counted(left)}", "dim")] if left else []
        rows = _laid_out(cells, width)
        if len(rows) <= room:
            return rows
    return list(_row("limits", [_counted(ordered)], width))[:room]


def _limit(limit: LimitSoFar, expr: int, room: int) -> list[Text]:
    """State, limit, and its value or why there is none; a value that has no room stands below."""
    known = limit.ok is not None or not limit.note
    cell = Text.assemble((_STATES[limit.ok].ljust(_STATE), _STYLES[limit.ok]), limit.expr)
    value = Text(limit.value, "bold") if known else Text(limit.note, "dim")
    gap = " " * (max(expr - len(limit.expr), 0) + 2)
    if cell.cell_len + len(gap) + value.cell_len <= room:
        return [cell.append(gap).append_text(value)]
    return [cell, Text(" " * _STATE).append_text(value)] if known else [cell]


def _laid_out(cells: Sequence[Text], width: int) -> list[Text]:
    """The cells below one another beside their label, on a wide terminal in two columns."""
    half = (width - INDENT) // 2
    longest = max(cell.cell_len for cell in cells)
    columns = 2 if width >= _TWO_COLUMNS and longest + 2 <= half else 1
    deep = -(-len(cells) // columns)
    rows = []
    for index in range(deep):
        row = Text.assemble((("" if index else "limits").ljust(INDENT), "dim"))
        for cell in cells[index::deep]:
            row.append_text(cell)
            row.append(" " * (half - cell.cell_len if columns > 1 else 0))
        row.rstrip()
        rows.append(row)
    return rows


def _counted(limits: Iterable[LimitSoFar]) -> str:
    states = [_STATES[limit.ok] for limit in limits]
    counts = ((states.count(word), word) for word in _STATES.values())
    return ", ".join(f"{count} {word}" for count, word in counts if count)


# What is wrong.


def _alarms(seen: Snapshot, width: int) -> Iterator[Text]:
    if seen.late:
        late = "the generator is late: reports leave after they are due"
        yield from (Text(line, "yellow") for line in hanging("", late, width, 0, 2))
    if seen.trouble is not None:
        # What is shown in part here stands whole in the report's timeline.
        words = clip(printable(seen.trouble, 200), _TROUBLE_LINES * (width - 10))
        yield from (Text(line, "yellow") for line in hanging("", words, width, 0, 2))


def _row(label: str, pieces: Iterable[str], width: int, style: str = "") -> Iterator[Text]:
    """The pieces beside their label, lines broken between them."""
    for line in hanging(label, side_by_side(pieces), width, INDENT):
        row = Text(line, style)
        row.stylize("dim", 0, min(INDENT, len(line)))
        yield row
