"""The part of a request handler that operations and rules use, so that neither depends on Tornado's handler class."""

from __future__ import annotations

from typing import Any
from typing import Protocol

from pydantic import BaseModel
from tornado.httputil import HTTPServerRequest

from perfsvc.model.entities import User
from perfsvc.service.services import Services
from perfsvc.web.framework.constants import Constant
from perfsvc.web.framework.responses import Large
from perfsvc.web.framework.responses import Plain


class ApiRequest(Protocol):
    """One request to the API, from the caller's token to the response. ``Handler`` implements it."""

    inputs: dict[str, Any]
    """Validated path parameters, and the query and the body under ``query`` and ``body``."""

    request: HTTPServerRequest

    @property
    def services(self) -> Services:
        """The use cases."""

    @property
    def user(self) -> User:
        """The caller. Raises NotAuthenticated."""

    async def authenticate(self) -> None:
        """Identify the caller by the token. Raises NotAuthenticated."""

    def input(self, name: str) -> Any:
        """Return a value from the path, the query or the body, or None."""

    async def write_response(self, response: BaseModel | Plain | Large[Any] | Constant[Any] | None) -> None:
        """Send the response; None if the handler has sent it already."""
