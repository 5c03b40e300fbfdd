"""A body template as atoms: constant JSON, and the sources between. Pure."""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from qosflood.plan.body_language import TEXTS, Source, Text, parse_text

Atom = bytes | str
"""Constant JSON, or a source's name."""


def body_atoms(body: dict[str, Any]) -> list[Atom]:
    """A body's atoms; constants and sources take turns, unless two sources touch."""
    return [atom for atom in _joined(_walked(body)) if atom]


def bare(value: str | float) -> bytes:
    """A value as JSON, a string without its quotes."""
    # A slice, because what orjson returns keeps a buffer of 4 KB for as long as it lives.
    encoded = orjson.dumps([value])
    return encoded[2:-2] if isinstance(value, str) else encoded[1:-1]


def _walked(value: Any) -> Iterator[Atom]:
    if isinstance(value, dict):
        for at, (name, inner) in enumerate(value.items()):
            yield b"," if at else b"{"
            yield from _quoted(parse_text(name))
            yield b":"
            yield from _walked(inner)
        yield b"}" if value else b"{}"
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield b"," if at else b"["
            yield from _walked(inner)
        yield b"]" if value else b"[]"
    elif isinstance(value, str):
        yield from _string(parse_text(value))
    else:
        yield orjson.dumps(value)


def _string(text: Text) -> Iterator[Atom]:
    source = text.pieces[0] if text.whole else None
    if isinstance(source, Source) and source.name not in TEXTS:
        yield source.name
    else:
        yield from _quoted(text)


def _quoted(text: Text) -> Iterator[Atom]:
    yield b'"'
    for piece in text.pieces:
        yield piece.name if isinstance(piece, Source) else bare(piece)
    yield b'"'


def _joined(atoms: Iterable[Atom]) -> Iterator[Atom]:
    """The same with constants side by side made one."""
    constants: list[bytes] = []
    for atom in atoms:
        if isinstance(atom, bytes):
            constants.append(atom)
            continue
        yield b"".join(constants)
        yield atom
        constants.clear()
    yield b"".join(constants)
