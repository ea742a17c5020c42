"""Tokens for programs such as CI, each with a name, a scope and an end.

A token is ``perfsvc_``, a public identifier by which it is found, and 256 random bits. Only the SHA-256 of the whole is
stored, and compared in constant time. It has the rights of its user within its scope, looked up on every request, and
never more: neither account nor tokens can be managed with it.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from dataclasses import field
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from hashlib import sha256

from perfsvc.clock import Clock
from perfsvc.errors import Conflict
from perfsvc.errors import NotAuthenticated
from perfsvc.errors import NotFound
from perfsvc.errors import Unavailable
from perfsvc.model import labels
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.entities import ApiToken
from perfsvc.model.entities import TokenScope
from perfsvc.model.entities import User
from perfsvc.service.auth.access import remember_bounded
from perfsvc.service.auth.identity import Identity
from perfsvc.service.fields import Name
from perfsvc.store import api_tokens
from perfsvc.store import users
from perfsvc.store.database import Store
from perfsvc.store.database import writes

PREFIX = "perfsvc_"
FORM = re.compile(PREFIX + r"([0-9a-f]{12})_[A-Za-z0-9_-]{43}")
MOST = 50
"""Tokens of one user."""
NOTED_EVERY_S = 60
"""How exact the time of the last use is."""
KNOWN_S = 900
"""How long a token that was good is taken for good while the database is away: as long as an access token lives."""
NEVER = 253_402_300_799
"""The last second of the year 9999."""
NO_DIGEST = sha256(b"").hexdigest()


class ApiTokenForm(Spec):
    """A new API token."""

    name: Name = titled("名称", "Name")
    scope: TokenScope = titled("权限范围", "Scope", labels=labels.TOKEN_SCOPES, default=TokenScope.READ)
    expires_in_days: int | None = titled(
        "有效天数（空为永久）", "Days until it expires; null for never", default=90, ge=1, le=3650
    )


@dataclass(frozen=True)
class NewApiToken:
    """A token that was just made, with its text, which is shown only now."""

    stored: ApiToken
    text: str = field(repr=False)


class ApiTokens:
    """Makes, lists, revokes and checks the tokens of users."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._verified: dict[str, tuple[Identity, float]] = {}
        self._noted: dict[int, float] = {}

    async def create(self, user: User, form: ApiTokenForm) -> NewApiToken:
        """Raises Conflict when the user has too many."""
        identifier = secrets.token_hex(6)
        text = f"{PREFIX}{identifier}_{secrets.token_urlsafe(32)}"
        days = form.expires_in_days
        expires = None if days is None else self._now() + timedelta(days=days)
        new = api_tokens.NewToken(user.id, form.name, form.scope, identifier, digest_of(text), expires)
        return NewApiToken(await self._store.run(_create, new), text)

    async def of_user(self, user: User) -> list[ApiToken]:
        """A user's tokens, the newest first."""
        return await self._store.run(api_tokens.of_user, user.id)

    async def revoke(self, user: User, token_id: int) -> None:
        """Delete a token. Raises NotFound, also for another user's."""
        digest = await self._store.run(api_tokens.delete, token_id, user.id)
        self._verified.pop(digest, None)

    async def identity(self, text: str) -> Identity:
        """The identity behind a token. Raises NotAuthenticated."""
        form = FORM.fullmatch(text)
        if form is None:
            raise NotAuthenticated
        digest = digest_of(text)
        try:
            stored, user = await self._store.run(_find, form[1], digest)
        except NotAuthenticated:
            self._verified.pop(digest, None)
            raise
        except Unavailable:  # a run under way must remain controllable
            known, since = self._verified.get(digest, (None, 0.0))
            if known is None or self._clock.wall() - since > KNOWN_S:
                raise
            return self._unexpired(known)
        expires = NEVER if stored.expires is None else int(stored.expires.timestamp())
        identity = self._unexpired(Identity(user, "", expires, stored.scope))
        remember_bounded(self._verified, digest, (identity, self._clock.wall()))
        await self._note_use(stored.id)
        return identity

    def _unexpired(self, identity: Identity) -> Identity:
        if identity.expires <= self._clock.wall():
            raise NotAuthenticated("令牌已过期", "The token has expired")
        return identity

    async def _note_use(self, token_id: int) -> None:
        now = self._clock.wall()
        if now - self._noted.get(token_id, -NOTED_EVERY_S) < NOTED_EVERY_S:
            return
        remember_bounded(self._noted, token_id, now)
        try:
            await self._store.run(api_tokens.note_use, token_id, self._now())
        except Unavailable:  # the use itself is not refused for that
            self._noted.pop(token_id, None)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.wall(), UTC)


def digest_of(text: str) -> str:
    """What is stored of a token."""
    return sha256(text.encode()).hexdigest()


@writes
def _create(new: api_tokens.NewToken) -> ApiToken:
    if api_tokens.count(new.user_id) >= MOST:
        raise Conflict(f"最多保留 {MOST} 个令牌，请先删除不用的", f"there are {MOST} tokens already; delete one first")
    return api_tokens.create(new)


def _find(identifier: str, digest: str) -> tuple[ApiToken, User]:
    """Raises NotAuthenticated."""
    token = api_tokens.find(identifier)
    if not hmac.compare_digest(digest, NO_DIGEST if token is None else token.digest) or token is None:
        raise NotAuthenticated("令牌无效或已删除", "The token is invalid or was deleted")
    try:
        user = users.get(token.token.user_id)
    except NotFound:
        raise NotAuthenticated from None
    if user.disabled:
        raise NotAuthenticated("账号已被禁用", "This account is disabled")
    return token.token, user
