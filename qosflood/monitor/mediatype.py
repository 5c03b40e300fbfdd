"""Content-Type as Prometheus reads it: Go's mime.ParseMediaType. Pure."""

import re

TEXT, OPENMETRICS, PROTOBUF = (
    "text/plain",
    "application/openmetrics-text",
    "application/vnd.google.protobuf",
)
READ = (TEXT, OPENMETRICS, PROTOBUF)
_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_TYPE = re.compile(rf"{_TOKEN}(?:/{_TOKEN})?")
_PARAMETER = re.compile(
    rf'\s*;\s*({_TOKEN})\s*=\s*({_TOKEN}|"(?:[^"\\\r\n]|\\[^\r\n])*")', re.ASCII
)


def media_type(content_type: str) -> str | None:
    """The media type in lower case; None if Go would not parse the header."""
    base, separator, _ = content_type.partition(";")
    media = base.strip().lower()
    if _TYPE.fullmatch(media) is None:
        return None
    return media if _parameters_parse(content_type[len(base) :] if separator else "") else None


def _parameters_parse(rest: str) -> bool:
    seen: dict[str, str] = {}
    while rest.strip():
        found = _PARAMETER.match(rest)
        if found is None:
            return rest.strip() == ";"
        name, value = found[1].lower(), found[2]
        if seen.setdefault(name, value) != value:
            return False
        rest = rest[found.end() :]
    return True
