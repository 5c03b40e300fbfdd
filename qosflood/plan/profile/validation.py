"""What is wrong with a profile: pydantic's errors as one line each. Pure."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from qosflood.base.text import nearest
from qosflood.plan.profile.fields import Expected, Section
from qosflood.plan.profile.model import Profile

KeyPath = tuple[str | int, ...]
_LONGEST = 60
_NUMBER = re.compile(r"-?[0-9]{1,18}")
_KINDS = {
    bool: "a truth value",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "a list",
}


def problem_lines(error: ValidationError, origin: Callable[[KeyPath], str]) -> list[str]:
    """One line per error; `origin` names where the value at a key path was written, together
    with the path, e.g. `profile soak.toml: peak.clients`.
    """
    details = error.errors(include_url=False)
    # A list whose only item is wrong is also "too short"; the item's own line is enough.
    parents = {_path(one)[:-1] for one in details if isinstance(one["loc"][-1], int)}
    shown = [one for one in details if _path(one) not in parents]
    lines = (f"{origin(_path(one))}: {_problem(one)}" for one in shown)
    return [" ".join(line.split()) for line in lines]


def read_keys(given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What the keys' own readers make of values by key path, `{"memory.pid": "42"}`: by section
    and key; raises ValidationError.

    A number may come as text, as it does from a command line.
    """
    try:
        profile = Profile.model_validate(_document(given))
    except ValidationError as error:
        # A reader of text has its own words; other keys refuse text whatever it holds.
        refused = [
            spell_path(_path(one)[:2])
            for one in error.errors(include_url=False)
            if one["type"] != "value_error"
        ]
        numbers = {path: int(given[path]) for path in refused if _is_number(given[path])}
        if not numbers:
            raise
        profile = Profile.model_validate(_document({**given, **numbers}))
    return {
        section: {key: getattr(getattr(profile, section), key) for key in keys}
        for section, keys in _document(given).items()
    }


def _document(given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    document: dict[str, dict[str, Any]] = {}
    for path, value in given.items():
        section, _, key = path.partition(".")
        document.setdefault(section, {})[key] = value
    return document


def _is_number(value: Any) -> bool:
    return isinstance(value, str) and _NUMBER.fullmatch(value) is not None


def spell_path(path: KeyPath) -> str:
    """`report.expect[1]` of ("report", "expect", 1)."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


def _path(detail: ErrorDetails) -> KeyPath:
    return tuple(part for part in detail["loc"] if part != "[key]")


def _problem(detail: ErrorDetails) -> str:
    path, value = _path(detail), detail["input"]
    section, field, depth = _locate(path)
    if detail["type"] == "extra_forbidden":
        known = list(section.model_fields)
        return f"unknown key, expected one of {', '.join(known)}{nearest(str(path[-1]), known)}"
    if detail["type"] == "value_error":
        return str(detail["ctx"]["error"])
    if field is None or _section_of(field):
        return f"got {_kind(value)}, expected a table, e.g. {_header(path)}"
    if detail["type"] == "missing":
        return f"got nothing, expected {_words(field, 0)}, e.g. {_example(field, 0)}"
    secret = "headers" in path[:3] or path[:2] == ("memory", "command")
    got = _kind(value) if secret else _shown(value)
    return f"got {got}, expected {_words(field, depth)}, e.g. {_example(field, depth)}"


def _locate(path: KeyPath) -> tuple[type[Section], FieldInfo | None, int]:
    """The section a path leads into, the field it names there, and how far it goes beyond."""
    section: type[Section] = Profile
    field: FieldInfo | None = None
    for at, part in enumerate(path):
        item = _section_in(field) if field else None
        if item:
            section, field = item, None
            continue
        field = section.model_fields.get(str(part))
        inner = _section_of(field) if field else None
        if inner:
            section = inner
        elif field is None or _section_in(field) is None:
            return section, field, len(path) - at - 1
    return section, field, 0


def _section_of(field: FieldInfo) -> type[Section] | None:
    """The section a field holds; None for a plain value."""
    kind: Any = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, Section) else None


def _section_in(field: FieldInfo) -> type[Section] | None:
    """The section that each item of a field's list or table is; None for any other field."""
    kinds = (kind for kind in get_args(field.annotation) if isinstance(kind, type))
    return next((kind for kind in kinds if issubclass(kind, Section)), None)


def _header(path: KeyPath) -> str:
    """How TOML opens the table at a path."""
    if path and isinstance(path[-1], int):
        return f"[[{spell_path(path[:-1])}]]"
    return f"[{spell_path(path) or 'peak'}]"


def _words(field: FieldInfo, depth: int) -> str:
    """The field's own `Expected`, or with a depth its items'."""
    found = [part for part in field.metadata if isinstance(part, Expected)]
    found += _expected_in(field.annotation)
    return found[-1 if depth else 0].words


def _expected_in(hint: Any) -> Iterator[Expected]:
    yield from (part for part in getattr(hint, "__metadata__", ()) if isinstance(part, Expected))
    for inner in get_args(hint):
        yield from _expected_in(inner)


def _example(field: FieldInfo, depth: int) -> str:
    example = (field.examples or [None])[0]
    while depth and isinstance(example, list | dict):
        example = next(iter(example.values() if isinstance(example, dict) else example))
    return _shown(example)


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "a table" if isinstance(value, dict) else "a date or time")


def _shown(value: Any) -> str:
    """The value as TOML has it, on one line and not too long."""
    if isinstance(value, dict):
        pairs = ", ".join(f"{name} = {_shown(inner)}" for name, inner in value.items())
        text = f"{{ {pairs} }}"
    elif isinstance(value, list):
        text = f"[{', '.join(map(_shown, value))}]"
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
