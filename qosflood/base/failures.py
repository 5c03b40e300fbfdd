"""Why a connection or an exchange failed, in words that are the same for the same cause. Pure.

Load, monitor and preflight share these words: they are counted, compared and searched for.
"""

import errno
import ssl

from qosflood.base.units import format_duration

RESET = "reset by the peer"
CLOSED = "closed by the peer before an answer"
CUT_SHORT = "cut short"
HOST_NOT_FOUND = "host not found"
CONNECT_TIMED_OUT = "connect timed out"
CONNECT_RESET = "connection reset while connecting"
CERTIFICATE_REFUSED = "TLS: no certificate of ours that the target accepts"

_CONNECT = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: CONNECT_RESET,
    errno.EHOSTUNREACH: "no route to host",
    errno.ENETUNREACH: "network unreachable",
    errno.EMFILE: "generator: too many open files",
    errno.ENFILE: "generator: too many open files on this machine",
    errno.EADDRNOTAVAIL: "generator: no free local port",
}
_RESETS = (errno.ECONNRESET, errno.EPIPE)
_MOST = 120

_WANTS_ONE = "show one with --cert FILE, and --key FILE if its key is in another"
_REFUSES = "the target refuses --cert; use one that its CA signed, and see whether it has expired"
_FIXES = {
    CERTIFICATE_REFUSED: f"{_WANTS_ONE}; one that is shown may have expired",
    "TLS: TLSV13_ALERT_CERTIFICATE_REQUIRED": f"the target wants a certificate: {_WANTS_ONE}",
    "TLS: SSLV3_ALERT_HANDSHAKE_FAILURE": "the target may want a certificate: "
    f"{_WANTS_ONE}; or it shares no TLS version or cipher with us",
    "TLS: TLSV1_ALERT_UNKNOWN_CA": "the target does not know who signed --cert; use one that "
    "its CA signed, with the certificates between them in the same file",
    "TLS: SSLV3_ALERT_BAD_CERTIFICATE": _REFUSES,
    "TLS: SSLV3_ALERT_CERTIFICATE_UNKNOWN": _REFUSES,
    "TLS: SSLV3_ALERT_CERTIFICATE_EXPIRED": "--cert has expired; use one that is valid",
}
"""What to do about a failure that is about the client's certificate."""


def connect_failure(error: OSError) -> str:
    """Why a connect or its handshake failed."""
    if isinstance(error, ssl.SSLError):
        return handshake_failure(error)
    if isinstance(error, TimeoutError):
        return CONNECT_TIMED_OUT
    return _CONNECT.get(error.errno or 0) or _other(error, error.strerror)


def lost_connection(error: Exception | None) -> str:
    """Why a connection ended while an answer was waited for; None: the peer closed it."""
    if error is None:
        return CLOSED
    if isinstance(error, OSError) and error.errno in _RESETS:
        return RESET
    return RESET if isinstance(error, ConnectionResetError) else _other(error)


def handshake_failure(error: ssl.SSLError) -> str:
    """Why a TLS handshake failed."""
    # Errors that Python code raised lack what OpenSSL's own carry.
    if isinstance(error, ssl.SSLCertVerificationError):
        words = getattr(error, "verify_message", None) or str(error)
        return f"certificate: {words.rstrip('.')}"
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return "TLS: closed by the peer in the handshake"
    return f"TLS: {getattr(error, 'reason', None) or error}"[:_MOST]


def no_answer(timeout_ns: int) -> str:
    """What a timeout is called; `timeout_ns` is for the whole exchange."""
    return f"no answer within {format_duration(timeout_ns)}"


def certificate_fix(failure: str) -> str | None:
    """What to do about a failed handshake, if it is about the client's certificate."""
    return _FIXES.get(failure)


def _other(error: Exception, words: str | None = None) -> str:
    return f"{type(error).__name__}: {words or error}"[:_MOST]
