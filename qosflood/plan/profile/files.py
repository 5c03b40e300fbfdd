"""Profiles from files: the shipped ones by name, others by path, with `--set` on top."""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from qosflood.base.errors import ProfileError
from qosflood.base.text import nearest
from qosflood.plan.profile.assignments import Assignment, apply_set, parse_sets
from qosflood.plan.profile.fields import Section
from qosflood.plan.profile.model import LoadedProfile, Profile
from qosflood.plan.profile.shipped import list_profiles
from qosflood.plan.profile.validation import KeyPath, problem_lines, spell_path

SHIPPED = "shipped default"
_POSITION = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")


def load_profile(name_or_path: str, sets: Sequence[str] = ()) -> LoadedProfile:
    """The profile of that name or file with `sets` applied; raises ProfileError with all errors."""
    shipped = list_profiles()
    path = shipped.get(name_or_path) or _find(name_or_path, list(shipped))
    document = _read(path, name_or_path)
    origin = f"profile {path.stem if name_or_path in shipped else path.name}"
    sources = dict.fromkeys(_written(document), origin)
    assignments = parse_sets(sets)
    apply_set(document, assignments)
    sources |= {spell_path(one.path): "option --set" for one in assignments}
    return LoadedProfile(
        name=path.stem,
        profile=_validate(document, name_or_path, assignments),
        shipped=name_or_path in shipped,
        sources={name: _source(name, sources) for name in key_paths()},
    )


def key_paths() -> list[str]:
    """Every key path of a profile, in the order of the model."""
    return [
        f"{name}.{inner}" if inner else name
        for name, field in Profile.model_fields.items()
        for inner in _inner_keys(field.annotation)
    ]


def _inner_keys(kind: Any) -> list[str]:
    if isinstance(kind, type) and issubclass(kind, Section):
        return list(kind.model_fields)
    return [""]


def _find(name_or_path: str, shipped: list[str]) -> Path:
    path = Path(name_or_path)
    if path.exists() and not path.is_dir():  # a pipe is one too: <(generate-a-profile)
        return path
    known = ", ".join(shipped)
    if "/" in name_or_path or path.suffix == ".toml":
        problem = "a directory" if path.is_dir() else "no such file"
        wanted = f"{problem}, expected a TOML file or a shipped profile: {known}"
    else:
        wanted = f"no such profile, expected a path or one of {known}"
    raise ProfileError([f"profile {name_or_path}: {wanted}{nearest(path.stem, shipped)}"])


def _read(path: Path, shown: str) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        problem = "got bytes that are not UTF-8, expected a TOML file"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    else:
        try:
            return tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            problem = _syntax(str(error), text)
    raise ProfileError([f"profile {shown}: {problem}"])


def _syntax(message: str, text: str) -> str:
    match = _POSITION.search(message)
    what = message[: match.start()] if match else message
    return f"{_where(match, text)}not valid TOML: {what[:1].lower()}{what[1:]}"


def _where(match: re.Match[str] | None, text: str) -> str:
    if match is None:
        return ""
    line, column = match["line"], match["column"]
    return f"line {line}, column {column}: " if line else f"line {len(text.splitlines())}: "


def _validate(document: dict[str, Any], shown: str, assignments: list[Assignment]) -> Profile:
    def origin(path: KeyPath) -> str:
        for one in reversed(assignments):
            shared = min(len(one.path), len(path))
            if shared and one.path[:shared] == path[:shared]:
                return f"{one.shown}{_inside(path[shared:])}"
        return f"profile {shown}: {spell_path(path)}"

    try:
        return Profile.model_validate(document)
    except ValidationError as error:
        raise ProfileError(problem_lines(error, origin)) from None


def _inside(path: KeyPath) -> str:
    """Where in an assigned value something is, if keys lead there."""
    return f": {spell_path(path)}" if any(isinstance(part, str) for part in path) else ""


def _written(document: dict[str, Any]) -> list[str]:
    """The key paths that a document sets, no deeper than a section's keys."""
    return [
        spell_path((name, inner) if inner else (name,))
        for name, value in document.items()
        for inner in (value if isinstance(value, dict) else [""])
    ]


def _source(name: str, sources: dict[str, str]) -> str:
    """The last writer of a key, of a key below it, or of the table above it."""
    related = [
        source
        for path, source in sources.items()
        if f"{path}.".startswith(f"{name}.") or f"{name}.".startswith(f"{path}.")
    ]
    return related[-1] if related else SHIPPED
