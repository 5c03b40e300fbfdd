"""Addresses and request headers as a user writes them. Pure.

Nothing here repeats a text that may hold a secret: not a URL with a user or a query in it, not a
header's value.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from qosflood.base.errors import PlanError
from qosflood.base.secrets import secret_parameter


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderRef:
    """A request header whose value is read from `env:VAR` or `file:PATH` when it is needed."""

    name: str
    source: str


_DEFAULT_PORTS: dict[str, int] = {"http": 80, "https": 443}
_EXAMPLE = "e.g. http://127.0.0.1:3000"
_PRINTABLE = re.compile(r"[!-~]+")
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?")
_LONGEST_HOST, _LONGEST_LABEL = 253, 63
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]{1,8}|0[0-7]{0,11}|[1-9][0-9]{0,9}")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SOURCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:.*\S.*")
OWN_HEADERS = frozenset(
    (
        "connection",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    )
)
"""Headers that say how a request is framed or who sends it; qosflood alone sets them."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A parsed URL; `query` is without its question mark."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    path: str = ""
    query: str = ""

    @property
    def origin(self) -> str:
        """Scheme, host and port; a default port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @property
    def base(self) -> str:
        """The URL that paths are appended to: without a trailing slash and without the query."""
        return f"{self.origin}{self.base_path}"

    @property
    def base_path(self) -> str:
        """The path without a trailing slash."""
        return self.path.rstrip("/")

    @property
    def url(self) -> str:
        """The whole URL in its normal form."""
        return f"{self.origin}{self.path}" + (f"?{self.query}" if self.query else "")


def parse_endpoint(text: str, *, allow_query: bool = False) -> Endpoint:
    """The parts of `http[s]://host[:port][/path]`; raises PlanError with one line."""
    scheme, separator, _ = text.partition("://")
    if "@" in text.partition("?")[0]:
        raise PlanError(
            "got a URL with a user name or password in it, expected none: "
            "give it with --header 'Authorization=env:VAR'"
        )
    if "#" in text or ("?" in text and not allow_query):
        raise PlanError(f"got a URL with a query or fragment, expected none, {_EXAMPLE}")
    if not separator or scheme.lower() not in _DEFAULT_PORTS or not _PRINTABLE.fullmatch(text):
        raise _bad(text, "a URL that starts with http:// or https://")
    return _endpoint(_split(text))


def parse_page(text: str) -> Endpoint:
    """The parts of a URL with a query, in which no secret may stand: it is written to run.json,
    and shown; raises PlanError with one line."""
    endpoint = parse_endpoint(text, allow_query=True)
    check_query(endpoint.query)
    return endpoint


def check_query(query: str) -> None:
    """Raise PlanError for a query with what is a secret by its name; its value is not shown."""
    name = secret_parameter(query)
    if name is not None:
        raise PlanError(
            f"got a query with a secret by its name, {name}, expected none: a query is written to "
            "run.json; send it as a header, read from env:VAR or file:PATH"
        )


def _split(text: str) -> SplitResult:
    try:
        split = urlsplit(text)
        port = split.port
    except ValueError:
        raise _bad(text, "a URL with a host and a port from 1 to 65535") from None
    if "%" in (split.hostname or ""):
        raise PlanError(
            "got an IPv6 address with a zone, expected one without: a link-local address cannot "
            "be flooded; name a global or unique local one"
        )
    if port == 0 or not _is_host(split.hostname or ""):
        raise _bad(text, "a URL with a host and a port from 1 to 65535")
    return split


def _endpoint(split: SplitResult) -> Endpoint:
    scheme: Literal["http", "https"] = "https" if split.scheme == "https" else "http"
    port = split.port or _DEFAULT_PORTS[scheme]
    return Endpoint(scheme, _dotted(split.hostname or ""), port, split.path, split.query)


def _is_host(host: str) -> bool:
    if is_address(host):
        return True
    labels = host.removesuffix(".").split(".")
    return (
        _HOST.fullmatch(host) is not None
        and len(host) <= _LONGEST_HOST
        and all(0 < len(label) <= _LONGEST_LABEL for label in labels)
    )


def _dotted(host: str) -> str:
    """An IPv4 address in one of its older spellings (`127.1`, `0x7f000001`, octal parts) as four
    numbers, any other host as it is: resolvers do not agree on those spellings."""
    if is_address(host):
        return host
    parts = host.split(".")
    if len(parts) > 4 or not all(map(_NUMBER.fullmatch, parts)):
        return host
    *first, last = (_number(part) for part in parts)
    if any(number > 255 for number in first) or last >= 256 ** (4 - len(first)):
        return host
    high = sum(number << 8 * (3 - index) for index, number in enumerate(first))
    return str(ipaddress.IPv4Address(high + last))


def _number(part: str) -> int:
    if part[:2].lower() == "0x":
        return int(part[2:], 16)
    return int(part, 8 if part.startswith("0") else 10)


def is_address(host: str) -> bool:
    """Whether it is an IPv4 or IPv6 address and not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def same_origin(url: str, other: str) -> bool:
    """Whether two URLs have one scheme, host and port; False where one cannot be read: a secret
    goes nowhere by mistake."""
    origin = _origin_of(url)
    return origin is not None and origin == _origin_of(other)


def _origin_of(url: str) -> tuple[str, str, int] | None:
    # Readers of URLs do not agree on what follows a backslash or an `@`.
    if not _PRINTABLE.fullmatch(url) or set(url) & set("\\@"):
        return None
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError:
        return None
    if split.scheme not in _DEFAULT_PORTS or not split.hostname:
        return None
    return split.scheme, split.hostname, _DEFAULT_PORTS[split.scheme] if port is None else port


def is_loopback(address: str) -> bool:
    """Whether an IP address never leaves this machine; False for a name."""
    if not is_address(address):
        return False
    ip = ipaddress.ip_address(address)
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback


def check_allow(text: str) -> str:
    """A `HOST[:PORT]` that consents to a target, in lower case; raises PlanError."""
    host, port = split_allow(text)
    wrong_port = port is not None and not 0 < port < 65536
    if wrong_port or not _is_host(host):
        raise PlanError(f'got "{text}", expected HOST or HOST:PORT, e.g. qos.example.com:443')
    return text.strip().lower()


def split_allow(text: str) -> tuple[str, int | None]:
    """Host and port of `host`, `host:port`, `::1`, `[::1]` or `[::1]:port`; 0 for a bad port."""
    text = text.strip().lower()
    if is_address(text):
        return text, None
    bracketed = re.fullmatch(r"\[(.*)\](?::(.*))?", text)
    host, port = bracketed.groups() if bracketed else (text.partition(":")[::2])
    host = _dotted(host)
    if not port:
        return host, None if bracketed or ":" not in text else 0
    return host, int(port) if port.isascii() and port.isdigit() else 0


def is_allowed(host: str, port: int, allow: Iterable[str]) -> bool:
    """Whether one of `allow` names this host, and this port where it names one."""
    wanted = (split_allow(text) for text in allow)
    return any(name == host.lower() and number in (None, port) for name, number in wanted)


def check_header_name(name: str) -> str:
    """A request header's name; raises PlanError for one that is malformed or qosflood's own."""
    if not _TOKEN.fullmatch(name):
        raise PlanError("got a malformed header name, expected one such as Authorization")
    if name.lower() in OWN_HEADERS:
        raise PlanError(f"got the header {name}, expected another: qosflood sets that one itself")
    return name


def check_header_source(source: str) -> str:
    """Where a header's value is read; raises PlanError for a literal value."""
    if not _SOURCE.fullmatch(source):
        raise PlanError(
            "got a literal value, expected env:VAR or file:PATH, so that no secret "
            "is written down, e.g. env:QOSFLOOD_TOKEN"
        )
    return source


def parse_header(text: str) -> HeaderRef:
    """A HeaderRef from `NAME=env:VAR` or `NAME=file:PATH`; raises PlanError with one line."""
    name, separator, source = text.partition("=")
    if not separator:
        raise PlanError(
            "got no NAME=, expected NAME=env:VAR or NAME=file:PATH, "
            "e.g. Authorization=env:QOSFLOOD_TOKEN"
        )
    return HeaderRef(name=check_header_name(name.strip()), source=check_header_source(source))


def _bad(text: str, expected: str) -> PlanError:
    shown = text.partition("?")[0]
    return PlanError(f'got "{shown}", expected {expected}, {_EXAMPLE}')
