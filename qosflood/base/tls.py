"""The TLS context of a target: whom it trusts, and the certificate it shows."""

import ssl
from typing import Protocol

from qosflood.base.client_certificate import load_certificate
from qosflood.base.errors import PreflightError


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
