"""Limit of request bodies: oversized bodies are never kept, and get a proper 413 response.

Tornado's own limit sends a bare 400. Here a body is passed on up to the first byte beyond the limit, by which the
handler notices the excess. The rest is read and discarded, since a client that is cut off while sending would not see
the response. Beyond ``THROWN_AWAY`` bytes the response is sent at once and the connection closed.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable
from collections.abc import Sequence
from typing import NamedTuple

from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPConnection
from tornado.httputil import HTTPHeaders
from tornado.httputil import HTTPMessageDelegate
from tornado.httputil import HTTPServerConnectionDelegate
from tornado.httputil import RequestStartLine
from tornado.httputil import ResponseStartLine

THROWN_AWAY = 67_108_864
"""Bytes beyond the limit that are read and discarded."""


class Uploads(NamedTuple):
    """Paths that receive files, with the limits of size and time for one file."""

    paths: Sequence[re.Pattern[str]]
    limit: int
    time_s: float

    def takes(self, target: str) -> bool:
        """Whether this request target, with or without a query, receives files."""
        path = target.partition("?")[0]
        return any(pattern.fullmatch(path) for pattern in self.paths)


class BodyLimit(HTTPServerConnectionDelegate):
    """Wraps ``application`` and passes on at most ``limit`` + 1 bytes of each body.

    Files have a limit of their own in ``uploads``: their handlers do not keep them in memory.
    """

    def __init__(self, application: HTTPServerConnectionDelegate, limit: int, uploads: Uploads | None = None) -> None:
        self._application = application
        self._limit = limit
        self._uploads = uploads

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        """Called by Tornado for each request."""
        inner = self._application.start_request(server_conn, request_conn)
        return _Limited(inner, self._limit, self._uploads, request_conn)

    def on_close(self, server_conn: object) -> None:
        """Called by Tornado when a connection has ended."""
        self._application.on_close(server_conn)


class _Limited(HTTPMessageDelegate):
    """One request on its way to ``inner``."""

    def __init__(
        self, inner: HTTPMessageDelegate, limit: int, uploads: Uploads | None, connection: HTTPConnection
    ) -> None:
        self._inner = inner
        self._limit = limit
        self._uploads = uploads
        self._connection = connection
        self._read = 0
        self._finished = False

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        self._allow(start_line)
        received = self._inner.headers_received(start_line, headers)
        if declared_length(headers) > self._limit + THROWN_AWAY:
            self.finish()
        return received

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        room = self._limit + 1 - self._read
        self._read += len(chunk)
        received = self._inner.data_received(chunk[:room]) if room > 0 and not self._finished else None
        if self._read > self._limit + THROWN_AWAY:
            self.finish()
        return received

    def _allow(self, start_line: RequestStartLine | ResponseStartLine) -> None:
        uploads, connection = self._uploads, self._connection
        if not uploads or not isinstance(start_line, RequestStartLine) or not isinstance(connection, HTTP1Connection):
            return
        if uploads.takes(start_line.path):
            self._limit = uploads.limit
            connection.set_body_timeout(uploads.time_s)

    def finish(self) -> None:
        if not self._finished:
            self._finished = True
            self._inner.finish()

    def on_connection_close(self) -> None:
        self._inner.on_connection_close()


def declared_length(headers: HTTPHeaders) -> int:
    """Return the declared Content-Length; 0 if it is absent or invalid (Tornado refuses the latter)."""
    length = headers.get("Content-Length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 20 else 0
