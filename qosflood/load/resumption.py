"""TLS session resumption: a client that comes back goes on with the session of its last connection.

aiofastnet drives OpenSSL without the ssl module's objects, so a session can be neither given to it
nor asked from it. OpenSSL itself tells of each connection that is made and freed, by the functions
of an ex_data index (CRYPTO_get_ex_new_index(3)); there a session is put in and taken out. No
session is kept while its client is connected, and nothing is called for a report.
"""

import _ssl
import ctypes
import functools
import ssl
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

_EX_INDEX_SSL = 0
_SENT_AND_RECEIVED_SHUTDOWN = 3
_FREES_SESSIONS_FIRST = (3, 2)
"""From this version on a connection that is told to be freed holds a session that already is: to
take it out would be to use freed memory."""


class Resumes(Protocol):
    """Whose connections are resumed: `session` tells one user from the next."""

    @property
    def session(self) -> int:
        """The number of the session that plays here."""


class _Owner(NamedTuple):
    kept: "Resumption"
    client: Resumes
    session: int


class Resumption:
    """The last TLS session of each client that is not connected; another user begins afresh.

    Without `keep` none is kept. `young` are the connections whose handshake is not long over.
    """

    def __init__(self, *, keep: bool) -> None:
        self._hooks = _hooks()
        self.keep = keep and can_resume()
        self._kept: dict[Resumes, tuple[int, int]] = {}
        self.young: dict[Resumes, int] = {}

    def begin(self, client: Resumes) -> None:
        """The next connection that OpenSSL makes is this client's."""
        if self._hooks is not None:
            self._hooks.coming = _Owner(self, client, client.session)

    def take(self, client: Resumes, session: int) -> int | None:
        """The pointer of the SSL_SESSION to go on with, which the caller frees."""
        whose, pointer = self._kept.pop(client, (session, None))
        if whose == session or pointer is None:
            return pointer
        _free(pointer)
        return None

    def put(self, client: Resumes, session: int, pointer: int) -> None:
        """Keep the session of a connection that ended; the pointer's reference is ours now."""
        _, former = self._kept.pop(client, (0, None))
        if former is not None:
            _free(former)
        if _openssl().SSL_SESSION_is_resumable(pointer):
            self._kept[client] = (session, pointer)
        else:
            _free(pointer)

    def slim(self, client: Resumes, *, last: bool) -> None:
        """Give back the 17 KB that the handshake was read into: idle connections need none, and
        OpenSSL itself does so only after the first response. `last`: it is young no more."""
        connection = self.young.pop(client, None) if last else self.young.get(client)
        if connection is not None:
            _openssl().SSL_free_buffers(connection)


def can_resume() -> bool:
    """Whether this Python's OpenSSL can be reached, and gives its sessions out; one linked
    statically cannot be, and one from 3.2 on does not."""
    return ssl.OPENSSL_VERSION_INFO < _FREES_SESSIONS_FIRST and _openssl() is not None


class _Hooks:
    """What OpenSSL calls for every connection of this process."""

    def __init__(self, library: Any) -> None:
        self._library = library
        self._owners: dict[int, _Owner] = {}
        self.coming: _Owner | None = None

    def made(self, connection: int) -> None:
        """A connection was made; it has not begun its handshake."""
        owner, self.coming = self.coming, None
        if owner is None:
            return
        self._owners[connection] = owner
        owner.kept.young[owner.client] = connection
        session = owner.kept.take(owner.client, owner.session)
        if session is not None:
            self._library.SSL_set_session(connection, session)
            self._library.SSL_SESSION_free(session)

    def freed(self, connection: int) -> None:
        """A connection is about to be freed."""
        owner = self._owners.pop(connection, None)
        if owner is None:
            return
        if owner.kept.young.get(owner.client) == connection:
            del owner.kept.young[owner.client]
        if not owner.kept.keep:
            return
        # OpenSSL would spoil the session of a connection that ends without a shutdown; since
        # TLS 1.1 such an end forbids no resumption (RFC 4346, 7.2.1).
        self._library.SSL_set_shutdown(connection, _SENT_AND_RECEIVED_SHUTDOWN)
        session = self._library.SSL_get1_session(connection)
        if session:
            owner.kept.put(owner.client, owner.session, session)


_POINTER = ctypes.c_void_p
_Called = ctypes.CFUNCTYPE(
    None, _POINTER, _POINTER, _POINTER, ctypes.c_int, ctypes.c_long, _POINTER
)
_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "SSL_set_session": (ctypes.c_int, (_POINTER, _POINTER)),
    "SSL_get1_session": (_POINTER, (_POINTER,)),
    "SSL_free_buffers": (ctypes.c_int, (_POINTER,)),
    "SSL_set_shutdown": (None, (_POINTER, ctypes.c_int)),
    "SSL_SESSION_is_resumable": (ctypes.c_int, (_POINTER,)),
    "SSL_SESSION_free": (None, (_POINTER,)),
    "CRYPTO_get_ex_new_index": (
        ctypes.c_int,
        (ctypes.c_int, ctypes.c_long, _POINTER, _Called, _POINTER, _Called),
    ),
}


@functools.cache
def _hooks() -> _Hooks | None:
    """The process's hooks; None if OpenSSL's functions are out of reach."""
    library = _openssl()
    if library is None:
        return None
    hooks = _Hooks(library)
    made, freed = _called(hooks.made), _called(hooks.freed)
    if library.CRYPTO_get_ex_new_index(_EX_INDEX_SSL, 0, None, made, None, freed) < 0:
        return None
    # OpenSSL calls them as long as the process lives.
    for callback in (made, freed):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(callback))
    return hooks


def _called(tell: Callable[[int], None]) -> Any:
    return _Called(lambda connection, *_: tell(connection))


@functools.cache
def _openssl() -> Any:
    """The OpenSSL that the ssl module uses, found through that module's own file."""
    where = getattr(_ssl, "__file__", None)
    if where is None:
        return None
    try:
        library = ctypes.CDLL(where)
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError):
        return None
    return library


def _free(session: int) -> None:
    _openssl().SSL_SESSION_free(session)
