"""Certificates of environments: read before they are stored, the key sealed and never given back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from perfsvc.errors import InvalidInput
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model.certificates import Certificates
from perfsvc.service.auth.vault import Vault
from perfsvc.service.secrets import MASK
from perfsvc.service.secrets import NOT_STORED
from perfsvc.service.secrets import SEALED

NO_CERTIFICATE = Text("无法读取 PEM 证书", "no PEM certificate can be read there")
NO_KEY = Text("无法读取 PEM 私钥；私钥不能有密码", "no PEM private key can be read there; it must not have a password")
ALONE = Text("certificate 与 key 必须同时填写", "certificate and key come together")
NO_PAIR = Text("与客户端证书不匹配", "is not the key of the client certificate")


class CertificateFacts(NamedTuple):
    """Who a certificate is for, who signed it, and when it is valid."""

    subject: str
    issuer: str
    valid_from: datetime
    valid_until: datetime


def facts_of(pem: str | None) -> list[CertificateFacts]:
    """Read the certificates in a text, in their order; those that have no readable names are left out."""
    try:
        certificates = x509.load_pem_x509_certificates(pem.encode()) if pem else []
    except ValueError:
        return []
    return [facts for each in certificates if (facts := _facts(each)) is not None]


def _facts(certificate: x509.Certificate) -> CertificateFacts | None:
    try:
        subject, issuer = certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
    except ValueError:
        return None
    return CertificateFacts(subject, issuer, certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def sealed_certificates(certificates: Certificates, stored: Mapping[str, Any], vault: Vault) -> dict[str, Any]:
    """Return certificates as they are stored; MASK keeps the stored key. Raise InvalidInput."""
    problems: list[Problem] = []
    if certificates.ca is not None and _public_key(certificates.ca) is None:
        problems.append(Problem("certificates.ca", NO_CERTIFICATE))
    if (certificates.certificate is None) != (certificates.key is None):
        problems.append(Problem("certificates.certificate", ALONE))
    kept = stored.get("key") if certificates.key == MASK else None
    key = certificates.key if kept is None else vault.unseal(kept[SEALED])
    if certificates.certificate is not None and key is not None:
        problems += _wrong_pair(certificates.certificate, key)
    if problems:
        raise InvalidInput(problems)
    sealed = kept if kept is not None or key is None else {SEALED: vault.seal(key)}
    entries = {"ca": certificates.ca, "certificate": certificates.certificate, "key": sealed}
    return {name: value for name, value in entries.items() if value is not None}


def _wrong_pair(certificate: str, key: str) -> list[Problem]:
    if key == MASK:
        return [Problem("certificates.key", NOT_STORED)]
    of_certificate, of_key = _public_key(certificate), _public_key_of(key)
    if of_certificate is None:
        return [Problem("certificates.certificate", NO_CERTIFICATE)]
    if of_key is None:
        return [Problem("certificates.key", NO_KEY)]
    return [] if of_certificate == of_key else [Problem("certificates.key", NO_PAIR)]


def _public_key(pem: str) -> PublicKeyTypes | None:
    """Return the key of the first certificate in a text, None where one cannot be read."""
    try:
        return x509.load_pem_x509_certificates(pem.encode())[0].public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None


def _public_key_of(pem: str) -> PublicKeyTypes | None:
    try:
        return load_pem_private_key(pem.encode(), password=None).public_key()
    except (TypeError, ValueError, UnsupportedAlgorithm):
        return None
