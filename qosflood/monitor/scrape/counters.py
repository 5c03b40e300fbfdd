"""A page's counters, a bounded number of them: one that fell began anew. Pure."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from qosflood.monitor.exposition.exposition import Sample

MOST_NAMES = 8
"""Each costs about 2% of a page's reading."""
_MOST_SERIES = 16
"""A counter of more series is left alone."""
_LOOKED_AT = 1 << 20
_TYPE = re.compile(rb"(?m)^# TYPE ([A-Za-z_:][A-Za-z0-9_:]*) counter$")
_MOST_LINES = 8
_RETURNS = 2
"""How often older counts have to go on before they are those of another process."""
_ANEW = 0.5
"""A process that began anew has counted less than this share of what the last one had."""

Key = tuple[str, tuple[tuple[str, str], ...]]
Values = dict[Key, float]


def counter_names(page: bytes) -> list[str]:
    """Candidates: counters whose type the page's first MiB declares, as samples name them."""
    found = (match[1].decode() for match in _TYPE.finditer(page, 0, _LOOKED_AT))
    names = dict.fromkeys(found)
    # In OpenMetrics a counter's type is declared of the family, whose sample ends in _total.
    return [each for name in list(names)[:MOST_NAMES] for each in _spellings(name)]


def _spellings(name: str) -> tuple[str, ...]:
    return (name,) if name.endswith("_total") else (name, f"{name}_total")


@dataclass(frozen=True, slots=True)
class Fall:
    """How many counters fell; whether all of them began `anew`, as those of a new process do, or
    several processes count in turn. `went_on`: several had counted, and none of them fell."""

    resets: int = 0
    anew: bool = False
    several: bool = False
    went_on: bool = False


NO_FALL = Fall()


class Counters:
    """Follows counters from page to page.

    Counts that went back and go on from where an older page stood, time and again, belong to
    several processes that answer in turn. A single counter proves nothing: it may be a gauge that
    calls itself one, and so may each that falls while others never do.
    """

    def __init__(self) -> None:
        self.names: frozenset[str] = frozenset()
        self._last: Values = {}
        self._lines: list[Values] = []
        self._returns = 0
        self._moved: set[Key] = set()
        self._fell: set[Key] = set()

    def choose(self, samples: Iterable[Sample], candidates: Iterable[str]) -> None:
        """Follow those of the candidates that the page has and that have few series."""
        wanted = frozenset(candidates)
        series = Counter(sample.name for sample in samples if sample.name in wanted)
        few = [name for name, count in series.items() if count <= _MOST_SERIES]
        self.names = frozenset(few[:MOST_NAMES])

    def note(self, samples: Iterable[Sample]) -> Fall:
        """What a page's counters say compared with those of the pages before."""
        values = _values(sample for sample in samples if sample.name in self.names)
        before, self._last = self._last, values
        older = self._goes_on(values)
        self._lines = [line for line in self._lines if line is not older][-_MOST_LINES:]
        self._lines.append(values)
        fallen = {key for key, value in before.items() if values.get(key, 0.0) < value}
        self._fell |= fallen
        self._moved |= {key for key, value in before.items() if values.get(key, 0.0) != value}
        if not fallen:
            return Fall(went_on=sum(value > 0 for value in before.values()) > 1)
        self._returns += older is not None and older is not before
        several = self._returns >= _RETURNS and len(self._moved) > 1 and self._moved == self._fell
        return Fall(len(fallen), older is None and _began_anew(before, values), several)

    def _goes_on(self, values: Values) -> Values | None:
        """The counts seen before that these go on from: the closest that are nowhere higher."""
        fitting = [line for line in self._lines if _continues(line, values)]
        return max(reversed(fitting), key=lambda line: sum(line.values()), default=None)


def _values(samples: Iterable[Sample]) -> Values:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for sample in samples
        if sample.value >= 0
    }


def _continues(line: Values, values: Values) -> bool:
    return any(line.values()) and all(values.get(key, -1.0) >= old for key, old in line.items())


def _began_anew(before: Values, values: Values) -> bool:
    counted = [key for key, value in before.items() if value > 0]
    return len(counted) > 1 and all(values.get(key, 0.0) <= _ANEW * before[key] for key in counted)
