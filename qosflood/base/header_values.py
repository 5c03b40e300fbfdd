"""Header values from the environment or a file: read when a request needs them, never printed."""

import os
import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from qosflood.base.endpoint import HeaderRef
from qosflood.base.errors import PreflightError
from qosflood.base.secrets import hide_secrets

_FIX = "expected env:VARIABLE or file:PATH"
_SHORTEST = 4
"""A credential with fewer characters could be any word."""
_PIECE = 8
"""Characters from a credential's start on that are hidden even where the rest was cut off."""


def resolve_headers(refs: Iterable[HeaderRef]) -> dict[str, str]:
    """Each header's name and value; raises PreflightError naming the source, never a value."""
    return {ref.name: resolve_source(f"header {ref.name}", ref.source) for ref in refs}


def resolve_source(label: str, source: str) -> str:
    """The secret at `env:VAR` or `file:PATH`; raises PreflightError that begins with `label` and
    names the source, never the value."""
    kind, _, where = source.partition(":")
    if kind not in ("env", "file") or not where:
        # The source is not shown: it may be a secret typed where its place was expected.
        raise PreflightError(f"{label}: got something else, {_FIX}")
    value = _from_environment(label, where) if kind == "env" else _from_file(label, where)
    if not value:
        raise PreflightError(f"{label}: {source} is empty, expected a value")
    if not (value.isascii() and value.isprintable()):
        raise PreflightError(
            f"{label}: {source} holds a character that no header may carry, "
            "expected one line of printable ASCII"
        )
    return value


def redact(text: str, headers: dict[str, str]) -> str:
    """`text` with every header value in it shown as `***`.

    A peer may echo the credential without its scheme (`Bearer`), as JSON or as a URL spells it,
    or cut it short.
    """
    longest_first = sorted(headers.values(), key=len, reverse=True)
    for value in longest_first:
        text = text.replace(value, "***")
    credentials = {part for value in longest_first for part in _credentials(value)}
    for credential in sorted(credentials, key=len, reverse=True):
        if len(credential) >= _PIECE:
            text = _without(text, credential)
        elif len(credential) >= _SHORTEST:
            text = _alone(credential).sub("***", text)
    return text


def command_line(words: Sequence[str], headers: dict[str, str]) -> str:
    """A process's command line to show on a terminal: without our own secrets, and without what
    looks like one of its own."""
    return redact(" ".join(hide_secrets(words)), headers)


def _credentials(value: str) -> Iterator[str]:
    """What of a header's value is secret by itself; Basic also hides a user and a password, which
    a peer may echo decoded."""
    scheme, _, credential = value.rpartition(" ")
    yield credential
    if scheme.strip().lower() == "basic":
        with suppress(ValueError):
            pair = b64decode(credential, validate=True).decode()
            yield pair
            yield pair.partition(":")[2]


def _alone(credential: str) -> re.Pattern[str]:
    """A short credential, where it is no part of a longer word."""
    return re.compile(rf"(?<!\w){''.join(map(_spellings, credential))}(?!\w)")


def _without(text: str, secret: str) -> str:
    beginning = re.compile("".join(map(_spellings, secret[:_PIECE])), re.IGNORECASE)
    rest = [re.compile(_spellings(char), re.IGNORECASE) for char in secret[_PIECE:]]
    shown, end = "", 0
    while found := beginning.search(text, end):
        shown += text[end : found.start()] + "***"
        end = found.end()
        for char in rest:
            if not (found := char.match(text, end)):
                break
            end = found.end()
    return shown + text[end:]


def _spellings(char: str) -> str:
    code = ord(char)
    return rf"(?:\\?{re.escape(char)}|%{code:02x}|\\u{code:04x})"


def _from_environment(label: str, variable: str) -> str:
    value = os.environ.get(variable)
    if value is None:
        raise PreflightError(f"{label}: environment variable {variable} is not set")
    return value.strip()


def _from_file(label: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        raise PreflightError(
            f"{label}: file {path} is not text, expected one line of printable ASCII"
        ) from None
    except OSError as error:
        raise PreflightError(f"{label}: file {path} cannot be read: {error.strerror}") from None
