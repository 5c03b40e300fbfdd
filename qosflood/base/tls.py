"""The TLS context of a target: whom it trusts, and the certificate it shows."""

import ssl
from typing import Protocol

from qosflood.base.client_certificate import load_certificate
from qosflood.base.errors import PreflightError

CERTIFICATE_REFUSED = "TLS: no certificate of ours that the target accepts"
_WANTS_ONE = "show one with --cert FILE, and --key FILE if its key is in another"
_FIXES = {
    CERTIFICATE_REFUSED: _WANTS_ONE,
    "TLS: TLSV13_ALERT_CERTIFICATE_REQUIRED": f"the target wants a certificate: {_WANTS_ONE}",
    "TLS: SSLV3_ALERT_HANDSHAKE_FAILURE": "the target may want a certificate: "
    f"{_WANTS_ONE}; or it shares no TLS version or cipher with us",
    "TLS: TLSV1_ALERT_UNKNOWN_CA": "the target does not know who signed --cert; use one that "
    "its CA signed, with the certificates between them in the same file",
    "TLS: SSLV3_ALERT_BAD_CERTIFICATE": "the target refuses --cert; use one that its CA signed",
    "TLS: SSLV3_ALERT_CERTIFICATE_EXPIRED": "the time of --cert is over; use one that is valid",
}
"""What to do about a failure that is about the client's certificate."""


class TlsFiles(Protocol):
    """Whom to trust and what to show: paths of PEM files, and where the key's password is read."""

    @property
    def cacert(self) -> str | None:
        """Those who may have signed the server's certificate; None: the system's."""

    @property
    def insecure(self) -> bool:
        """Whether any certificate of the server will do."""

    @property
    def cert(self) -> str | None:
        """The client's own certificate."""

    @property
    def key(self) -> str | None:
        """Its private key, where that is in another file."""

    @property
    def key_password(self) -> str | None:
        """`env:VAR` or `file:PATH`."""


def tls_context(files: TlsFiles) -> ssl.SSLContext:
    """The context for whatever is behind TLS; raises PreflightError."""
    try:
        context = ssl.create_default_context(cafile=files.cacert)
    except OSError as error:  # SSLError is one: a file that is no certificate
        raise PreflightError(
            f"--cacert {files.cacert}: cannot be used ({error.strerror or error}), "
            "expected a file of PEM certificates"
        ) from None
    if files.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    if files.cert is not None:
        load_certificate(context, files.cert, files.key, files.key_password)
    return context


def handshake_failure(error: ssl.SSLError) -> str:
    """Why a handshake failed, in words that are the same for the same cause."""
    # Errors that Python code raised lack what OpenSSL's own carry.
    if isinstance(error, ssl.SSLCertVerificationError):
        words = getattr(error, "verify_message", None) or str(error)
        return f"certificate: {words.rstrip('.')}"
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return "TLS: closed by the peer in the handshake"
    return f"TLS: {getattr(error, 'reason', None) or error}"[:120]


def certificate_fix(failure: str) -> str | None:
    """What to do about a failed handshake, if it is about the client's certificate."""
    return _FIXES.get(failure)
