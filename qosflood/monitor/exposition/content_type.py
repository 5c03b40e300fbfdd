"""Content-Type as Prometheus reads it: Go's mime.ParseMediaType. Pure."""

import re

from qosflood.monitor.exposition.grammar import Dialect

TEXT, OPENMETRICS, PROTOBUF = (
    "text/plain",
    "application/openmetrics-text",
    "application/vnd.google.protobuf",
)
READ = (TEXT, OPENMETRICS, PROTOBUF)
_TOKEN = r"[!#$%&'*+\-.^_`{|}~0-9A-Za-z]+"
_TYPE = re.compile(rf"{_TOKEN}(?:/{_TOKEN})?")
_ESCAPE = re.compile(r'\\([()<>@,;:\\"/\[\]?=])')
_PARAMETER = re.compile(
    rf'\s*;\s*({_TOKEN})\s*=\s*({_TOKEN}|"(?:[^"\\\r\n]|\\[^\r\n])*")', re.ASCII
)


def media_type(content_type: str, dialect: Dialect) -> str | None:
    """The media type in lower case; None if Go would not parse the header.

    The Go of 2.42 refuses a parameter that stands there twice, later ones only if it differs.
    """
    base, separator, _ = content_type.partition(";")
    media = base.strip().lower()
    if _TYPE.fullmatch(media) is None:
        return None
    rest = content_type[len(base) :] if separator else ""
    return media if _parameters_parse(rest, dialect) else None


def _parameters_parse(rest: str, dialect: Dialect) -> bool:
    seen: dict[str, str] = {}
    while rest.strip():
        found = _PARAMETER.match(rest)
        if found is None:
            return rest.strip() == ";"
        name, value = found[1].lower(), found[2]
        if value[0] == '"':
            value = _ESCAPE.sub(r"\1", value[1:-1])
        if name in seen and (dialect == "2" or seen[name] != value):
            return False
        seen[name] = value
        rest = rest[found.end() :]
    return True
