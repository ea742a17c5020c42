"""Signatures and encryption with RSA keys. Their results are bytes that a text shows in hexadecimal."""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import TYPE_CHECKING
from typing import Any
from typing import ClassVar

from perfsvc.errors import Text
from perfsvc.model.functions.function import UNKNOWN
from perfsvc.model.functions.function import Digest
from perfsvc.model.functions.function import Function
from perfsvc.model.functions.function import Unknown
from perfsvc.model.problems import Fault

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

# The library is imported late: few plans need it.

DIGESTS = ("sha1", "sha256", "sha384", "sha512")
SIGNATURES = ("pkcs1", "pss")
ENCRYPTIONS = ("pkcs1", "oaep")
KEPT_KEYS = 32
"""Keys that stay parsed: parsing costs as much as signing."""
EXAMPLE_PRIVATE_KEY = (
    "MIIBVAIBADANBgkqhkiG9w0BAQEFAASCAT4wggE6AgEAAkEA2uMs1BypFe1qokdmtM9KfXOqDoMp1o9lREq+qOt/uBf/FgLE/Jtm"
    "oQ8dNjkGRrRt7Gp2GLhA7bojxWNWuNd4lQIDAQABAkBrtWgkxCmsAZT8X7g5dtuH2fevhnl6/DrvnPwu8Rt7AWKeYwqS6DzyUBMA"
    "PExUCGe8BYyvuSXa5tCxDBF+syuhAiEA+RLx+3+scgmNZj3BlJbMmjqHyZVOszXzEjmzwWvcat0CIQDg+VgMgssXd9EujrwjFoyM"
    "DIej/EoAoZ3fUlF0jq4dGQIgONJIoA59YbqqJmP6UJKidKDbr3I/dQTewg6l4n9f1oUCIQCYQeiHPxW4Ik0eF1fY32/rcKd0IlDr"
    "MHYqKAoculu4MQIgJfUxuCBoC1CvpAcf8XZbTVJP0PgPdvsbJTZAaR3ofFE="
)
EXAMPLE_PUBLIC_KEY = (
    "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBANrjLNQcqRXtaqJHZrTPSn1zqg6DKdaPZURKvqjrf7gX/xYCxPybZqEPHTY5Bka0bexq"
    "dhi4QO26I8VjVrjXeJUCAwEAAQ=="
)
"""A pair for examples, far too short to protect anything."""


class RsaSign(Function):
    """A signature by a private key."""

    name = "rsaSign"
    title = Text(
        "RSA 签名（十六进制）：摘要算法、PEM 私钥、文本，可选填充方式 pss",
        "RSA signature in hexadecimal: digest, private key as PEM, text, optionally the padding pss",
    )
    examples: ClassVar[tuple[str, ...]] = (
        '$base64($rsaSign("sha256", private_key, "text"))',
        '$base64($rsaSign("sha1", private_key, "text", "pss"))',
    )
    example_variables: ClassVar[dict[str, Any]] = {"private_key": EXAMPLE_PRIVATE_KEY}

    def check(self, algorithm: Any, key: Any, text: Any, padding: Any = "pkcs1") -> None:
        one_of("算法", "the algorithm", algorithm, DIGESTS)
        one_of("填充方式", "the padding", padding, SIGNATURES)
        if isinstance(key, str):
            private_key(key)

    def call(self, algorithm: str, key: str, text: bytes, padding: str = "pkcs1") -> Digest:
        from cryptography.hazmat.primitives.asymmetric.padding import MGF1
        from cryptography.hazmat.primitives.asymmetric.padding import PSS
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

        self.check(algorithm, UNKNOWN, UNKNOWN, padding)
        digest = digest_of(algorithm)
        pad: AsymmetricPadding = PSS(MGF1(digest), PSS.DIGEST_LENGTH) if padding == "pss" else PKCS1v15()
        return Digest(private_key(key).sign(text, pad, digest))


class RsaEncrypt(Function):
    """A short text, such as a password, encrypted for the owner of a key."""

    name = "rsaEncrypt"
    title = Text(
        "RSA 加密（十六进制）：PEM 公钥、文本，可选填充方式 oaep",
        "RSA encryption in hexadecimal: public key as PEM, text, optionally the padding oaep",
    )
    examples: ClassVar[tuple[str, ...]] = ('$base64($rsaEncrypt(public_key, "secret"))',)
    example_variables: ClassVar[dict[str, Any]] = {"public_key": EXAMPLE_PUBLIC_KEY}

    def check(self, key: Any, text: Any, padding: Any = "pkcs1") -> None:
        one_of("填充方式", "the padding", padding, ENCRYPTIONS)
        if isinstance(key, str):
            public_key(key)

    def call(self, key: str, text: bytes, padding: str = "pkcs1") -> Digest:
        from cryptography.hazmat.primitives.asymmetric.padding import MGF1
        from cryptography.hazmat.primitives.asymmetric.padding import OAEP
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

        self.check(UNKNOWN, UNKNOWN, padding)
        digest = digest_of("sha256")
        pad: AsymmetricPadding = OAEP(MGF1(digest), digest, None) if padding == "oaep" else PKCS1v15()
        return Digest(public_key(key).encrypt(text, pad))


def one_of(zh: str, en: str, value: Any, allowed: tuple[str, ...]) -> None:
    """Raise Fault for a constant that is not an allowed value."""
    if not isinstance(value, Unknown) and value not in allowed:
        listed = ", ".join(allowed)
        raise Fault(f"{zh}应为以下之一：{listed}", f"{en} must be one of {listed}")


def digest_of(name: str) -> HashAlgorithm:
    """Return a digest by its name."""
    from cryptography.hazmat.primitives import hashes

    algorithm: type[HashAlgorithm] = getattr(hashes, name.upper())
    return algorithm()


@lru_cache(KEPT_KEYS)
def private_key(text: str) -> RSAPrivateKey:
    """Parse a private key: PEM, also with \\n for its line breaks, or its base64 text alone. Raise Fault."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    try:
        key = load_der_private_key(der_of(text), None)
    except (TypeError, ValueError):  # a key with a pass phrase, or none
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise Fault(
            "密钥应为不带口令的 PEM 格式 RSA 私钥（-----BEGIN PRIVATE KEY-----）",
            "the key must be an RSA private key as PEM (-----BEGIN PRIVATE KEY-----) without a pass phrase",
        )
    return key


@lru_cache(KEPT_KEYS)
def public_key(text: str) -> RSAPublicKey:
    """Parse a public key, written in the same ways. Raise Fault."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(der_of(text))
    except ValueError:
        key = None
    if not isinstance(key, RSAPublicKey):
        raise Fault(
            "密钥应为 PEM 格式的 RSA 公钥（-----BEGIN PUBLIC KEY-----）",
            "the key must be an RSA public key as PEM (-----BEGIN PUBLIC KEY-----)",
        )
    return key


def der_of(text: str) -> bytes:
    """Return the bytes of a key. Environment files and forms flatten its lines or leave the first and last out."""
    lines = text.replace("\\n", "\n").strip()
    body = lines.split("-----")[2] if lines.startswith("-----") and lines.count("-----") >= 4 else lines
    return base64.b64decode("".join(body.split()), validate=True)


FUNCTIONS: tuple[type[Function], ...] = (RsaSign, RsaEncrypt)
