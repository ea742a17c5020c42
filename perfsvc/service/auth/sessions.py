"""Login, token refresh, logout.

A session begins with a login. It has a row of its own beside the rows of its refresh tokens; only identifiers are
stored. A refresh token is valid for one use, and for another for half a minute after that, since two tabs of a browser
may refresh at once; later reuse means that it was copied, and ends the session. The session of an
access token is looked up on every request, so a logout, a new password or a disabled account takes effect at once.
"""

from __future__ import annotations

from datetime import UTC
from datetime import datetime
from typing import NamedTuple

from perfsvc.clock import Clock
from perfsvc.errors import Forbidden
from perfsvc.errors import NotAuthenticated
from perfsvc.errors import NotFound
from perfsvc.errors import Unavailable
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.entities import RefreshToken
from perfsvc.model.entities import User
from perfsvc.service.auth.access import remember_bounded
from perfsvc.service.auth.api_tokens import PREFIX
from perfsvc.service.auth.api_tokens import ApiTokens
from perfsvc.service.auth.identity import Identity
from perfsvc.service.auth.passwords import LONGEST
from perfsvc.service.auth.passwords import Passwords
from perfsvc.service.auth.throttle import Throttle
from perfsvc.service.auth.tokens import Claims
from perfsvc.service.auth.tokens import Tokens
from perfsvc.service.auth.tokens import new_identifier
from perfsvc.service.auth.vault import derive
from perfsvc.settings import Settings
from perfsvc.store import users
from perfsvc.store.database import Store
from perfsvc.store.database import writes

REFRESH_GRACE_S = 30
"""How long a used refresh token is still good."""

ADDRESS_ALLOWANCE = 10
"""Limit per address, as a multiple of the limit per user: the users of an office share an address."""


class Login(Spec):
    """Credentials."""

    username: str = titled("用户名", "Username", min_length=1, max_length=150)
    password: str = titled("密码", "Password", min_length=1, max_length=LONGEST)


class TokenPair(NamedTuple):
    """An access token with its lifetime in seconds, and the refresh token for the next pair."""

    token: str
    refresh_token: str
    expires_in: int


class Sessions:
    """Issues, refreshes, verifies and revokes tokens."""

    def __init__(self, store: Store, settings: Settings, secret_key: str, passwords: Passwords, clock: Clock) -> None:
        self._store = store
        self._settings = settings
        self._passwords = passwords
        self._clock = clock
        self._verified: dict[str, User] = {}
        self.api_tokens = ApiTokens(store, clock)
        self._tokens = Tokens(derive(secret_key, "tokens"), clock)
        self._by_user = Throttle(settings.login_attempts, settings.login_window, clock)
        self._by_address = Throttle(settings.login_attempts * ADDRESS_ALLOWANCE, settings.login_window, clock)

    async def login(self, login: Login, address: str) -> tuple[User, TokenPair]:
        """Begin a session.

        Raises the same NotAuthenticated for an unknown user and a wrong password, Forbidden for a disabled account,
        TooManyRequests.
        """
        attempt = (login.username.lower(), address)
        self._by_address.admit(address)
        self._by_user.admit(attempt)
        user = await self._store.run(_by_username, login.username)
        password_hash = user.password_hash if user else None
        if not await self._passwords.verify(password_hash, login.password) or user is None:
            raise NotAuthenticated("用户名或密码错误", "Wrong username or password")
        if user.disabled:
            raise Forbidden("账号已被禁用", "This account is disabled")
        self._by_user.reset(attempt)
        self._by_address.refund(address)
        return user, await self.begin(user)

    async def begin(self, user: User) -> TokenPair:
        """Begin a session for an authenticated user."""
        session = new_identifier()
        session_claims = Claims(user.id, session, session, self._now() + self._settings.session_ttl)
        refresh = self._refresh_claims(user.id, session)
        await self._store.run(_begin, session_claims, refresh)
        return self._pair(refresh)

    async def refresh(self, refresh_token: str) -> TokenPair:
        """Exchange a refresh token for the next pair. Raises NotAuthenticated."""
        used = self._tokens.read("refresh", refresh_token)
        await self._store.run(_user_of, used)
        refresh = self._refresh_claims(used.user_id, used.session)
        until = datetime.fromtimestamp(self._now() + REFRESH_GRACE_S, UTC)
        if not await self._store.run(_rotate, used, refresh, until):
            raise NotAuthenticated("刷新令牌已失效，请重新登录", "The refresh token was used before; log in again")
        return self._pair(refresh)

    async def authenticate(self, token: str) -> Identity:
        """Return the identity behind an access token or an API token.

        Raises NotAuthenticated if token, session or user is invalid.
        """
        if token.startswith(PREFIX):
            return await self.api_tokens.identity(token)
        claims = self._tokens.read("access", token)
        try:
            user = await self._store.run(_user_of, claims)
        except NotAuthenticated:
            self._verified.pop(claims.session, None)
            raise
        except Unavailable:
            # A run under way must remain controllable; the life of the token bounds how long this holds.
            known = self._verified.get(claims.session)
            if known is None or known.id != claims.user_id:
                raise
            user = known
        else:
            remember_bounded(self._verified, claims.session, user)
        return Identity(user, claims.session, claims.expires)

    async def logout(self, session: str) -> None:
        """End a session and invalidate its tokens."""
        self._verified.pop(session, None)
        await self._store.run(users.revoke, session)

    def _now(self) -> int:
        return int(self._clock.wall())

    def _refresh_claims(self, user_id: int, session: str) -> Claims:
        return Claims(user_id, session, new_identifier(), self._now() + self._settings.refresh_token_ttl)

    def _pair(self, refresh: Claims) -> TokenPair:
        life = self._settings.access_token_ttl
        access = Claims(refresh.user_id, refresh.session, new_identifier(), self._now() + life)
        return TokenPair(self._tokens.issue("access", access), self._tokens.issue("refresh", refresh), life)


def _by_username(username: str) -> User | None:
    try:
        return users.by_username(username)
    except NotFound:
        return None


def _user_of(claims: Claims) -> User:
    """Return the token's user. Raises NotAuthenticated when the session has ended or the user is disabled or gone."""
    if users.is_revoked(claims.session):
        raise NotAuthenticated("登录已失效，请重新登录", "This session has ended; log in again")
    try:
        user = users.get(claims.user_id)
    except NotFound:
        raise NotAuthenticated from None
    if user.disabled:
        raise NotAuthenticated("账号已被禁用", "This account is disabled")
    return user


@writes
def _begin(session: Claims, refresh: Claims) -> None:
    # Every login purges expired rows, which bounds the table.
    users.purge_expired()
    _remember(session, refresh)


@writes
def _remember(*tokens: Claims) -> None:
    for claims in tokens:
        expires = datetime.fromtimestamp(claims.expires, UTC)
        users.remember(RefreshToken(claims.jti, claims.user_id, expires, revoked=False))


@writes
def _rotate(used: Claims, next_: Claims, until: datetime) -> bool:
    """Return whether the token was good. No error otherwise: it would roll back the end of the session."""
    users.hold(used.session)
    if not users.use(used.jti, until):
        users.revoke(used.session)
        return False
    _remember(next_)
    return True
