"""The language of limits: `[phase:]metric op value`, and ` for 15s` where a limit aborts. Pure.

`METRICS` is the table of what can be limited, `VALUES` that of the units in which it is limited.
How a metric is read, from the findings or while the run goes on, stands in the table READERS of
`qosflood.analysis.verdict.metrics`, under the same name.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from qosflood.base.errors import PlanError, UnitError
from qosflood.base.percentiles import LIVE, PERCENTILES
from qosflood.base.text import nearest
from qosflood.base.units import (
    Form,
    format_bytes,
    format_count,
    format_duration,
    format_ratio,
    parse_bytes,
    parse_duration,
    parse_ratio,
    text_beside,
    text_in_full,
)
from qosflood.plan.plan import PHASES, Limit, NamedBy, Op, Unit

Source = Literal["load", "scrapes", "processes"]

RUN = "run"
"""The scope of a limit that is judged over the whole run."""
_LARGEST = 2**62
"""What the journal's integers hold, with room to spare."""
LOAD_PHASES = tuple(phase for phase in PHASES if phase != "settle")

_DIGITS = re.compile(r"[0-9]{1,15}")
_NUMBER = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
_FORM = '"[phase:]metric op value", e.g. response.p99 < 250ms'
_GRAMMAR = re.compile(
    r"(?:(?P<phase>\w+)\s*:)?\s*(?P<metric>[\w.]+)\s*(?P<op><=|>=|==|<|>)"
    r"\s*(?P<value>[^\s<>=]+)(?:\s+for\s+(?P<grace>\S+))?"
)


@dataclass(frozen=True, slots=True)
class Metric:
    """What a limit can speak of; `about` says what is measured. `phases` is empty where only the
    whole run is judged, `live`: it may also abort a run.

    `source`: what its figures come from, the reports, the scrapes or the target's processes.
    `at_end`: it is known only when the run is over. `series`: the latencies of which it is a
    percentile.
    """

    unit: Unit
    about: str
    phases: tuple[str, ...] = ()
    live: bool = False
    source: Source = "load"
    at_end: bool = False
    series: str = ""

    @property
    def observation(self) -> str:
        """What is counted behind a value of it: one of a report, a scrape, …"""
        return _OBSERVATIONS[self.unit if self.unit == "count" else self.source]


_OBSERVATIONS = {
    "load": "report",
    "scrapes": "scrape",
    "processes": "sample",
    "count": "instance",
}
_RESPONSE = (
    "time from due to the answer's last byte, of every scheduled report; one that failed counts at "
    "least its timeout"
)
_SERVICE = "time from sent to the answer's last byte, of accepted reports"
_UP = "share of the scrapes that succeeded; with `--prometheus` by its `up`"
_GOOD = "duration of the scrapes that succeeded"
_GAP = "longest time without a good scrape"
_MOST = "largest memory of the target; a percentage is of its limit"
_LEAK = "`none` unless the memory grows with time"
_TO_LIMIT = "time until the memory limit is reached, at the growth measured"
_LOST = "`none` unless accepted reports are missing in the target"
_BACK = "time from the flood's end until errors, p99 and scrapes are near baseline"


def _latency(series: str, about: str, live: tuple[str, ...] = ()) -> dict[str, Metric]:
    return {
        f"{series}.{figure}": Metric("ns", about, LOAD_PHASES, figure in live, series=series)
        for figure in (*PERCENTILES, "max")
    }


METRICS: dict[str, Metric] = {
    **_latency("response", _RESPONSE, live=(*LIVE, "max")),
    **_latency("service", _SERVICE),
    "errors": Metric(
        "ratio", "share of the scheduled reports that were not accepted", LOAD_PHASES, live=True
    ),
    "offered": Metric(
        "ratio", "share of the planned reports that were sent", LOAD_PHASES, live=True
    ),
    "amplification": Metric(
        "times", "requests sent per first attempt (1 without retries)", LOAD_PHASES
    ),
    "scrape.success": Metric("ratio", _UP, PHASES, source="scrapes"),
    "scrape.p99": Metric("ns", _GOOD, PHASES, source="scrapes"),
    "scrape.gap": Metric("ns", _GAP, PHASES, live=True, source="scrapes"),
    "memory.max": Metric("bytes", _MOST, live=True, source="processes"),
    "memory.leak": Metric("word", _LEAK, source="processes", at_end=True),
    "memory.time_to_limit": Metric("ns", _TO_LIMIT, source="processes", at_end=True),
    "loss": Metric("word", _LOST, at_end=True),
    "restarts": Metric("count", "restarts of the target's processes", source="processes"),
    "recovery.time": Metric("ns", _BACK, at_end=True),
}


def _count(value: str) -> float:
    if not _DIGITS.fullmatch(value):
        raise UnitError(value)
    return int(value)


def _times(value: str) -> float:
    if not _NUMBER.fullmatch(value):
        raise UnitError(value)
    return float(value)


def _word(value: str) -> str:
    if value != "none":
        raise UnitError(value)
    return value


_UNEQUAL: tuple[Op, ...] = ("<", "<=", ">", ">=")


@dataclass(frozen=True, slots=True)
class ValueKind:
    """How the values of one unit are written in a limit, and shown."""

    expected: str
    parse: Callable[[str], float | str]
    shown: Form
    ops: tuple[Op, ...] = _UNEQUAL


def _show_times(value: float, more: int) -> str:
    return f"{value:.{2 + more}f}"


VALUES: dict[Unit, ValueKind] = {
    "ns": ValueKind("a duration such as 250ms", parse_duration, format_duration),
    "bytes": ValueKind("a size such as 512MiB", parse_bytes, format_bytes),
    "ratio": ValueKind("a share such as 0.1%", parse_ratio, format_ratio, (*_UNEQUAL, "==")),
    "times": ValueKind("a number such as 1.5", _times, _show_times),
    "count": ValueKind("a whole number such as 0", _count, format_count, (*_UNEQUAL, "==")),
    "word": ValueKind('the word "none"', _word, lambda word, _more: str(word), ("==",)),
}
_MISSING: dict[Unit, str] = {"ns": "ms", "bytes": "MiB", "ratio": "%"}
"""The unit that a bare number most likely lacks."""


def metric_of(limit: Limit) -> Metric:
    """What the limit speaks of."""
    return METRICS[limit.metric]


def value_text(unit: Unit, value: float | str) -> str:
    """A value in the unit of a limit, for people, where no threshold stands beside it."""
    return value if isinstance(value, str) else VALUES[unit].shown(value, 0)


def threshold_text(unit: Unit, threshold: float | str) -> str:
    """A limit's threshold for people, in all its digits."""
    if isinstance(threshold, str):
        return threshold
    return text_in_full(VALUES[unit].shown, threshold)


def judged_text(unit: Unit, value: float | str, op: Op, threshold: float | str) -> str:
    """A value beside the threshold that it is judged by, in as many digits as decide. One that is
    the threshold where only less or more would do is said to be exactly that."""
    if isinstance(value, str) or isinstance(threshold, str):
        return value_text(unit, value)
    if value == threshold:
        return f"{'exactly ' * (op in ('<', '>'))}{threshold_text(unit, threshold)}"
    return text_beside(VALUES[unit].shown, value, threshold)


def parse_limit(text: str, named_by: NamedBy = "user") -> Limit:
    """The limit that must hold for a PASS, judged over `flood` unless it names a phase or its
    metric belongs to the whole run; raises PlanError with one line.

    `memory.max < 90%` comes back in the unit `ratio`: a share of the target's memory limit.
    """
    parts = _parts(text)
    if parts["grace"]:
        raise _bad(text, 'no "for": only a limit that aborts waits, see limits.abort')
    return _limit(text, parts, named_by, default_scope="flood")


def parse_abort(text: str, named_by: NamedBy = "user") -> Limit:
    """The condition that stops a run once it was true for its grace period, in any phase unless
    it names one; raises PlanError with one line.
    """
    parts = _parts(text)
    if not METRICS[parts["metric"]].live:
        live = ", ".join(name for name, metric in METRICS.items() if metric.live)
        raise _bad(text, f"a metric that is known while running: one of {live}")
    return _limit(text, parts, named_by, default_scope=RUN)


def _parts(text: str) -> dict[str, str]:
    match = _GRAMMAR.fullmatch(text.strip())
    if match is None:
        raise _bad(text, _FORM)
    parts = match.groupdict(default="")
    if parts["metric"] not in METRICS:
        raise _bad(text, f"one of the metrics {_one_of(parts['metric'], METRICS)}")
    if parts["phase"] and parts["phase"] not in PHASES:
        raise _bad(text, f"one of the phases {_one_of(parts['phase'], PHASES)}")
    return parts


def _limit(text: str, parts: dict[str, str], named_by: NamedBy, default_scope: str) -> Limit:
    metric = METRICS[parts["metric"]]
    unit = _unit(parts, metric)
    op = _op(text, parts, unit)
    grace = f" for {parts['grace']}" if parts["grace"] else ""
    prefix = f"{parts['phase']}:" if parts["phase"] else ""
    return Limit(
        expr=f"{prefix}{parts['metric']} {op} {parts['value']}{grace}",
        metric=parts["metric"],
        op=op,
        threshold=_threshold(text, parts["value"], unit),
        unit=unit,
        scope=_scope(text, parts, metric, default_scope),
        named_by=named_by,
        grace_ns=_grace(text, parts["grace"]),
    )


def _unit(parts: dict[str, str], metric: Metric) -> Unit:
    share = metric.unit == "bytes" and parts["value"].endswith("%")
    return "ratio" if share else metric.unit


def _op(text: str, parts: dict[str, str], unit: Unit) -> Op:
    ops = VALUES[unit].ops
    if parts["op"] not in ops:
        raise _bad(text, f"{' or '.join(ops)} with {parts['metric']}")
    return parts["op"]


def _scope(text: str, parts: dict[str, str], metric: Metric, default: str) -> str:
    phase, name = parts["phase"], parts["metric"]
    if not metric.phases and phase:
        raise _bad(text, f'no phase: {name} is judged over the whole run; drop "{phase}:"')
    if phase and phase not in metric.phases:
        raise _bad(text, f"one of the phases {', '.join(metric.phases)} with {name}")
    return phase or (default if metric.phases else RUN)


def _threshold(text: str, value: str, unit: Unit) -> float | str:
    try:
        threshold = VALUES[unit].parse(value)
    except UnitError:
        raise _bad(text, f"{_value_words(value, unit)} as its value") from None
    if isinstance(threshold, int) and threshold > _LARGEST:
        raise _bad(text, "a smaller value")
    return threshold


def _value_words(value: str, unit: Unit) -> str:
    """What a value must be; a bare number is repeated with the unit that it lacks."""
    words = VALUES[unit].expected
    if unit in _MISSING and _NUMBER.fullmatch(value):
        return f"{words.rpartition(' ')[0]} {value}{_MISSING[unit]}"
    return words


def _grace(text: str, grace: str) -> int:
    try:
        return parse_duration(grace) if grace else 0
    except UnitError:
        raise _bad(text, 'a duration such as 15s after "for"') from None


def _one_of(word: str, known: tuple[str, ...] | dict[str, Metric]) -> str:
    return ", ".join(known) + nearest(word, known)


def _bad(text: str, expected: str) -> PlanError:
    return PlanError(f'got "{text}", expected {expected}')
