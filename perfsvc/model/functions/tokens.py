"""Signed tokens."""

from __future__ import annotations

import base64
import json
from typing import Any
from typing import ClassVar

from perfsvc.errors import Text
from perfsvc.model.functions.function import UNKNOWN
from perfsvc.model.functions.function import Function
from perfsvc.model.functions.function import Unknown
from perfsvc.model.problems import Fault

ALGORITHMS = ("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")


class Jwt(Function):
    """A JSON Web Token. The payload is an object or a JSON text; private keys are PEM texts."""

    name = "jwt"
    title = Text("JWT：载荷、密钥，可选算法（默认 HS256）", "JSON Web Token: payload, key, optionally the algorithm")
    examples: ClassVar[tuple[str, ...]] = ("""$jwt('{"sub": "alice"}', "a key of at least thirty-two bytes")""",)
    pure = True

    def check(self, payload: Any, key: Any, algorithm: Any = "HS256") -> None:
        if not isinstance(algorithm, Unknown) and algorithm not in ALGORITHMS:
            listed = ", ".join(ALGORITHMS)
            raise Fault(f"算法应为以下之一：{listed}", f"the algorithm must be one of {listed}")
        if not isinstance(payload, Unknown):
            _object(payload)

    def call(self, payload: Any, key: str, algorithm: str = "HS256") -> str:
        from jwt import get_algorithm_by_name  # imported late: few plans make tokens

        self.check(UNKNOWN, key, algorithm)
        # Not jwt.encode, which warns of keys that a target under test may well have.
        signer = get_algorithm_by_name(algorithm)
        body = b".".join([_part({"alg": algorithm, "typ": "JWT"}), _part(_object(payload))])
        return (body + b"." + _encoded(signer.sign(body, signer.prepare_key(key)))).decode()


def _part(value: dict[str, Any]) -> bytes:
    return _encoded(json.dumps(value, separators=(",", ":")).encode())


def _encoded(value: bytes) -> bytes:
    return base64.urlsafe_b64encode(value).rstrip(b"=")


def _object(payload: Any) -> dict[str, Any]:
    try:
        value = json.loads(payload) if isinstance(payload, str) else payload
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Fault("载荷应为 JSON 对象", "the payload must be a JSON object")
    return value


FUNCTIONS: tuple[type[Function], ...] = (Jwt,)
