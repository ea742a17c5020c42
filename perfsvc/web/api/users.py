"""Users: registration, tokens, the caller's profile, administration of other users."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from datetime import datetime
from typing import Literal
from typing import Self

from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.entities import User
from perfsvc.model.listing import Selection
from perfsvc.service.auth.accounts import AccountChange
from perfsvc.service.auth.accounts import NewAccount
from perfsvc.service.auth.accounts import PasswordChange
from perfsvc.service.auth.accounts import ProfileChange
from perfsvc.service.auth.accounts import Registration
from perfsvc.service.auth.identity import Needs
from perfsvc.service.auth.sessions import Login
from perfsvc.service.auth.sessions import TokenPair
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.queries import ListQuery
from perfsvc.web.framework.queries import ordered
from perfsvc.web.framework.responses import Message
from perfsvc.web.framework.responses import Moment
from perfsvc.web.framework.responses import PageOf
from perfsvc.web.framework.responses import Response
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import AUTHENTICATED
from perfsvc.web.framework.rules import OF_ADMINISTRATOR
from perfsvc.web.framework.rules import OPEN


class UserResponse(Response):
    """A user. ``is_active`` is 0 for normal, 1 for disabled."""

    id: int
    username: str
    email: str
    is_active: Literal[0, 1]
    administrator: bool
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(
            id=user.id,
            username=user.username,
            email=user.email,
            is_active=1 if user.disabled else 0,
            administrator=user.administrator,
            created_at=user.created_time,
            updated_at=user.updated_time,
        )


class UserPage(PageOf[UserResponse]):
    """Users."""


class TokenResponse(Response):
    """An access token, its lifetime in seconds, and the refresh token that is exchanged for the next pair."""

    token: str
    refresh_token: str
    expires_in: int

    @classmethod
    def of(cls, pair: TokenPair) -> Self:
        return cls(token=pair.token, refresh_token=pair.refresh_token, expires_in=pair.expires_in)


class LoginResponse(TokenResponse):
    """Tokens of a new session, and its user."""

    user: UserResponse


class PasswordResponse(TokenResponse):
    """All sessions have ended; this is a new one."""

    message: str


class VerifyResponse(Response):
    """A valid token: expiry and user."""

    message: str
    expires_at: Moment
    user: UserResponse


class RefreshToken(Spec):
    """A refresh token."""

    refresh_token: str = titled("刷新令牌", "Refresh token", min_length=1, max_length=4096)


class AccessToken(Spec):
    """An access token."""

    token: str = titled("令牌", "Token", min_length=1, max_length=4096)


class RegisterHandler(Handler):
    @operation("注册", "Register", OPEN, status=201, throttled=True)
    async def post(self, body: Registration) -> UserResponse:
        return UserResponse.of(await self.services.accounts.register(body, self.address))


class LogInHandler(Handler):
    @operation("登录", "Log in", OPEN, throttled=True)
    async def post(self, body: Login) -> LoginResponse:
        user, pair = await self.services.sessions.login(body, self.address)
        return LoginResponse(**pair._asdict(), user=UserResponse.of(user))


class RefreshHandler(Handler):
    @operation("刷新令牌", "Exchange a refresh token for a new pair", OPEN)
    async def post(self, body: RefreshToken) -> TokenResponse:
        return TokenResponse.of(await self.services.sessions.refresh(body.refresh_token))


class VerifyHandler(Handler):
    @operation("校验令牌", "Check an access token", OPEN)
    async def post(self, body: AccessToken) -> VerifyResponse:
        identity = await self.services.sessions.authenticate(body.token)
        valid = self.message("令牌有效", "The token is valid").message
        expires = datetime.fromtimestamp(identity.expires, UTC)
        return VerifyResponse(message=valid, expires_at=expires, user=UserResponse.of(identity.user))


class LogOutHandler(Handler):
    @operation("退出登录", "Log out: the session's tokens are revoked", AUTHENTICATED, needs=Needs.LOGIN)
    async def post(self) -> Message:
        await self.services.sessions.logout(self.identity.session)
        return self.message("已退出登录", "Logged out")


class MeHandler(Handler):
    @operation("获取个人信息", "One's own profile", AUTHENTICATED)
    async def get(self) -> UserResponse:
        return UserResponse.of(self.user)

    @operation("修改个人信息", "Change one's own profile", AUTHENTICATED, needs=Needs.LOGIN)
    async def put(self, body: ProfileChange) -> UserResponse:
        return UserResponse.of(await self.services.accounts.update_profile(self.user, body))


class MyPasswordHandler(Handler):
    @operation(
        "修改密码",
        "Change one's password: all sessions end, a new one begins",
        AUTHENTICATED,
        throttled=True,
        needs=Needs.LOGIN,
    )
    async def put(self, body: PasswordChange) -> PasswordResponse:
        pair = await self.services.accounts.change_password(self.user, body)
        changed = self.message("密码已修改", "The password was changed").message
        return PasswordResponse(**pair._asdict(), message=changed)


UserOrder = Literal["username", "-username", "created_at", "-created_at"]
YES_NO = {"0": ("否", "No"), "1": ("是", "Yes")}


class UserQuery(ListQuery):
    """Users by name or email, the oldest first."""

    is_active: Literal["0", "1"] | None = titled("启用状态", "Enabled or disabled", default=None)
    administrator: Literal["0", "1"] | None = titled("管理员", "Administrators", labels=YES_NO, default=None)
    order: UserOrder = ordered(UserOrder, "created_at")

    @property
    def selection(self) -> Selection:
        equal: dict[str, int | bool] = {}
        if self.is_active is not None:
            equal["is_active"] = int(self.is_active)
        if self.administrator is not None:
            equal["administrator"] = self.administrator == "1"
        return replace(super().selection, equal=equal)


class UsersHandler(Handler):
    @operation("获取用户列表", "List all users", OF_ADMINISTRATOR)
    async def get(self, query: UserQuery) -> UserPage:
        return UserPage.of(
            await self.services.accounts.page(query.page, query.page_size, query.selection), UserResponse.of
        )

    @operation("新建用户", "Create a user", OF_ADMINISTRATOR, status=201, needs=Needs.LOGIN)
    async def post(self, body: NewAccount) -> UserResponse:
        return UserResponse.of(await self.services.accounts.create(body))


class UserHandler(Handler):
    @operation("获取用户", "One user", OF_ADMINISTRATOR)
    async def get(self, user_id: int) -> UserResponse:
        return UserResponse.of(await self.services.accounts.get(user_id))

    @operation("修改用户", "Change a user: disable, promote, set a password", OF_ADMINISTRATOR, needs=Needs.LOGIN)
    async def put(self, user_id: int, body: AccountChange) -> UserResponse:
        return UserResponse.of(await self.services.accounts.administer(user_id, body, self.user))


routes = [
    Route("/api/users/register/", RegisterHandler),
    Route("/api/users/login/", LogInHandler),
    Route("/api/users/token/refresh/", RefreshHandler),
    Route("/api/users/token/verify/", VerifyHandler),
    Route("/api/users/logout/", LogOutHandler),
    Route("/api/users/me/", MeHandler),
    Route("/api/users/me/password/", MyPasswordHandler),
    Route("/api/users/", UsersHandler),
    Route("/api/users/{user_id}/", UserHandler),
]
