"""The language of report bodies: which sources a template may name, and how it names them. Pure.

A body is JSON in which strings name sources. A string that is wholly `$group.name` becomes the
source's value, a number where it is one; `${group.name}` within a longer string becomes text; `$$`
is a dollar. All else stands as it is. Keys are texts too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from qosflood.base.errors import PlanError
from qosflood.base.text import nearest

KeyPath = tuple[str | int, ...]
COUNTER = "counter."
_SOURCES: dict[str, tuple[Literal["text", "number"], str]] = {
    "session.id": ("text", "the session's id: qosflood-<run>-<client>-<session>"),
    "session.uuid": ("text", "a UUID, different for every session"),
    "session.number": ("number", "the client's number, from 0"),
    "session.index": ("number", "the session's number among those of its client, from 0"),
    "session.ssrc": ("number", "32-bit SSRC of the stream that the client sends"),
    "session.remote_ssrc": ("number", "32-bit SSRC of the stream that the client receives"),
    "session.production": ("text", "production-<n>, n below report.productions"),
    "session.line": ("text", "line-<n>, n below report.lines"),
    "session.bridge": ("text", "bridge-<n>, n below report.bridges"),
    "session.direction": ("text", "ingress or egress"),
    "network.class": ("text", "name of the client's network class"),
    "network.mos": ("number", "mean opinion score, 1 to 4.5"),
    "network.loss_percent": ("number", "packets lost, 0 to 100"),
    "network.loss_ratio": ("number", "packets lost, 0 to 1"),
    "network.rtt_ms": ("number", "round-trip time in ms"),
    "network.rtt_s": ("number", "round-trip time in seconds"),
    "network.jitter_ms": ("number", "jitter in ms"),
    "network.jitter_s": ("number", "jitter in seconds"),
    "clock.epoch_ms": ("number", "time of observation, whole ms since 1970"),
    "clock.epoch_s": ("number", "the same in seconds, with ms"),
    "clock.iso": ("text", "the same as RFC 3339 text, in UTC with ms"),
    "clock.session_ms": ("number", "whole ms since the session's first report"),
}
"""Every source but the profile's own counters (`counter.NAME`): what it is in JSON, and its
meaning."""
SOURCES: dict[str, str] = {name: meaning for name, (_, meaning) in _SOURCES.items()}
TEXTS = frozenset(name for name, (kind, _) in _SOURCES.items() if kind == "text")
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
