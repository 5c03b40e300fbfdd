"""`--set key.path=value`: any key of a profile from the command line."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from qosflood.base.errors import ProfileError
from qosflood.base.text import is_utf8
from qosflood.plan.profile.validation import spell_path

_HARMLESS = {("allow",), ("insecure",), ("resolve",), ("sources",), ("tls_resume",)}
"""Keys of the target that hold no secret; what is misspelled may."""
_TELLING = {"headers", "url", "urls", "exposition", "readback", "command", "instance"}
"""Keys of headers, URLs and commands, wherever they stand."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One `--set`; `shown` is how error lines name it."""

    path: tuple[str, ...]
    value: Any
    shown: str


def parse_sets(sets: Sequence[str]) -> list[Assignment]:
    """All assignments in order; raises ProfileError with one line for each that is malformed."""
    assignments, problems = [], []
    for text in sets:
        try:
            assignments.append(parse_set(text))
        except ProfileError as error:
            problems += error.problems
    if problems:
        raise ProfileError(problems)
    return assignments


def parse_set(text: str) -> Assignment:
    """An assignment; its value is read as TOML, and is a string if it is none.

    Raises ProfileError. What a header, a URL or a command is set to may be a secret and is never
    shown.
    """
    if not is_utf8(text):
        raise ProfileError(["--set: got bytes that are no UTF-8, expected key.path=value as text"])
    name, separator, value = text.partition("=")
    path = tuple(part.strip() for part in name.split("."))
    if not separator or not all(path):
        shown = f'"{name}="' if separator else "no ="
        raise ProfileError([f"--set: got {shown}, expected key.path=value, e.g. peak.clients=500"])
    target = path[0] == "target" and path[1:2] not in _HARMLESS
    table = value.lstrip().startswith("{") and any(key in value for key in _TELLING)
    secret = target or table or _TELLING.intersection(path)
    shown = f"--set {name}={'***' if secret else value}"
    return Assignment(path, _toml_value(value), " ".join(shown.split()))


def apply_set(document: dict[str, Any], assignments: Iterable[Assignment]) -> None:
    """Put each assignment's value into the document; raises ProfileError."""
    problems = []
    for one in assignments:
        table = document
        for at, part in enumerate(one.path[:-1]):
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                above = spell_path(one.path[: at + 1])
                problems.append(f"{one.shown}: {above} is a value and holds no keys")
                break
        else:
            table[one.path[-1]] = one.value
    if problems:
        raise ProfileError(problems)


def _toml_value(text: str) -> Any:
    try:
        read = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return read["value"] if len(read) == 1 else text
