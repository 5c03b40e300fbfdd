"""A client's certificate: loaded for targets that ask for one, checked before anything is sent."""

import ssl
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from qosflood.base.errors import PreflightError
from qosflood.base.header_values import resolve_source

_EXPECTED_CERT = "expected a file with a PEM certificate and those that signed it"
_EXPECTED_KEY = "expected a file with the PEM private key of the certificate"
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_KEY_MARK = "PRIVATE KEY-----"
_UTC_TIME, _GENERALIZED_TIME, _VERSION_TAG = 0x17, 0x18, 0xA0


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


def certificate_warnings(cert: str | None, now: datetime) -> tuple[str, ...]:
    """What is odd about the client certificate but need not stop a run: its time is over, or has
    not come."""
    if cert is None:
        return ()
    begin, end = _validity(cert)
    if end is not None and now > end:
        return (f"--cert {cert}: expired on {end:%Y-%m-%d %H:%M} UTC",)
    if begin is not None and now < begin:
        return (f"--cert {cert}: not valid before {begin:%Y-%m-%d %H:%M} UTC",)
    return ()


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


def _validity(path: str) -> tuple[datetime | None, datetime | None]:
    """When the first certificate of a PEM file begins and ends to hold (RFC 5280, 4.1); None for
    what cannot be told."""
    with suppress(OSError, ValueError, IndexError):
        _, begin, rest = _read("--cert", path, _EXPECTED_CERT).partition(_BEGIN)
        body, end, _ = rest.partition(_END)
        whole = _Der(ssl.PEM_cert_to_DER_cert(begin + body + end)).inside().inside()
        if whole.tag == _VERSION_TAG:
            whole.skip()
        for _ in ("serial number", "signature algorithm", "issuer"):
            whole.skip()
        times = whole.inside()
        first = times.time()
        times.skip()
        return first, times.time()
    return None, None


class _Der:
    """Walks over DER values: tag, length, content (ITU-T X.690)."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data = data
        self._at = at

    @property
    def tag(self) -> int:
        """Of the value here."""
        return self._data[self._at]

    def inside(self) -> "_Der":
        """The first value within the one here."""
        start, _ = self._content()
        return _Der(self._data, start)

    def skip(self) -> None:
        """Go to the next value."""
        start, length = self._content()
        self._at = start + length

    def time(self) -> datetime | None:
        """The UTCTime or GeneralizedTime here."""
        start, length = self._content()
        text = self._data[start : start + length].decode("ascii")
        if self.tag == _UTC_TIME:  # two digits of the year: 1950 to 2049
            text = ("19" if text >= "50" else "20") + text
        elif self.tag != _GENERALIZED_TIME:
            return None
        return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)

    def _content(self) -> tuple[int, int]:
        length, start = self._data[self._at + 1], self._at + 2
        if length < 0x80:
            return start, length
        end = start + length - 0x80
        return end, int.from_bytes(self._data[start:end], "big")
