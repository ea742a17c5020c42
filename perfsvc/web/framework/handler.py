"""Base class of handlers: authentication, input validation, permission, and the response or the error."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from typing import Any
from typing import ClassVar

from pydantic import BaseModel
from tornado.web import RequestHandler

from perfsvc.errors import BadRequest
from perfsvc.errors import Forbidden
from perfsvc.errors import MethodNotAllowed
from perfsvc.errors import NotAuthenticated
from perfsvc.errors import NotFound
from perfsvc.errors import Text
from perfsvc.errors import TooLarge
from perfsvc.errors import Unavailable
from perfsvc.model.entities import User
from perfsvc.service.auth.identity import Identity
from perfsvc.service.auth.identity import Needs
from perfsvc.service.services import Services
from perfsvc.web.framework.body_limit import declared_length
from perfsvc.web.framework.constants import Constant
from perfsvc.web.framework.context import WebContext
from perfsvc.web.framework.errors import as_perfsvc_error
from perfsvc.web.framework.errors import failure_of
from perfsvc.web.framework.language import Language
from perfsvc.web.framework.language import preferred
from perfsvc.web.framework.operation import Operation
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.operation import operation_of
from perfsvc.web.framework.parsing import LARGEST_JSON
from perfsvc.web.framework.parsing import read_body
from perfsvc.web.framework.parsing import read_query
from perfsvc.web.framework.responses import Large
from perfsvc.web.framework.responses import Message
from perfsvc.web.framework.responses import Plain
from perfsvc.web.framework.rules import OPEN
from perfsvc.web.framework.sending import send
from perfsvc.web.framework.sending import send_constant
from perfsvc.web.framework.sending import send_large

logger = logging.getLogger(__name__)

METHODS = ("GET", "POST", "PUT", "DELETE")

SECURITY_HEADERS = {
    "Server": "perfsvc",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
CROSS_ORIGIN_HEADERS = {
    "Access-Control-Allow-Methods": ", ".join(METHODS),
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Accept-Language, If-Match, If-None-Match",
    "Access-Control-Expose-Headers": "X-Request-Id, Retry-After, ETag",
    "Access-Control-Max-Age": "600",
}


NEEDS_LOGIN = Text("此操作不能使用 API 令牌，请登录", "API tokens cannot be used for this; log in")


def scope_text(needs: Needs) -> Text:
    """The message for an API token of less scope than an operation needs."""
    return Text(f"此操作需要权限范围为 {needs} 的 API 令牌", f"this needs an API token with the scope {needs}")


class Handler(RequestHandler):
    """Serves methods that are operations and refuses all others."""

    context: WebContext
    headers: ClassVar[dict[str, str]] = SECURITY_HEADERS

    def initialize(self, context: WebContext) -> None:
        """Called by Tornado before anything else."""
        self.context = context
        self.caller: Identity | None = None
        self.inputs: dict[str, Any] = {}
        self.found_existing = False
        """Whether a repeatable operation had nothing to create."""

    @property
    def services(self) -> Services:
        return self.context.services

    @property
    def identity(self) -> Identity:
        """The user and the session of the request's token. Raises NotAuthenticated."""
        if self.caller is None:
            raise NotAuthenticated
        return self.caller

    @property
    def user(self) -> User:
        """The caller. Raises NotAuthenticated."""
        return self.identity.user

    @property
    def address(self) -> str:
        """The caller's IP address."""
        return self.request.remote_ip or ""

    @property
    def language(self) -> Language:
        return preferred(self.request.headers.get("Accept-Language", ""))

    @property
    def requested(self) -> Operation:
        """The operation of the request's method. Raises MethodNotAllowed."""
        found = operation_of(type(self), self.request.method or "")
        if found is None:
            raise MethodNotAllowed
        return found

    async def prepare(self) -> None:
        """Check permission and input before any code of an operation runs."""
        self._refuse_large_body()
        requested = self.requested
        await requested.rule.identify(self)
        self.inputs = self._address(requested)
        if requested.decided_by_body:
            await self._read_body(requested)
            await requested.rule.admit(self)
        else:
            await requested.rule.admit(self)
            await self._read_body(requested)

    @operation("查询支持的方法", "What is allowed here", OPEN, status=204, documented=False)
    async def options(self) -> None:
        self.set_status(204)
        self.set_header("Allow", ", ".join(self.allowed_methods()))
        self.clear_header("Content-Type")

    async def authenticate(self) -> None:
        """Identify the caller by the token. Raises NotAuthenticated, and Forbidden for an API token of less scope."""
        self.caller = await self.services.sessions.authenticate(self.bearer_token())
        needs = self.requested.needs
        if not self.caller.may(needs):
            raise Forbidden(*(NEEDS_LOGIN if needs is Needs.LOGIN else scope_text(needs)))

    def bearer_token(self) -> str:
        """Return the token of the ``Authorization`` header. Raises NotAuthenticated if there is none."""
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise NotAuthenticated
        return token.strip()

    def input(self, name: str) -> Any:
        """Return a value from the path, the query or the body, or None."""
        if name in self.inputs:
            return self.inputs[name]
        values = (getattr(self.inputs.get(part), name, None) for part in ("query", "body"))
        return next((value for value in values if value is not None), None)

    def message(self, zh: str, en: str) -> Message:
        """Make a response of one sentence, in the caller's language."""
        return Message(message=zh if self.language == "zh" else en)

    async def write_response(self, response: BaseModel | Plain | Large[Any] | Constant[Any] | None) -> None:
        """Send the response; None if the handler has sent it already. A large one blocks the loop for no long time."""
        if response is None:
            return
        self.set_status(200 if self.found_existing else self.requested.status)
        if isinstance(response, Plain):
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.finish(str(response))
            return
        self.set_header("Content-Type", "application/json; charset=utf-8")
        if isinstance(response, Constant):
            await send_constant(self, response)
            return
        if isinstance(response, Large):
            await send_large(self, response)
            return
        text = await asyncio.to_thread(response.model_dump_json, by_alias=True, exclude_unset=True)
        await send(self, text.encode())

    def set_default_headers(self) -> None:
        """Called by Tornado for every response, errors too."""
        for name, value in self.headers.items():
            self.set_header(name, value)
        self.set_header("X-Request-Id", self.request_id)
        self.set_header("Content-Language", self.language)
        self._allow_origin()

    @property
    def request_id(self) -> str:
        """Identifies this request in the response and in the log."""
        if not hasattr(self, "_request_id"):
            self._request_id = secrets.token_hex(8)
        return self._request_id

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Send an error; every error goes through here."""
        error = as_perfsvc_error(kwargs.get("exc_info", (None, None))[1], status_code)
        failure = failure_of(error, self.language, self.request_id)
        self.set_status(failure.status)
        for name, value in failure.headers.items():
            self.set_header(name, value)
        if failure.status == MethodNotAllowed.status:
            self.set_header("Allow", ", ".join(self.allowed_methods()))
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(json.dumps(failure.body, ensure_ascii=False))

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        """Log a traceback for faults of the service only, a line for what is unavailable; the rest is the client's."""
        error = as_perfsvc_error(value, 500)
        if isinstance(error, Unavailable):
            logger.warning("request %s: %s", self.request_id, error)
        elif error.status >= 500:
            logger.error("request %s failed", self.request_id, exc_info=value)

    @classmethod
    def allowed_methods(cls) -> list[str]:
        """The methods that are operations here."""
        return [*(method for method in METHODS if operation_of(cls, method)), "OPTIONS"]

    def compute_etag(self) -> None:
        """Responses are not cached."""

    def _address(self, requested: Operation) -> dict[str, Any]:
        try:
            inputs: dict[str, Any] = {name: kind(self.path_kwargs[name]) for name, kind in requested.path.items()}
        except ValueError:
            raise NotFound("接口不存在", "There is nothing at this address") from None
        if requested.query is not None:
            inputs["query"] = read_query(requested.query, self._arguments())
        return inputs

    def _arguments(self) -> dict[str, list[str]]:
        try:
            return {
                name: [value.decode("utf-8") for value in values]
                for name, values in self.request.query_arguments.items()
            }
        except UnicodeDecodeError:
            raise BadRequest("查询参数不是 UTF-8 编码", "the query is not UTF-8") from None

    def _refuse_large_body(self) -> None:
        limit = self.context.settings.max_body_size
        if max(len(self.request.body), declared_length(self.request.headers)) > limit:
            raise TooLarge(min(limit, LARGEST_JSON))

    async def _read_body(self, requested: Operation) -> None:
        if requested.body is None:
            return
        if not self.request.body and getattr(requested.body, "body_optional", False):
            self.inputs["body"] = requested.body()
        else:
            content_type = self.request.headers.get("Content-Type", "")
            self.inputs["body"] = await read_body(requested.body, self.request.body, content_type)

    def _allow_origin(self) -> None:
        origin = self.request.headers.get("Origin", "").lower()
        if origin and origin in self.application.settings["trusted_origins"]:
            self.set_header("Access-Control-Allow-Origin", origin)
            self.set_header("Vary", "Origin")
            for name, value in CROSS_ORIGIN_HEADERS.items():
                self.set_header(name, value)
