"""What looks like a secret: a name that one goes by, and words of a command that hold one. Pure."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from urllib.parse import parse_qsl

_WORDS = r"pass(?:word|wd|phrase|code)|secret|token|credentials?|cookie|bearer|api[-_]?key"
"""These give a secret away wherever they stand in a name."""
_SHORT = (
    r"pass|auth|authorization|authentication|creds?|dsn|"
    r"(?:access|account|encryption|license|master|private|session|shared|signing)[-_]?key"
)
"""These only between other words: an author is no secret."""
_NAME = rf"(?:{_WORDS}|(?<![a-z])(?:{_SHORT})(?![a-z]))"
_NAMED_SO = re.compile(rf"(?i){_NAME}")
_KEY_OF_QUERY = re.compile(r"(?i)key|sig|signature|jwt|pw|pwd")
"""These only as the whole name of a parameter."""
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
_GLUED = re.compile(r"(?<!\S)-p(?P<value>[^\s=/]{3,})")
"""A password behind its option, as mysql takes it."""
_TAKES_GLUED = re.compile(r"(?<![\w-])(?:mysql|mariadb|mycli|sshpass|mongo)\w*(?:-\w+)?(?![\w.])")
_NO_PASSWORD = re.compile(r"[0-9.:,-]+|[a-z][a-z-]*|rint0")
"""Ports, process ids, and options of other programs, such as find's `-print0`."""


def names_secret(name: str) -> bool:
    """Whether what goes by this name, of a header, an option or a variable, is taken for secret."""
    return _NAMED_SO.search(name) is not None


def secret_parameter(query: str) -> str | None:
    """The first name in a URL's query that gives its value away; None if none does."""
    for name, _ in parse_qsl(query.replace(";", "&")):
        if names_secret(name) or _KEY_OF_QUERY.fullmatch(name):
            return name
    return None


def secret_word(words: Sequence[str]) -> int | None:
    """Which word of a command holds a secret as it is, counted from 1; None if none seems to."""
    return next((number for number, found in enumerate(_all(words), start=1) if found), None)


def hide_secrets(words: Sequence[str]) -> list[str]:
    """The words of a command to show: without the value of what is named like a secret, wherever
    that says it is, and without a URL's user and password."""
    shown: list[str] = []
    hide_next = False
    takes_glued = _TAKES_GLUED.search(" ".join(words)) is not None
    for word in words:
        name, equals, _ = word.partition("=")
        named = names_secret(name)
        if hide_next:
            shown.append(_HIDDEN)
        elif equals and named:
            shown.append(f"{name}={_HIDDEN}")
        elif any(_glued(word, takes_glued)):
            shown.append(_GLUED.sub(f"-p{_HIDDEN}", word))
        else:
            shown.append(_USERINFO.sub(f"{_HIDDEN}@", word))
        hide_next = not hide_next and named and not equals and word.startswith("-")
    return shown


def hide_in_text(text: str) -> str:
    """A sentence that somebody else wrote, without the values that are named like secrets and
    without a URL's user and password."""
    for form in (_NAMED, _SCHEMED):
        text = form.sub(_without_value, text)
    return _USERINFO.sub(f"{_HIDDEN}@", text)


def _without_value(found: re.Match[str]) -> str:
    begin, end = (place - found.start() for place in found.span("value"))
    return f"{found[0][:begin]}{_HIDDEN}{found[0][end:]}"


def _all(words: Sequence[str]) -> Iterator[bool]:
    whole = " ".join(words)
    takes_glued = _TAKES_GLUED.search(whole) is not None
    for before, word in pairwise(("", *words)):
        yield not word.startswith(_ELSEWHERE[2:4]) and (
            _inside(word) or _behind(before, word) or any(_glued(word, takes_glued))
        )


def _glued(word: str, takes_glued: bool) -> Iterator[re.Match[str]]:
    """Where `-pSECRET` stands in a word: whatever is behind `-p` of a program that takes a
    password so, of any other what is no port and no option's name."""
    for found in _GLUED.finditer(word):
        value = found["value"]
        if _literal(value) and (takes_glued or not _NO_PASSWORD.fullmatch(value)):
            yield found


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
