"""Addresses to listen on, as a user writes them, and sockets bound to them."""

import socket
from dataclasses import dataclass

from qosflood.base.endpoint import is_address, is_loopback, split_allow
from qosflood.base.errors import PlanError, StartError

LOOPBACK = "127.0.0.1"
_BACKLOG = 64


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; port 0 takes a free one."""

    host: str = LOOPBACK
    port: int = 0

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host == "localhost" or is_loopback(self.host)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_address(text: str) -> Address:
    """`HOST:PORT`, `HOST` (a free port) or `:PORT` (loopback); raises PlanError with one line."""
    host, port = split_allow(text)
    named = port if port is not None else 0
    wrong = (port == 0 and not text.endswith(":0")) or named > 65535
    bare = text.isascii() and text.isdigit()
    if wrong or bare or any(char.isspace() or char in "/@?#" for char in host):
        raise PlanError(f'got "{text}", expected HOST:PORT, e.g. 127.0.0.1:8080')
    return Address(host or LOOPBACK, named)


def parse_port(text: str) -> Address:
    """`PORT` of loopback or `HOST:PORT`, 0 for a free one; raises PlanError with one line."""
    bare = text.isascii() and text.isdigit()
    try:
        if bare or text.rpartition(":")[2].isdigit():
            return parse_address(f":{text}" if bare else text)
    except PlanError:
        pass
    raise PlanError(f'got "{text}", expected [HOST:]PORT, e.g. 9464, or 0 for a free port')


def listen(address: Address, option: str) -> socket.socket:
    """A socket that listens on `address`, so that a browser or a scraper may connect from now on;
    raises StartError, which names the `option` that asked for it."""
    try:
        family, kind, proto, _, where = socket.getaddrinfo(
            address.host,
            address.port,
            family=0 if is_address(address.host) else socket.AF_INET,
            type=socket.SOCK_STREAM,
            flags=socket.AI_PASSIVE,
        )[0]
        made = socket.socket(family, kind, proto)
    except (OSError, UnicodeError) as error:  # of a name that no resolver takes
        raise _refused(address, option, error) from None
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(where)
        made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        raise _refused(address, option, error) from None
    made.setblocking(False)
    return made


def _refused(address: Address, option: str, error: OSError | UnicodeError) -> StartError:
    why = (isinstance(error, OSError) and error.strerror) or error
    return StartError(
        f"{option}: cannot listen on {address} ({why}), expected a free port "
        f"of this machine; without one a free port is chosen, e.g. {option} {address.host}"
    )
