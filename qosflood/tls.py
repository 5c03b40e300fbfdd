"""The TLS context of a target: whom it trusts, and the certificate it shows."""

import ssl

from qosflood.certificate import load_certificate
from qosflood.errors import PreflightError
from qosflood.plan import Target


def tls_context(target: Target) -> ssl.SSLContext:
    """The context for whatever of the target is behind TLS; raises PreflightError."""
    try:
        context = ssl.create_default_context(cafile=target.cacert)
    except OSError as error:  # SSLError is one: a file that is no certificate
        raise PreflightError(
            f"--cacert {target.cacert}: cannot be used ({error.strerror or error}), "
            "expected a file of PEM certificates"
        ) from None
    if target.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    if target.cert is not None:
        load_certificate(context, target.cert, target.key, target.key_password)
    return context


def handshake_failure(error: ssl.SSLError) -> str:
    """Why a handshake failed, in words that are the same for the same cause."""
    # Errors that Python code raised lack what OpenSSL's own carry.
    if isinstance(error, ssl.SSLCertVerificationError):
        words = getattr(error, "verify_message", None) or str(error)
        return f"certificate: {words.rstrip('.')}"
    return f"TLS: {getattr(error, 'reason', None) or error}"[:120]
