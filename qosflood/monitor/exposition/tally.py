"""Which series a page has, and the few samples that matter. Pure."""

from array import array
from collections.abc import Iterable, Iterator, Sequence

from qosflood.monitor.exposition.grammar import Pairs, Series
from qosflood.monitor.exposition.labels import shown

_MOST_ORDERS = 100_000
"""How many orders of labels are kept; pages have one for each family."""


class Tally:
    """Counts samples, series and repetitions of one page; keeps the samples of wanted metrics.

    A series is known by a hash of 64 bits of its name and labels: a tenth of the memory of the
    text. Labels in another order are the same series, a label with an empty value is a label.
    """

    def __init__(self, wanted: Iterable[bytes]) -> None:
        self.names = frozenset(wanted)
        self.wanted: list[Series] = []
        self.samples = 0
        self._seen: set[int] = set()
        self._orders: dict[tuple[bytes, frozenset[bytes]], tuple[bytes, ...]] = {}
        self._types: set[bytes] = set()
        self._again: dict[str, tuple[int, str]] = {}

    @property
    def series(self) -> int:
        """How many series there are."""
        return len(self._seen)

    @property
    def keys(self) -> "array[int]":
        """A number for each series."""
        return array("q", self._seen)

    def know(self, shapes: Iterable[bytes]) -> bool:
        """Take note of lines' label names, each as `name{a=,b=`; False if one is doubtful.

        That is a name twice, `__name__`, or labels in another order than before.
        """
        for shape in shapes:
            name, _, inside = shape.partition(b"{")
            if b"," in inside:
                labels = tuple(inside[:-1].split(b"=,"))
                if b"__name__" in labels or self._order(name, labels) != labels:
                    return False
            elif inside == b"__name__=":
                return False
        return True

    def _order(self, name: bytes, labels: tuple[bytes, ...]) -> tuple[bytes, ...] | None:
        """These labels in the order that the page began with; None if one stands there twice."""
        once = frozenset(labels)
        if len(once) < len(labels):
            return None
        if len(self._orders) >= _MOST_ORDERS:
            self._orders.clear()
        return self._orders.setdefault((name, once), labels)

    def key(self, series: Series) -> bytes:
        """The series as `name{a="1",b="2"`, in the order of labels that the page began with."""
        if not series.labels:
            return series.name
        labels: Pairs = series.labels
        names = tuple(label for label, _ in labels)
        order = self._order(series.name, names)
        if order is not None and order != names:
            values = dict(labels)
            labels = tuple((label, values[label]) for label in order)
        inside = b",".join(b'%s="%s"' % (label, escaped(value)) for label, value in labels)
        return b"%s{%s" % (series.name, inside)

    def add(self, keys: Sequence[bytes]) -> None:
        """Count these samples, in the page's order."""
        self.samples += len(keys)
        hashes = list(map(hash, keys))
        new = set(hashes)
        if len(new) < len(keys) or not self._seen.isdisjoint(new):
            self._add_one_by_one(keys, hashes)
        else:
            self._seen |= new

    def add_types(self, names: Iterable[bytes]) -> None:
        """Take note of the metrics whose type is declared."""
        for name in names:
            if name in self._types:
                self._note("TYPE lines", name)
            self._types.add(name)

    def warnings(self) -> Iterator[str]:
        """What the page repeats."""
        for what, (times, first) in self._again.items():
            yield f"{times} repeated {what}, first of {first}"

    def _add_one_by_one(self, keys: Sequence[bytes], hashes: list[int]) -> None:
        for key, number in zip(keys, hashes, strict=True):
            if number in self._seen:
                self._note("samples of a series", key.partition(b"{")[0])
            self._seen.add(number)

    def _note(self, what: str, name: bytes) -> None:
        times, first = self._again.get(what, (0, shown(name)))
        self._again[what] = (times + 1, first)


def escaped(value: bytes) -> bytes:
    """A label value as the text formats write it."""
    return value.replace(b"\\", rb"\\").replace(b'"', rb"\"").replace(b"\n", rb"\n")
