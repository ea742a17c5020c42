"""One line per request, without secrets."""

from __future__ import annotations

import logging
import re

from tornado.web import RequestHandler

from perfsvc.web.framework.context import Traffic
from perfsvc.web.framework.handler import METHODS

TOKEN = re.compile(r"((?:^|[?&])[^=&]*token[^=&]*=)[^&]*", re.IGNORECASE)

ASSETS = "/assets/"

logger = logging.getLogger(__name__)


class AccessLog:
    """Writes the log and counts responses."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic

    def __call__(self, handler: RequestHandler) -> None:
        """Called by Tornado for every response."""
        request, status = handler.request, handler.get_status()
        method = request.method if request.method in METHODS else "OTHER"
        self._traffic.responses[method, f"{status // 100}xx"] += 1
        logger.log(
            level_of(status, request.path),
            "%s %s %d %.1f ms %s %s",
            request.method,
            masked(request.uri or ""),
            status,
            1000 * request.request_time(),
            request.remote_ip,
            getattr(handler, "request_id", "-"),
        )


def level_of(status: int, path: str) -> int:
    """Return the log level of a response; a page of the UI takes dozens of assets, which say nothing."""
    if status >= 500:
        return logging.ERROR
    return logging.DEBUG if status < 400 and path.startswith(ASSETS) else logging.INFO


def masked(uri: str) -> str:
    """The address without the values of anything called a token."""
    return TOKEN.sub(r"\g<1>******", uri)
