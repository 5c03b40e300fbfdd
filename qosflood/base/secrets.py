"""Words of a command that give a secret away. Pure."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

_NAME = (
    r"(?:pass(?:word|wd|phrase|code)?|secret|token|(?:api|access|private)[-_]?key|auth|"
    r"authorization|credentials?|cookie|dsn)"
)
_SCHEMES = r"bearer|basic|digest|token|apikey"
_QUOTES = r"[\"']?"
_NAMED = re.compile(
    rf"(?i)(?:^|[^a-z0-9]|pg){_NAME}\s*[=:]\s*{_QUOTES}(?:(?:{_SCHEMES})\s+)?{_QUOTES}(?P<value>\S+)"
)
_SCHEMED = re.compile(rf"(?i)\b(?:bearer|basic)\s+{_QUOTES}(?P<value>\S+)")
_IN_URL = re.compile(r"//[^/@\s:]*:(?P<value>[^/@\s]+)@")
_OPTION = re.compile(rf"(?i)--?(?:[a-z0-9]+[-_])*{_NAME}")
_USER_OPTIONS = ("-u", "--user", "-U", "--proxy-user")
_USER = re.compile(r"[^:]*:(?P<value>.+)")
_IDS = re.compile(r"[0-9]+:[0-9]+")
"""A user and a group, as `docker exec -u` takes them."""
_ELSEWHERE = ("$", "`", "env:", "file:", "/", "./", "../", "~", "@", "-")
"""How what merely says where a secret is begins; `$` is for a shell that the command starts."""


def secret_word(words: Sequence[str]) -> int | None:
    """Which word of a command holds a secret as it is, counted from 1; None if none seems to."""
    return next((number for number, found in enumerate(_all(words), start=1) if found), None)


def _all(words: Sequence[str]) -> Iterator[bool]:
    for before, word in pairwise(("", *words)):
        yield not word.startswith(_ELSEWHERE[2:4]) and (_inside(word) or _behind(before, word))


def _inside(word: str) -> bool:
    found = (match for form in (_NAMED, _SCHEMED, _IN_URL) for match in form.finditer(word))
    return any(_literal(match["value"]) for match in found)


def _behind(option: str, word: str) -> bool:
    """Whether it is the value of an option that takes a secret."""
    if option in _USER_OPTIONS:
        user = None if _IDS.fullmatch(word) else _USER.fullmatch(word)
        return user is not None and _literal(user["value"])
    return _OPTION.fullmatch(option) is not None and _literal(word)


def _literal(value: str) -> bool:
    return not value.startswith(_ELSEWHERE)
