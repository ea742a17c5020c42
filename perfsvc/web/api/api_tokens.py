"""The caller's own API tokens, for programs such as CI."""

from __future__ import annotations

from typing import Any
from typing import Self

from perfsvc.model.entities import ApiToken
from perfsvc.model.entities import TokenScope
from perfsvc.service.auth.api_tokens import PREFIX
from perfsvc.service.auth.api_tokens import ApiTokenForm
from perfsvc.service.auth.identity import Needs
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.queries import PageQuery
from perfsvc.web.framework.responses import Message
from perfsvc.web.framework.responses import Moment
from perfsvc.web.framework.responses import PageOf
from perfsvc.web.framework.responses import Response
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import AUTHENTICATED


class ApiTokenResponse(Response):
    """An API token. ``begins`` is how its text begins; ``expires_at`` is null for never."""

    id: int
    name: str
    scope: TokenScope
    begins: str
    created_at: Moment
    expires_at: Moment | None
    last_used_at: Moment | None

    @classmethod
    def of(cls, token: ApiToken) -> Self:
        return cls(**fields_of(token))


class NewApiTokenResponse(ApiTokenResponse):
    """A new API token. ``token`` is its text, which is shown only this once."""

    token: str


class ApiTokenPage(PageOf[ApiTokenResponse]):
    """API tokens, the newest first."""


def fields_of(token: ApiToken) -> dict[str, Any]:
    """A token without its text."""
    return {
        "id": token.id,
        "name": token.name,
        "scope": token.scope,
        "begins": f"{PREFIX}{token.identifier}",
        "created_at": token.created_time,
        "expires_at": token.expires,
        "last_used_at": token.last_used,
    }


class ApiTokensHandler(Handler):
    @operation("获取本人的 API 令牌列表", "List one's own API tokens", AUTHENTICATED, needs=Needs.LOGIN)
    async def get(self, query: PageQuery) -> ApiTokenPage:
        tokens = await self.services.sessions.api_tokens.of_user(self.user)
        return ApiTokenPage.of(query.cut(tokens), ApiTokenResponse.of)

    @operation("创建 API 令牌", "Create an API token", AUTHENTICATED, status=201, needs=Needs.LOGIN)
    async def post(self, body: ApiTokenForm) -> NewApiTokenResponse:
        token = await self.services.sessions.api_tokens.create(self.user, body)
        return NewApiTokenResponse(**fields_of(token.stored), token=token.text)


class ApiTokenHandler(Handler):
    @operation("删除 API 令牌", "Delete an API token, which ends its use", AUTHENTICATED, needs=Needs.LOGIN)
    async def delete(self, token_id: int) -> Message:
        await self.services.sessions.api_tokens.revoke(self.user, token_id)
        return self.message("令牌已删除", "The token was deleted")


routes = [
    Route("/api/users/me/tokens/", ApiTokensHandler),
    Route("/api/users/me/tokens/{token_id}/", ApiTokenHandler),
]
