"""Certificates for tests: an authority of our own, and good, expired and misnamed servers."""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files of one server certificate, and of the authority that a client must trust."""

    cert: Path
    key: Path
    authority: Path


@dataclass(frozen=True, slots=True)
class Certificates:
    """`good` names every loopback address; the others are what a client must refuse."""

    authority: Path
    good: Certificate
    expired: Certificate
    wrong_host: Certificate


class Authority:
    """A self-made certificate authority that writes its files to `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("qosflood tests authority")
        constraint = x509.BasicConstraints(ca=True, path_length=0)
        builder = self._builder(self._name, self._key, _now() - 2 * _DAY, _now() + _DAY)
        usage = _usage(key_cert_sign=True)
        builder = builder.add_extension(constraint, critical=True).add_extension(usage, True)
        self.path = folder / "authority.pem"
        self.path.write_bytes(_pem(builder.sign(self._key, hashes.SHA256())))

    def issue(
        self, name: str, hosts: tuple[str, ...] = LOOPBACK, *, expired: bool = False
    ) -> Certificate:
        """A server certificate for `hosts` in files called `name`; an expired one ended today."""
        key = ec.generate_private_key(ec.SECP256R1())
        end = _now() - datetime.timedelta(hours=1) if expired else _now() + _DAY
        builder = self._builder(_name(hosts[0]), key, _now() - 2 * _DAY, end)
        alternatives = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        builder = builder.add_extension(alternatives, critical=False)
        builder = builder.add_extension(_usage(digital_signature=True), critical=True)
        certificate = builder.sign(self._key, hashes.SHA256())
        cert_path, key_path = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        cert_path.write_bytes(_pem(certificate))
        key_path.write_bytes(_private_pem(key))
        return Certificate(cert_path, key_path, self.path)

    def _builder(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        begin: datetime.datetime,
        end: datetime.datetime,
    ) -> x509.CertificateBuilder:
        issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        subject_key = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(end)
            .add_extension(subject_key, critical=False)
            .add_extension(issuer_key, critical=False)
        )


def make_certificates(folder: Path) -> Certificates:
    """An authority and its three servers, written to `folder`."""
    authority = Authority(folder)
    return Certificates(
        authority=authority.path,
        good=authority.issue("good"),
        expired=authority.issue("expired", expired=True),
        wrong_host=authority.issue("wrong-host", ("collector.example",)),
    )


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=key_cert_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
