"""Failures are named by their cause, in the same words wherever they are met."""

import errno
import ssl

import pytest

from qosflood.base.failures import (
    certificate_fix,
    connect_failure,
    handshake_failure,
    lost_connection,
    no_answer,
)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "connection refused"),
        (ConnectionResetError(errno.ECONNRESET, "x"), "connection reset while connecting"),
        (OSError(errno.EHOSTUNREACH, "x"), "no route to host"),
        (OSError(errno.ENETUNREACH, "x"), "network unreachable"),
        (OSError(errno.EMFILE, "x"), "generator: too many open files"),
        (OSError(errno.ENFILE, "x"), "generator: too many open files on this machine"),
        (OSError(errno.EADDRNOTAVAIL, "x"), "generator: no free local port"),
        (TimeoutError(), "connect timed out"),
        (OSError(errno.EPERM, "Operation not permitted"),
         "PermissionError: Operation not permitted"),
        (ssl.SSLError(1, "made by hand"), "TLS: "),
        (ssl.SSLCertVerificationError(1, "made by hand"), "certificate: "),
    ],
)  # fmt: skip
def test_a_failed_connect_is_named_by_its_cause(error, reason):
    assert connect_failure(error).startswith(reason)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (None, "closed by the peer before an answer"),
        (ConnectionResetError(errno.ECONNRESET, "x"), "reset by the peer"),
        (ConnectionResetError("made by hand"), "reset by the peer"),
        (BrokenPipeError(errno.EPIPE, "x"), "reset by the peer"),
        (ValueError("what is this"), "ValueError: what is this"),
    ],
)
def test_a_lost_connection_is_named_by_its_cause(error, reason):
    assert lost_connection(error) == reason


def test_a_timeout_says_how_long_was_waited():
    assert no_answer(200_000_000) == "no answer within 200ms"


@pytest.mark.parametrize(
    "alert",
    [
        "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        "SSLV3_ALERT_BAD_CERTIFICATE",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
    ],
)
def test_an_alert_about_our_certificate_says_that_it_may_have_expired(alert):
    error = ssl.SSLError(1, "alert")
    error.reason = alert
    fix = certificate_fix(handshake_failure(error))
    assert fix is not None
    assert "--cert" in fix
    assert "expired" in fix
