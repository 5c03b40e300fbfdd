"""The language of report bodies: which sources a template may name, and how it names them. Pure.

A body is JSON in which strings name sources. A string that is wholly `$group.name` becomes the
source's value, a number where it is one; `${group.name}` within a longer string becomes text; `$$`
is a dollar. All else stands as it is. Keys are texts too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qosflood.base.errors import PlanError
from qosflood.base.text import nearest

KeyPath = tuple[str | int, ...]
COUNTER = "counter."
SOURCES: dict[str, str] = {
    "session.id": "the session's id: qosflood-<run>-<client>-<session>",
    "session.uuid": "a UUID, different for every session",
    "session.number": "the client's number, from 0",
    "session.index": "the session's number among those of its client, from 0",
    "session.ssrc": "32-bit SSRC of the stream that the client sends",
    "session.remote_ssrc": "32-bit SSRC of the stream that the client receives",
    "session.production": "production-<n>, n below report.productions",
    "session.line": "line-<n>, n below report.lines",
    "session.bridge": "bridge-<n>, n below report.bridges",
    "session.direction": "ingress or egress",
    "network.class": "name of the client's network class",
    "network.mos": "mean opinion score, 1 to 4.5",
    "network.loss_percent": "packets lost, 0 to 100",
    "network.loss_ratio": "packets lost, 0 to 1",
    "network.rtt_ms": "round-trip time in ms",
    "network.rtt_s": "round-trip time in seconds",
    "network.jitter_ms": "jitter in ms",
    "network.jitter_s": "jitter in seconds",
    "clock.epoch_ms": "time of observation, whole ms since 1970",
    "clock.epoch_s": "the same in seconds, with ms",
    "clock.iso": "the same as RFC 3339 text, in UTC with ms",
    "clock.session_ms": "whole ms since the session's first report",
}
"""Every source but the profile's own counters (`counter.NAME`), with its meaning."""
TEXTS = frozenset(
    (
        *("session.id", "session.uuid", "session.production", "session.line", "session.bridge"),
        *("session.direction", "network.class", "clock.iso"),
    )
)
"""The sources that are strings in JSON; all others are numbers."""

_LONGEST = 60
_WHOLE = re.compile(r"\$([A-Za-z][\w-]*\.[\w.-]*)", re.ASCII)
_TOKEN = re.compile(r"\$\$|\$\{([^{}$]*)\}|\$|[^$]+")


@dataclass(frozen=True, slots=True)
class Source:
    """A source by its name, e.g. `network.mos`."""

    name: str


@dataclass(frozen=True, slots=True)
class Text:
    """A string of the template: constants and sources in turn; `whole` is one source alone, which
    takes its own JSON type."""

    pieces: tuple[str | Source, ...]
    whole: bool = False


def parse_text(text: str) -> Text:
    """What a string of a template says; raises PlanError for a source that there is not."""
    if whole := _WHOLE.fullmatch(text):
        return Text((_source(whole[1]),), whole=True)
    return Text(tuple(_piece(token) for token in _TOKEN.finditer(text)))


def strings(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Every string of a template, keys before their values, and where it stands."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield (*path, name), name
            yield from strings(inner, (*path, name))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from strings(inner, (*path, at))


def named_sources(body: Any) -> Iterator[tuple[KeyPath, str]]:
    """Every source that a template names, by its name, and where."""
    for path, text in strings(body):
        pieces = parse_text(text).pieces
        yield from ((path, piece.name) for piece in pieces if isinstance(piece, Source))


def _piece(token: re.Match[str]) -> str | Source:
    if token[1] is not None:
        return _source(token[1].strip())
    if token[0] == "$":
        raise PlanError(
            f'got a lone $ in "{_cut(token.string)}", expected "$group.name" as the whole string, '
            '"${group.name}" inside one, or $$ for a dollar'
        )
    return "$" if token[0] == "$$" else token[0]


def _source(name: str) -> Source:
    if name in SOURCES or (name.startswith(COUNTER) and name != COUNTER):
        return Source(name)
    known = [*SOURCES, f"{COUNTER}NAME"]
    raise PlanError(
        f'got the unknown source "{_cut(name)}", expected one of {", ".join(known)}'
        f"{nearest(name, known)}"
    )


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
