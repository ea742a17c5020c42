"""JSON Web Tokens, signed with HS256.

An access token is short-lived and authenticates API requests; a refresh token is exchanged once for the next pair. Both
belong to a session, which begins with a login and ends with a logout.
"""

from __future__ import annotations

import secrets
from typing import Any
from typing import Literal
from typing import NamedTuple

import jwt

from perfsvc.clock import Clock
from perfsvc.errors import NotAuthenticated

ALGORITHM = "HS256"
REQUIRED = ["sub", "sid", "jti", "type", "iat", "exp"]
LONGEST = 4096

TokenType = Literal["access", "refresh"]


class Claims(NamedTuple):
    """The content of a token. ``expires`` is Unix time in seconds."""

    user_id: int
    session: str
    jti: str
    expires: int


def new_identifier() -> str:
    """Return 128 random bits as 32 hexadecimal digits."""
    return secrets.token_hex(16)


class Tokens:
    """Issues and reads tokens under one key."""

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    def issue(self, type_: TokenType, claims: Claims) -> str:
        """Return the claims as a signed token."""
        payload = {
            "sub": str(claims.user_id),
            "sid": claims.session,
            "jti": claims.jti,
            "type": type_,
            "iat": int(self._clock.wall()),
            "exp": claims.expires,
        }
        return jwt.encode(payload, self._key, ALGORITHM)

    def read(self, type_: TokenType, token: str) -> Claims:
        """Return the claims of a token. Raises NotAuthenticated when it is forged, expired or of another type."""
        payload = self._payload(token)
        if payload["type"] != type_ or not _well_formed(payload):
            raise NotAuthenticated
        if payload["exp"] <= self._clock.wall():
            raise NotAuthenticated("登录已过期，请重新登录", "the token has expired")
        return Claims(int(payload["sub"]), payload["sid"], payload["jti"], payload["exp"])

    def _payload(self, token: str) -> dict[str, Any]:
        if len(token) > LONGEST:
            raise NotAuthenticated
        # Expiry is checked below, with the injected clock.
        options = jwt.types.Options(require=REQUIRED, verify_exp=False, verify_iat=False)
        try:
            return jwt.decode(token, self._key, [ALGORITHM], options)
        except (jwt.InvalidTokenError, ValueError):
            raise NotAuthenticated from None


def _well_formed(payload: dict[str, Any]) -> bool:
    texts = all(isinstance(payload[name], str) for name in ("sub", "sid", "jti"))
    return texts and payload["sub"].isdecimal() and isinstance(payload["exp"], int)
