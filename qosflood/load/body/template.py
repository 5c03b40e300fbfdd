"""A body template, taken apart so that a report's body is put together cheaply. Pure.

Constants, a session's own values, the figures of one interval of its network, and the time are
each encoded once and shared: by all, by a session's reports, by the clients on a path, by
the reports of a millisecond. Counters are formatted for each report.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, Literal

import numpy as np

from qosflood.load.body import counters
from qosflood.load.body.atoms import Atom, bare, body_atoms
from qosflood.load.body.counters import FACTORS
from qosflood.load.body.figures import LAST, Figure, Path
from qosflood.load.body.identities import Identity
from qosflood.plan.body_language import COUNTER
from qosflood.plan.report import Report

Kind = Literal["session", "network", "clock", "counter"]
BodyWriter = Callable[[Any, Path, int, int], bytes]
"""The body of one report, from its session, path, turn and time of observation (epoch ms)."""

_SHORT: dict[Kind, int] = {"session": 48, "network": 24, "clock": 64}
"""Constants up to this many bytes between two sources of one kind are encoded along with them."""
_SMALL = 512
"""A body with more bytes of constants than this is not kept for each session."""
_SPARE = 128
"""Nor is more than this for each of the thousands of intervals that are drawn."""
_SESSION_MS = "clock.session_ms"
_SESSION: dict[str, Callable[[Identity], str | int]] = {
    "session.id": lambda who: who.session_id,
    "session.uuid": lambda who: who.uuid,
    "session.number": lambda who: who.number,
    "session.index": lambda who: who.session,
    "session.ssrc": lambda who: who.ssrc,
    "session.remote_ssrc": lambda who: who.remote_ssrc,
    "session.production": lambda who: who.production_id,
    "session.line": lambda who: who.line_id,
    "session.bridge": lambda who: who.bridge_id,
    "session.direction": lambda who: who.direction,
}
_NETWORK: dict[str, Callable[[Figure], str | float]] = {
    "network.class": lambda figure: figure.network,
    "network.mos": lambda figure: figure.mos,
    "network.loss_percent": lambda figure: figure.loss_percent,
    "network.loss_ratio": lambda figure: round(figure.loss_percent / 100, 6),
    "network.rtt_ms": lambda figure: figure.rtt_ms,
    "network.rtt_s": lambda figure: round(figure.rtt_ms / 1000, 6),
    "network.jitter_ms": lambda figure: figure.jitter_ms,
    "network.jitter_s": lambda figure: round(figure.jitter_ms / 1000, 6),
}
_CLOCK: dict[str, Callable[[int], str | int | float]] = {
    "clock.epoch_ms": lambda now_ms: now_ms,
    "clock.epoch_s": lambda now_ms: now_ms / 1000,
    "clock.iso": lambda now_ms: f"{np.datetime64(now_ms, 'ms')}Z",
}


@dataclass(frozen=True, slots=True)
class Segment:
    """Sources of one kind, with the constants between them."""

    kind: Kind
    atoms: tuple[Atom, ...]


class _Encoder:
    """Encodes segments of one kind; `table` says what a source's value is."""

    def __init__(
        self, segments: Sequence[Segment], table: Mapping[str, Callable[[Any], str | float]]
    ) -> None:
        self._atoms = [segment.atoms for segment in segments]
        names = {atom for atoms in self._atoms for atom in atoms if isinstance(atom, str)}
        self._values = [(name, table[name]) for name in names]

    def __call__(self, about: Any) -> list[bytes]:
        """The segments' pieces about a session, an interval or a moment."""
        encoded = {name: bare(value(about)) for name, value in self._values}
        return [
            b"".join([atom if isinstance(atom, bytes) else encoded[atom] for atom in atoms])
            for atoms in self._atoms
        ]


class Concatenated:
    """A small body that is first the session's, then the network's, then the clock's: three pieces
    in a row."""

    def __init__(self, session: Segment, network: Segment, clock: Segment) -> None:
        self._session = _Encoder([session], _SESSION)
        self._network = _Encoder([network], _NETWORK)
        self.stamp = _stamper(clock)

    def session(self, who: Identity) -> bytes:
        """The session's piece."""
        return self._session(who)[0]

    def figures(self, figure: Figure) -> bytes:
        """The piece of an interval of the network."""
        return self._network(figure)[0]

    def writer(self) -> BodyWriter:
        """Writes whole bodies."""
        stamp = self.stamp
        return lambda session, path, turn, now_ms: b"".join(
            (session, path[turn & LAST], stamp(now_ms))
        )


class Formatted:
    """Any other body: a format of its constants, filled with pieces and counters.

    A piece that occurs several times is encoded once; `order` says which goes where.
    """

    def __init__(self, parts: Sequence[bytes | Segment], report: Report) -> None:
        declared = {f"{COUNTER}{each.name}": each for each in report.counters}
        segments = [part for part in parts if isinstance(part, Segment)]
        kinds: tuple[Kind, ...] = ("session", "network", "clock", "counter")
        by_kind = {kind: _distinct(segments, kind) for kind in kinds}
        self._session = _Encoder(by_kind["session"], _SESSION)
        self._network = _Encoder(by_kind["network"], _NETWORK)
        self._clock = by_kind["clock"]
        names = [str(segment.atoms[0]) for segment in by_kind["counter"]]
        self._terms = [
            counters.Term(0.0, 1000.0, counters.Sum.ALL)
            if name == _SESSION_MS
            else counters.term(declared[name])
            for name in names
        ]
        # With counters, what an interval's figures make of them stands before its pieces.
        factors: list[Any] = [None] * (FACTORS if names else 0)
        places = [
            *by_kind["session"],
            *factors,
            *by_kind["network"],
            *by_kind["clock"],
            *by_kind["counter"],
        ]
        self._pick = _picker([places.index(segment) for segment in segments])
        floats = {name for name, each in declared.items() if not each.whole}
        self._format = b"".join(_placeholder(part, floats) for part in parts)
        self._known: dict[bytes, bytes] = {}

    def session(self, who: Identity) -> Any:
        """The session's pieces, with the sums of its counters behind them where it has some."""
        pieces = tuple(self._session(who))
        return (pieces, counters.no_sums()) if self._terms else pieces

    def figures(self, figure: Figure) -> tuple[Any, ...]:
        """The pieces of an interval of the network, each kept once, and the counters' factors."""
        shared = tuple(self._known.setdefault(piece, piece) for piece in self._network(figure))
        if not self._terms:
            return shared
        seconds = (figure.rtt_ms / 1000, figure.jitter_ms / 1000)
        return (figure.loss_percent / 100, *seconds, *shared)

    def writer(self) -> BodyWriter:
        """Writes whole bodies; a closure, because it runs for every report."""
        pick, terms, stamps = self._pick, self._terms, self._stamps()
        form: Callable[[Any], bytes] = self._format.__mod__

        def plain(session: Any, path: Path, turn: int, now_ms: int) -> bytes:
            return form(pick((*session, *path[turn & LAST], *stamps(now_ms))))

        def counting(session: Any, path: Path, turn: int, now_ms: int) -> bytes:
            pieces, sums = session
            figures = path[turn & LAST]
            at = counters.advance(sums, turn, now_ms, *figures[:FACTORS])
            counts = counters.values(sums, at, terms)
            return form(pick((*pieces, *figures, *stamps(now_ms), *counts)))

        return counting if terms else plain

    def _stamps(self) -> Callable[[int], Sequence[bytes]]:
        """The clock's pieces, encoded once a millisecond."""
        stampers = [_stamper(segment) for segment in self._clock]
        stamped_ms, stamp = -1, [b""] * len(stampers)

        def stamps(now_ms: int) -> Sequence[bytes]:
            nonlocal stamped_ms, stamp
            if now_ms != stamped_ms:
                stamp = [stamper(now_ms) for stamper in stampers]
                stamped_ms = now_ms
            return stamp

        return stamps


def compile_body(report: Report) -> Concatenated | Formatted:
    """The cheapest writer for a plan's body."""
    atoms = body_atoms(report.body)
    return _concatenated(atoms) or Formatted(_parts(atoms), report)


def _concatenated(atoms: list[Atom]) -> Concatenated | None:
    """Such a body if this is one: what lies between two kinds goes with the latter."""
    sources = [(at, _kind(atom)) for at, atom in enumerate(atoms) if isinstance(atom, str)]
    kinds = [kind for kind, _ in groupby(kind for _, kind in sources)]
    if kinds != ["session", "network", "clock"] or _constant_bytes(atoms) > _SMALL:
        return None
    ends = [max(at for at, kind in sources if kind == each) + 1 for each in kinds[:2]]
    network = Segment("network", tuple(atoms[ends[0] : ends[1]]))
    if _constant_bytes(network.atoms) > _SPARE:
        return None
    session = Segment("session", tuple(atoms[: ends[0]]))
    return Concatenated(session, network, Segment("clock", tuple(atoms[ends[1] :])))


def _constant_bytes(atoms: Sequence[Atom]) -> int:
    return sum(len(atom) for atom in atoms if isinstance(atom, bytes))


def _parts(atoms: list[Atom]) -> list[bytes | Segment]:
    """Constants and segments in turn; near neighbours of one kind are one segment."""
    parts: list[bytes | Segment] = []
    for atom in atoms:
        if isinstance(atom, bytes):
            parts.append(atom)
            continue
        kind = _kind(atom)
        between = parts[-1:] if parts and isinstance(parts[-1], bytes) else []
        before = parts[-1 - len(between)] if len(parts) > len(between) else None
        near = sum(map(len, between)) <= _SHORT.get(kind, -1)  # type: ignore[arg-type]
        if near and isinstance(before, Segment) and before.kind == kind:
            del parts[-1 - len(between) :]
            parts.append(Segment(kind, (*before.atoms, *between, atom)))  # type: ignore[arg-type]
        else:
            parts.append(Segment(kind, (atom,)))
    return parts


def _kind(name: str) -> Kind:
    kind: Any = "counter" if name == _SESSION_MS else name.partition(".")[0]
    return kind  # type: ignore[no-any-return]


def _distinct(segments: list[Segment], kind: Kind) -> list[Segment]:
    return list(dict.fromkeys(segment for segment in segments if segment.kind == kind))


def _picker(order: list[int]) -> Callable[[tuple[Any, ...]], Any]:
    """Arguments of a format, in the order of its placeholders."""
    return itemgetter(*order) if order else lambda _: ()


def _placeholder(part: bytes | Segment, floats: set[str]) -> bytes:
    if isinstance(part, bytes):
        return _escaped(part)
    if part.kind != "counter":
        return b"%b"
    # A millionth is enough for sums of seconds; %d rounds down.
    return b"%.6f" if part.atoms[0] in floats else b"%d"


def _stamper(segment: Segment) -> Callable[[int], bytes]:
    """Encodes a clock's piece."""
    sources = [atom for atom in segment.atoms if isinstance(atom, str)]
    if sources == ["clock.epoch_ms"]:
        # The commonest by far; below a thousand reports a second no two reports share it.
        constants = (_escaped(atom) if isinstance(atom, bytes) else b"%d" for atom in segment.atoms)
        return b"".join(constants).__mod__
    encoder = _Encoder([segment], _CLOCK)
    return lambda now_ms: encoder(now_ms)[0]


def _escaped(constant: bytes) -> bytes:
    return constant.replace(b"%", b"%%")
