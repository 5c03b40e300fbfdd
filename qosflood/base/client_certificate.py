"""A client's certificate, loaded for targets that ask for one; its time is judged by the target."""

import ssl
from pathlib import Path

from qosflood.base.errors import PreflightError
from qosflood.base.header_values import resolve_source

_EXPECTED_CERT = "expected a file with a PEM certificate and those that signed it"
_EXPECTED_KEY = "expected a file with the PEM private key of the certificate"
_BEGIN = "-----BEGIN CERTIFICATE-----"
_KEY_MARK = "PRIVATE KEY-----"


def load_certificate(
    context: ssl.SSLContext, cert: str, key: str | None, key_password: str | None
) -> None:
    """Let `context` show the certificate; each way to fail is one line that names its file.

    Raises PreflightError. A key that is encrypted is never asked for on the terminal.
    """
    if _BEGIN not in _read("--cert", cert, _EXPECTED_CERT):
        raise PreflightError(f"--cert {cert}: holds no PEM certificate, {_EXPECTED_CERT}")
    where = f"--cert {cert}" if key is None else f"--key {key}"
    if _KEY_MARK not in _read(where.split()[0], key or cert, _EXPECTED_KEY):
        hint = "name its file with --key" if key is None else _EXPECTED_KEY
        raise PreflightError(f"{where}: holds no PEM private key, {hint}")
    asked = False

    def password() -> str:
        nonlocal asked
        asked = True
        if key_password is None:
            raise PreflightError(
                f"{where}: the private key is encrypted, expected its password from "
                "--key-password env:VAR or file:PATH, or a key that is not"
            )
        return resolve_source("--key-password", key_password)

    try:
        context.load_cert_chain(cert, key, password)
    except ssl.SSLError as error:
        raise PreflightError(_unusable(cert, where, error, asked=asked)) from None
    except ValueError as error:  # a password longer than OpenSSL takes
        raise PreflightError(f"--key-password: {error}") from None


def _unusable(cert: str, where: str, error: ssl.SSLError, *, asked: bool) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"{where}: the private key is not that of the certificate --cert {cert}"
    if asked:
        return f"{where}: the password of --key-password does not open the private key"
    why = (error.reason or "damaged PEM").replace("_", " ").lower()
    return f"--cert {cert}: certificate or private key cannot be used ({why}), {_EXPECTED_CERT}"


def _read(option: str, path: str, expected: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise PreflightError(
            f"{option} {path}: cannot be read ({error.strerror}), {expected}"
        ) from None
