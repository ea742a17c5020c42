"""Paths such as ``/api/scenes/{scene_id}/`` to Tornado's routes, and the check that every method has a permission."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from tornado.routing import URLSpec
from tornado.web import RequestHandler

from perfsvc.errors import StartupError
from perfsvc.web.framework.context import WebContext
from perfsvc.web.framework.handler import METHODS
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import Operation
from perfsvc.web.framework.operation import operation_of

PART = re.compile(r"\{(\w+)\}")
PATTERNS: dict[type, str] = {int: r"[0-9]{1,18}", str: r"[A-Za-z0-9_.-]{1,64}"}
ALL_METHODS = (*METHODS, "HEAD", "PATCH", "OPTIONS")


class Route(NamedTuple):
    """A path and its handler. Clients may omit the trailing slash."""

    path: str
    handler: type[RequestHandler]

    def operations(self) -> dict[str, Operation]:
        """The operations by HTTP method."""
        by_method = {method: operation_of(self.handler, method) for method in METHODS}
        return {method: operation for method, operation in by_method.items() if operation is not None}

    @property
    def pattern(self) -> str:
        """The regular expression of the path."""
        types = {name: kind for operation in self.operations().values() for name, kind in operation.path.items()}
        pattern = PART.sub(lambda part: f"(?P<{part[1]}>{PATTERNS[types[part[1]]]})", self.path)
        return pattern + ("?" if len(pattern) > 1 and pattern.endswith("/") else "")

    def spec(self, context: WebContext) -> URLSpec:
        """The route for Tornado."""
        return URLSpec(self.pattern, self.handler, {"context": context})


def check(routes: Iterable[Route]) -> None:
    """Refuse routes without a permission rule.

    Raises StartupError for a handler that is no ``Handler`` or overrides ``prepare``, for a method without a rule or
    whose rule cannot find its inputs, and for a path whose parameters differ from those of its methods.
    """
    faults = [fault for route in routes for fault in _faults(route)]
    if faults:
        raise StartupError(
            f"存在未声明权限规则的接口：{'；'.join(faults)}", f"routes without a rule: {'; '.join(faults)}"
        )


def _faults(route: Route) -> list[str]:
    if not issubclass(route.handler, Handler):
        return [f"{route.path} ({route.handler.__name__} is not a Handler)"]
    parts = set(PART.findall(route.path))
    around = [f"{route.path} bypasses the rules"] if route.handler.prepare is not Handler.prepare else []
    undeclared = [
        f"{method} {route.path}"
        for method in ALL_METHODS
        if _implements(route.handler, method) and operation_of(route.handler, method) is None
    ]
    unlike = [
        f"{method} {route.path} takes {sorted(operation.path)}"
        for method, operation in route.operations().items()
        if set(operation.path) != parts or not operation.decidable
    ]
    return around + undeclared + unlike


def _implements(handler: type[Handler], method: str) -> bool:
    return getattr(handler, method.lower()) is not getattr(RequestHandler, method.lower())
