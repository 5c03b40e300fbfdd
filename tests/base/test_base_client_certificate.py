"""The clients' certificate: files that cannot be used, and encrypted keys."""

import ssl

import pytest
from certificates import make_certificates
from cryptography.hazmat.primitives import serialization

from qosflood.base.client_certificate import load_certificate
from qosflood.base.errors import PreflightError


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def encrypted(certificates, tmp_path):
    """The good certificate's key, encrypted with "open sesame"."""
    key = serialization.load_pem_private_key(certificates.good.key.read_bytes(), None)
    path = tmp_path / "encrypted.key"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"open sesame"),
        )
    )
    return path


def load(cert, key=None, password=None):
    context = ssl.create_default_context()
    load_certificate(context, str(cert), None if key is None else str(key), password)


def refusal(*arguments) -> str:
    with pytest.raises(PreflightError) as refused:
        load(*arguments)
    return str(refused.value)


def test_certificate_and_key_may_be_in_one_file(certificates, tmp_path):
    both = tmp_path / "both.pem"
    both.write_bytes(certificates.good.cert.read_bytes() + certificates.good.key.read_bytes())
    load(both)
    load(certificates.good.cert, certificates.good.key)


def test_an_encrypted_key_is_never_asked_for_on_the_terminal(certificates, encrypted):
    words = refusal(certificates.good.cert, encrypted)
    assert "the private key is encrypted" in words
    assert "--key-password env:VAR or file:PATH" in words


def test_an_encrypted_key_is_opened_by_its_password(certificates, encrypted, monkeypatch):
    monkeypatch.setenv("SESAME", "open sesame")
    load(certificates.good.cert, encrypted, "env:SESAME")
    monkeypatch.setenv("SESAME", "open barley")
    words = refusal(certificates.good.cert, encrypted, "env:SESAME")
    assert "does not open the private key" in words
    assert "barley" not in words
    monkeypatch.delenv("SESAME")
    assert "--key-password: environment variable SESAME is not set" in refusal(
        certificates.good.cert, encrypted, "env:SESAME"
    )


def test_a_damaged_certificate_is_named(certificates, tmp_path):
    damaged = tmp_path / "damaged.pem"
    damaged.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    words = refusal(damaged, certificates.good.key)
    assert words.startswith(f"--cert {damaged}: certificate or private key cannot be used")
