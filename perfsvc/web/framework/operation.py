"""An operation: one method of one path, with everything that is known about it in one place.

The decorator reads the handler method's signature: ``query`` and ``body`` are specs that validate the request, other
parameters are parts of the path, the return annotation is the response model. Request parsing, authorisation, the
start-up scan and the API's description all use it, so they cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import wraps
from types import NoneType
from typing import Any
from typing import get_args
from typing import get_origin
from typing import get_type_hints

from pydantic import BaseModel

from perfsvc.errors import Text
from perfsvc.model.base import Spec
from perfsvc.service.auth.identity import Needs
from perfsvc.web.framework.constants import Constant
from perfsvc.web.framework.request import ApiRequest
from perfsvc.web.framework.responses import Large
from perfsvc.web.framework.responses import Plain
from perfsvc.web.framework.rules import Rule

Serve = Callable[..., Coroutine[Any, Any, None]]

MARK = "perfsvc_operation"


@dataclass(frozen=True)
class Operation:
    """Summary, permission, inputs and response of one method of one path."""

    summary: Text
    rule: Rule
    status: int
    path: dict[str, type]
    query: type[Spec] | None
    body: type[Spec] | None
    response: type[BaseModel] | type[Plain] | None
    documented: bool
    throttled: bool
    relays: bool
    uploads: bool
    optional: bool
    needs: Needs
    repeatable: bool
    constant: bool
    frames: type[BaseModel] | None = None

    @property
    def decided_by_body(self) -> bool:
        """Whether the body must be read before the rule can decide."""
        in_query = self.query.model_fields if self.query else {}
        return bool(self.rule.decided_by) and not any(name in {*self.path, *in_query} for name in self.rule.decided_by)

    @property
    def decidable(self) -> bool:
        """Whether the rule can find the inputs that it depends on."""
        in_body = self.body.model_fields if self.body else {}
        return not self.decided_by_body or any(name in in_body for name in self.rule.decided_by)


def operation(
    zh: str,
    en: str,
    rule: Rule,
    *,
    status: int = 200,
    documented: bool = True,
    throttled: bool = False,
    relays: bool = False,
    uploads: bool = False,
    optional: bool = False,
    needs: Needs | None = None,
    repeatable: bool = False,
    frames: type[BaseModel] | None = None,
) -> Callable[[Callable[..., Any]], Serve]:
    """Make a handler's method an operation whose return value is sent as the response.

    ``throttled``: the service may raise TooManyRequests. ``relays``: it may raise SourceFailed. ``uploads``: the body
    is a file. ``optional``: a setting may switch the operation off, which is NotFound. ``frames`` are the messages of
    an operation that becomes a WebSocket. ``needs`` is the scope that an API token must have: ``read`` for GET and
    ``write`` for all others unless another is given. ``repeatable``: a second call returns with 200 what is there.
    """

    def declare(function: Callable[..., Any]) -> Serve:
        @wraps(function)
        async def serve(self: ApiRequest, *_: str, **__: str) -> None:
            await self.write_response(await function(self, **self.inputs))

        takes = _taken(function)
        mark = Operation(
            Text(zh, en),
            rule,
            status,
            documented=documented,
            throttled=throttled,
            relays=relays,
            uploads=uploads,
            optional=optional,
            needs=needs or (Needs.READ if function.__name__ == "get" else Needs.WRITE),
            repeatable=repeatable,
            frames=frames,
            **takes,
        )
        setattr(serve, MARK, mark)
        return serve

    return declare


def operation_of(handler: type[Any], method: str) -> Operation | None:
    """Return the operation behind a handler's HTTP method, or None."""
    found = getattr(getattr(handler, method.lower(), None), MARK, None)
    return found if isinstance(found, Operation) else None


def _taken(function: Callable[..., Any]) -> dict[str, Any]:
    hints = get_type_hints(function)
    response = hints.pop("return")
    constant = get_origin(response) is Constant
    if constant or get_origin(response) is Large:
        (response,) = get_args(response)
    query, body = hints.pop("query", None), hints.pop("body", None)
    response = None if response is NoneType else response
    return {"path": hints, "query": query, "body": body, "response": response, "constant": constant}
