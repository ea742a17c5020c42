"""A certificate authority of our own: elliptic curves, short chains, names checked before they are signed."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from datetime import datetime
from datetime import timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.oid import NameOID

from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.errors import Text

LIFE = timedelta(days=825)
AUTHORITY_LIFE = timedelta(days=3650)
CLOCKS_APART = timedelta(hours=1)
"""A new certificate is valid on machines whose clocks are behind by this much."""
HOST_NAME = re.compile(
    r"(?=.{1,253}$)(?:\*\.)?[a-z0-9](?:[a-z0-9-]{0,62})(?:\.[a-z0-9][a-z0-9-]{0,62})*", re.IGNORECASE
)


class Authority(NamedTuple):
    """A certificate that signs others, and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def new(cls, now: datetime) -> Authority:
        """A self-signed authority, valid for ten years, that signs no other authorities."""
        key, name = new_key(), common_name("perfsvc authority")
        certificate = (
            unsigned(name, name, key, now, now + AUTHORITY_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(key_usage(signs=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(certificate, key)

    @classmethod
    def read(cls, certificate: bytes, key: bytes) -> Authority:
        """An authority from PEM. Raises ValueError."""
        private_key = serialization.load_pem_private_key(key, None)
        if not isinstance(private_key, ec.EllipticCurvePrivateKey):
            raise ValueError("not a key on an elliptic curve")
        return cls(x509.load_pem_x509_certificate(certificate), private_key)

    @property
    def pem(self) -> bytes:
        """The certificate, which other processes trust."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key that signs."""
        return key_pem(self.key)

    def issue(self, name: str, hosts: Iterable[x509.GeneralName], now: datetime) -> tuple[bytes, bytes]:
        """A certificate valid at both ends of a connection, and its key; both as PEM."""
        key = new_key()
        ends = min(now + LIFE, self.certificate.not_valid_after_utc)
        usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        certificate = (
            unsigned(common_name(name), self.certificate.subject, key, now, ends)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(key_usage(signs=False), critical=True)
            .add_extension(usages, critical=False)
            .add_extension(signer, critical=False)
            .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM), key_pem(key)


def hosts_of(names: Iterable[str]) -> list[x509.GeneralName]:
    """Host names and addresses in the form of a certificate, each once. Raises InvalidInput for any other text."""
    unique = list(dict.fromkeys(names))
    wrong = Text("应为主机名或 IP 地址", "must be a host name or an address")
    hosts = [host_of(name) for name in unique]
    problems = [Problem(name, wrong) for name, host in zip(unique, hosts, strict=True) if host is None]
    if problems:
        raise InvalidInput(problems)
    return [host for host in hosts if host is not None]


def host_of(name: str) -> x509.GeneralName | None:
    """A host name or address in the form of a certificate; None for any other text."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name) if HOST_NAME.fullmatch(name) else None


def hosts_in(certificate: x509.Certificate) -> list[x509.GeneralName]:
    """The hosts that a certificate names."""
    return list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)


def unsigned(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, ends: datetime
) -> x509.CertificateBuilder:
    """A certificate with what all have, to be completed and signed."""
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCKS_APART)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def key_usage(*, signs: bool) -> x509.KeyUsage:
    """An authority signs certificates; server and agents prove their identity."""
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A key as PEM, without a password, since a service starts unattended."""
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(*form)


def common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
