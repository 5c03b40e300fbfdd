"""What looks like a secret: a name that one goes by, and words of a command that hold one. Pure."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

_WORDS = r"pass(?:word|wd|phrase|code)|secret|token|credentials?|cookie|bearer|api[-_]?key"
"""These give a secret away wherever they stand in a name."""
_SHORT = (
    r"pass|auth|authorization|authentication|creds?|dsn|"
    r"(?:access|account|encryption|license|master|private|session|shared|signing)[-_]?key"
)
"""These only between other words: an author is no secret."""
_NAME = rf"(?:{_WORDS}|(?<![a-z])(?:{_SHORT})(?![a-z]))"
_NAMED_SO = re.compile(rf"(?i){_NAME}")
_SCHEMES = r"bearer|basic|digest|token|apikey"
_QUOTES = r"[\"']?"
_NAMED = re.compile(rf"(?i){_NAME}\s*[=:]\s*{_QUOTES}(?:(?:{_SCHEMES})\s+)?{_QUOTES}(?P<value>\S+)")
_SCHEMED = re.compile(rf"(?i)\b(?:bearer|basic)\s+{_QUOTES}(?P<value>\S+)")
_USERINFO = re.compile(r"(?<=//)[^/@\s:]*(?::(?P<value>[^/@\s]*))?@")
_OPTION = re.compile(rf"(?i)-[\w-]*{_NAME}")
_USER_OPTIONS = ("-u", "--user", "-U", "--proxy-user")
_USER = re.compile(r"[^:]*:(?P<value>.+)")
_IDS = re.compile(r"[0-9]+:[0-9]+")
"""A user and a group, as `docker exec -u` takes them."""
_ELSEWHERE = ("$", "`", "env:", "file:", "/", "./", "../", "~", "@", "-")
"""How what merely says where a secret is begins; `$` is for a shell that the command starts."""
_HIDDEN = "***"


def names_secret(name: str) -> bool:
    """Whether what goes by this name, of a header, an option or a variable, is taken for secret."""
    return _NAMED_SO.search(name) is not None


def secret_word(words: Sequence[str]) -> int | None:
    """Which word of a command holds a secret as it is, counted from 1; None if none seems to."""
    return next((number for number, found in enumerate(_all(words), start=1) if found), None)


def hide_secrets(words: Sequence[str]) -> list[str]:
    """The words of a command to show: without the value of what is named like a secret, wherever
    that says it is, and without a URL's user and password."""
    shown: list[str] = []
    hide_next = False
    for word in words:
        name, equals, _ = word.partition("=")
        named = names_secret(name)
        if hide_next:
            shown.append(_HIDDEN)
        elif equals and named:
            shown.append(f"{name}={_HIDDEN}")
        else:
            shown.append(_USERINFO.sub(f"{_HIDDEN}@", word))
        hide_next = not hide_next and named and not equals and word.startswith("-")
    return shown


def _all(words: Sequence[str]) -> Iterator[bool]:
    for before, word in pairwise(("", *words)):
        yield not word.startswith(_ELSEWHERE[2:4]) and (_inside(word) or _behind(before, word))


def _inside(word: str) -> bool:
    found = (match for form in (_NAMED, _SCHEMED, _USERINFO) for match in form.finditer(word))
    return any(_literal(match["value"]) for match in found if match["value"])


def _behind(option: str, word: str) -> bool:
    """Whether it is the value of an option that takes a secret."""
    if option in _USER_OPTIONS:
        user = None if _IDS.fullmatch(word) else _USER.fullmatch(word)
        return user is not None and _literal(user["value"])
    return _OPTION.fullmatch(option) is not None and _literal(word)


def _literal(value: str) -> bool:
    return not value.startswith(_ELSEWHERE)
