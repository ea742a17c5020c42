"""Digests and signatures with a shared key. Their results are bytes that a text shows in hexadecimal."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any
from typing import ClassVar

from perfsvc.errors import Text
from perfsvc.model.functions.function import Digest
from perfsvc.model.functions.function import Function
from perfsvc.model.functions.function import Unknown
from perfsvc.model.problems import Fault

ALGORITHMS = ("md5", "sha1", "sha256", "sha384", "sha512")


class Md5(Function):
    """MD5, as many interfaces still want it."""

    name = "md5"
    title = Text("MD5 摘要（十六进制）", "MD5 digest in hexadecimal")
    examples: ClassVar[tuple[str, ...]] = ('$md5("abc")',)
    pure = True

    def call(self, text: str) -> Digest:
        return Digest(hashlib.md5(text.encode(), usedforsecurity=False).digest())


class Sha1(Function):
    """SHA-1."""

    name = "sha1"
    title = Text("SHA-1 摘要（十六进制）", "SHA-1 digest in hexadecimal")
    examples: ClassVar[tuple[str, ...]] = ('$sha1("abc")',)
    pure = True

    def call(self, text: str) -> Digest:
        return Digest(hashlib.sha1(text.encode(), usedforsecurity=False).digest())


class Sha256(Function):
    """SHA-256."""

    name = "sha256"
    title = Text("SHA-256 摘要（十六进制）", "SHA-256 digest in hexadecimal")
    examples: ClassVar[tuple[str, ...]] = ('$sha256("abc")',)
    pure = True

    def call(self, text: str) -> Digest:
        return Digest(hashlib.sha256(text.encode()).digest())


class Sha512(Function):
    """SHA-512."""

    name = "sha512"
    title = Text("SHA-512 摘要（十六进制）", "SHA-512 digest in hexadecimal")
    examples: ClassVar[tuple[str, ...]] = ('$sha512("abc")',)
    pure = True

    def call(self, text: str) -> Digest:
        return Digest(hashlib.sha512(text.encode()).digest())


class Hmac(Function):
    """HMAC. A digest as the key is taken as its bytes, as chains of keys need it."""

    name = "hmac"
    title = Text("HMAC 签名（十六进制）", "HMAC signature in hexadecimal")
    examples: ClassVar[tuple[str, ...]] = (
        '$hmac("sha256", "key", "text")',
        '$base64($hmac("sha256", "key", $concat("alice", ":", "7")))',
    )
    pure = True

    def check(self, algorithm: Any, *rest: Any) -> None:
        if not isinstance(algorithm, Unknown) and algorithm.lower() not in ALGORITHMS:
            listed = ", ".join(ALGORITHMS)
            raise Fault(f"算法应为以下之一：{listed}", f"the algorithm must be one of {listed}")

    def call(self, algorithm: str, key: bytes, text: bytes) -> Digest:
        self.check(algorithm)
        return Digest(hmac.digest(key, text, algorithm.lower()))


FUNCTIONS: tuple[type[Function], ...] = (Md5, Sha1, Sha256, Sha512, Hmac)
