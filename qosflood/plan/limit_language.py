"""The language of limits: `[phase:]metric op value`, and ` for 15s` where a limit aborts. Pure.

`METRICS` is the one table of what can be limited: its unit, where it may be judged, and whether
it can be judged while the run goes on.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, cast

from qosflood.base.errors import PlanError, UnitError
from qosflood.base.text import nearest
from qosflood.base.units import parse_bytes, parse_duration, parse_ratio
from qosflood.plan.plan import PHASES, Limit

Op = Literal["<", "<=", ">", ">=", "=="]
Unit = Literal["ns", "bytes", "ratio", "times", "count", "word"]
NamedBy = Literal["user", "shipped"]

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
    """What a limit can speak of. `phases` is empty where only the whole run is judged."""

    unit: Unit
    phases: tuple[str, ...] = ()
    live: bool = False


def _latency(series: str, live: tuple[str, ...]) -> dict[str, Metric]:
    figures = ("p50", "p90", "p99", "p99_9", "max")
    return {f"{series}.{figure}": Metric("ns", LOAD_PHASES, figure in live) for figure in figures}


METRICS: dict[str, Metric] = {
    **_latency("response", live=("p50", "p99", "max")),
    **_latency("service", live=()),
    "errors": Metric("ratio", LOAD_PHASES, live=True),
    "offered": Metric("ratio", LOAD_PHASES, live=True),
    "amplification": Metric("times", LOAD_PHASES),
    "scrape.success": Metric("ratio", PHASES),
    "scrape.p99": Metric("ns", PHASES),
    "scrape.gap": Metric("ns", PHASES, live=True),
    "memory.max": Metric("bytes", live=True),
    "memory.leak": Metric("word"),
    "memory.time_to_limit": Metric("ns"),
    "loss": Metric("word"),
    "restarts": Metric("count"),
    "recovery.time": Metric("ns"),
}

_OPS: dict[Unit, tuple[str, ...]] = {
    "ns": ("<", "<=", ">", ">="),
    "bytes": ("<", "<=", ">", ">="),
    "ratio": ("<", "<=", ">", ">=", "=="),
    "times": ("<", "<=", ">", ">="),
    "count": ("<", "<=", ">", ">=", "=="),
    "word": ("==",),
}
_VALUES: dict[Unit, str] = {
    "ns": "a duration such as 250ms",
    "bytes": "a size such as 512MiB",
    "ratio": "a share such as 0.1%",
    "times": "a number such as 1.5",
    "count": "a whole number such as 0",
    "word": 'the word "none"',
}
_MISSING: dict[Unit, str] = {"ns": "ms", "bytes": "MiB", "ratio": "%"}
"""The unit that a bare number most likely lacks."""


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
    if parts["op"] not in _OPS[unit]:
        raise _bad(text, f"{' or '.join(_OPS[unit])} with {parts['metric']}")
    return cast(Op, parts["op"])


def _scope(text: str, parts: dict[str, str], metric: Metric, default: str) -> str:
    phase, name = parts["phase"], parts["metric"]
    if not metric.phases and phase:
        raise _bad(text, f'no phase: {name} is judged over the whole run; drop "{phase}:"')
    if phase and phase not in metric.phases:
        raise _bad(text, f"one of the phases {', '.join(metric.phases)} with {name}")
    return phase or (default if metric.phases else RUN)


def _threshold(text: str, value: str, unit: Unit) -> float | str:
    try:
        threshold = _PARSERS[unit](value)
    except UnitError:
        raise _bad(text, f"{_value_words(value, unit)} as its value") from None
    if isinstance(threshold, int) and threshold > _LARGEST:
        raise _bad(text, "a smaller value")
    return threshold


def _value_words(value: str, unit: Unit) -> str:
    """What a value must be; a bare number is repeated with the unit that it lacks."""
    words = _VALUES[unit]
    if unit in _MISSING and _NUMBER.fullmatch(value):
        return f"{words.rpartition(' ')[0]} {value}{_MISSING[unit]}"
    return words


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


_PARSERS: dict[Unit, Callable[[str], float | str]] = {
    "ns": parse_duration,
    "bytes": parse_bytes,
    "ratio": parse_ratio,
    "times": _times,
    "count": _count,
    "word": _word,
}


def _grace(text: str, grace: str) -> int:
    try:
        return parse_duration(grace) if grace else 0
    except UnitError:
        raise _bad(text, 'a duration such as 15s after "for"') from None


def _one_of(word: str, known: tuple[str, ...] | dict[str, Metric]) -> str:
    return ", ".join(known) + nearest(word, known)


def _bad(text: str, expected: str) -> PlanError:
    return PlanError(f'got "{text}", expected {expected}')
