"""Users: registration, tokens, one's own profile, and what administrators see of others."""

from __future__ import annotations

from datetime import UTC
from datetime import datetime

from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.service.accounts import AccountChange
from perfsvc.service.accounts import PasswordChange
from perfsvc.service.accounts import ProfileChange
from perfsvc.service.accounts import Registration
from perfsvc.service.sessions import Login
from perfsvc.web.answers import LoginAnswer
from perfsvc.web.answers import Message
from perfsvc.web.answers import PasswordAnswer
from perfsvc.web.answers import TokenAnswer
from perfsvc.web.answers import UserAnswer
from perfsvc.web.answers import UserPage
from perfsvc.web.answers import VerifyAnswer
from perfsvc.web.handler import Handler
from perfsvc.web.operation import operation
from perfsvc.web.queries import PageQuery
from perfsvc.web.routing import Route
from perfsvc.web.rules import AUTHENTICATED
from perfsvc.web.rules import OF_ADMINISTRATOR
from perfsvc.web.rules import OPEN


class RefreshToken(Spec):
    """A refresh token."""

    refresh_token: str = titled("刷新令牌", "Refresh token", min_length=1, max_length=4096)


class AccessToken(Spec):
    """An access token."""

    token: str = titled("令牌", "Token", min_length=1, max_length=4096)


class Register(Handler):
    @operation("注册", "Register", OPEN, status=201, throttled=True)
    async def post(self, body: Registration) -> UserAnswer:
        return UserAnswer.of(await self.services.accounts.register(body, self.address))


class LogIn(Handler):
    @operation("登录", "Log in", OPEN, throttled=True)
    async def post(self, body: Login) -> LoginAnswer:
        user, pair = await self.services.sessions.login(body, self.address)
        return LoginAnswer(**pair._asdict(), user=UserAnswer.of(user))


class Refresh(Handler):
    @operation("刷新令牌", "Exchange a refresh token for a new pair", OPEN)
    async def post(self, body: RefreshToken) -> TokenAnswer:
        return TokenAnswer.of(await self.services.sessions.refresh(body.refresh_token))


class Verify(Handler):
    @operation("校验令牌", "Check an access token", OPEN)
    async def post(self, body: AccessToken) -> VerifyAnswer:
        identity = await self.services.sessions.authenticate(body.token)
        valid = self.message("令牌有效", "The token is valid").message
        expires = datetime.fromtimestamp(identity.expires, UTC)
        return VerifyAnswer(message=valid, expires_at=expires, user=UserAnswer.of(identity.user))


class LogOut(Handler):
    @operation("退出登录", "Log out: the session's tokens are revoked", AUTHENTICATED)
    async def post(self) -> Message:
        await self.services.sessions.logout(self.identity.session)
        return self.message("已退出登录", "Logged out")


class Me(Handler):
    @operation("获取个人信息", "One's own profile", AUTHENTICATED)
    async def get(self) -> UserAnswer:
        return UserAnswer.of(self.user)

    @operation("修改个人信息", "Change one's own profile", AUTHENTICATED)
    async def put(self, body: ProfileChange) -> UserAnswer:
        return UserAnswer.of(await self.services.accounts.update_profile(self.user, body))


class MyPassword(Handler):
    @operation("修改密码", "Change one's password: all sessions end, a new one begins", AUTHENTICATED, throttled=True)
    async def put(self, body: PasswordChange) -> PasswordAnswer:
        pair = await self.services.accounts.change_password(self.user, body)
        changed = self.message("密码已修改", "The password was changed").message
        return PasswordAnswer(**pair._asdict(), message=changed)


class Users(Handler):
    @operation("获取用户列表", "List all users", OF_ADMINISTRATOR)
    async def get(self, query: PageQuery) -> UserPage:
        return UserPage.of(await self.services.accounts.page(query.page, query.page_size), UserAnswer.of)


class User(Handler):
    @operation("获取用户", "One user", OF_ADMINISTRATOR)
    async def get(self, user_id: int) -> UserAnswer:
        return UserAnswer.of(await self.services.accounts.get(user_id))

    @operation("修改用户", "Change a user: disable, promote, set a password", OF_ADMINISTRATOR)
    async def put(self, user_id: int, body: AccountChange) -> UserAnswer:
        return UserAnswer.of(await self.services.accounts.administer(user_id, body, self.user))


routes = [
    Route("/api/users/register/", Register),
    Route("/api/users/login/", LogIn),
    Route("/api/users/token/refresh/", Refresh),
    Route("/api/users/token/verify/", Verify),
    Route("/api/users/logout/", LogOut),
    Route("/api/users/me/", Me),
    Route("/api/users/me/password/", MyPassword),
    Route("/api/users/", Users),
    Route("/api/users/{user_id}/", User),
]
