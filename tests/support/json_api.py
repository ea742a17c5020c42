"""A JSON endpoint: in a thread with a handler of the test, or as a process that serves numbered rows page by page.

``python -m tests.support.json_api`` prints its port and serves until its standard input is closed.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from typing import Any
from typing import NamedTuple
from urllib.parse import parse_qsl
from urllib.parse import urlsplit


class Request(NamedTuple):
    """A received request."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes


class Response(NamedTuple):
    """A response; a ``body`` that is not bytes is sent as JSON."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = {}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: JsonApi

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body)
        self.server.requests.append(request)
        response = self.server.answer(request)
        content = response.body if isinstance(response.body, bytes) else json.dumps(response.body).encode()
        self.send_response(response.status)
        fields = {"Content-Type": "application/json", "Content-Length": str(len(content)), **response.headers}
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        """Write no log."""


class JsonApi(ThreadingHTTPServer):
    """Serve in threads while the context lasts; ``requests`` has every request that came."""

    daemon_threads = True

    def __init__(self, answer: Callable[[Request], Response]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.requests: list[Request] = []
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnect."""

    def __enter__(self) -> JsonApi:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


def row(number: int) -> dict[str, Any]:
    """A row of the process."""
    return {"id": number, "username": f"user{number}", "vip": number % 2 == 0, "note": None}


def numbered(request: Request) -> Response:
    """Rows from ``start``, ``size`` of them, of ``count`` in all."""
    start, size, count = (int(request.query[name]) for name in ("start", "size", "count"))
    return Response({"total": count, "items": [row(number) for number in range(start, min(start + size, count))]})


if __name__ == "__main__":
    with JsonApi(numbered) as api:
        sys.stdout.write(f"{api.server_port}\n")
        sys.stdout.flush()
        sys.stdin.read()
