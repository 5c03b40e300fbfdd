"""Series of a run of any length in a bounded number of points, extremes kept. Pure.

The newest points are kept as they are; older ones fall into buckets of equal length, each of which
keeps its least and its greatest point, and one gap where it holds any. When there are too many
buckets, neighbours are merged and their length doubles: a day takes no more points than an hour.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

Point = tuple[float, float | None]
"""Seconds and a value; None is a gap."""

RECENT = 300
BUCKETS = 300
MOST_TRACKS = 64


@dataclass(slots=True)
class Bucket:
    """The points kept of those between `number` and `number + 1` times the length."""

    number: int
    least: Point | None = None
    most: Point | None = None
    gap: Point | None = None

    def add(self, point: Point) -> None:
        """Take in a point that is no earlier than those before it."""
        value = point[1]
        if value is None:
            self.gap = self.gap or point
            return
        if self.least is None or self.least[1] is None or value < self.least[1]:
            self.least = point
        if self.most is None or self.most[1] is None or value > self.most[1]:
            self.most = point

    def points(self) -> list[Point]:
        """At most three, in the order of time."""
        kept = {point for point in (self.least, self.most, self.gap) if point is not None}
        return sorted(kept, key=lambda point: point[0])


class Track:
    """One series: at most `recent` + 3 * `buckets` points, however many are added."""

    def __init__(self, recent: int = RECENT, buckets: int = BUCKETS) -> None:
        self._recent: deque[Point] = deque()
        self._most_recent = recent
        self._buckets: list[Bucket] = []
        self._most_buckets = buckets
        self._length_s = 1.0
        self._latest_s = float("-inf")

    def add(self, t_s: float, value: float | None) -> None:
        """Take in a point; one from before the last is put at the last one's moment."""
        self._latest_s = max(self._latest_s, t_s)
        self._recent.append((self._latest_s, value))
        if len(self._recent) > self._most_recent:
            self._fold(self._recent.popleft())

    def points(self) -> list[Point]:
        """All that is kept, in the order of time."""
        older = [point for bucket in self._buckets for point in bucket.points()]
        return [*older, *self._recent]

    def _fold(self, point: Point) -> None:
        number = int(point[0] // self._length_s)
        if not self._buckets or self._buckets[-1].number != number:
            self._buckets.append(Bucket(number))
        self._buckets[-1].add(point)
        while len(self._buckets) > self._most_buckets:
            self._double()

    def _double(self) -> None:
        self._length_s *= 2
        merged: list[Bucket] = []
        for bucket in self._buckets:
            number = bucket.number // 2
            if not merged or merged[-1].number != number:
                merged.append(Bucket(number))
            for point in bucket.points():
                merged[-1].add(point)
        self._buckets = merged


class History:
    """The tracks of a run by name, at most `MOST_TRACKS`; points of further ones are dropped."""

    def __init__(self) -> None:
        self._tracks: dict[str, Track] = {}

    def add(self, name: str, t_s: float, value: float | None) -> bool:
        """Take in a point; False if there is no room for another track."""
        if name not in self._tracks:
            if len(self._tracks) >= MOST_TRACKS:
                return False
            self._tracks[name] = Track()
        self._tracks[name].add(t_s, value)
        return True

    def __contains__(self, name: str) -> bool:
        """Whether there is such a track."""
        return name in self._tracks

    def items(self) -> Iterator[tuple[str, list[Point]]]:
        """Every track with its points."""
        for name, track in self._tracks.items():
            yield name, track.points()
