"""A shop for the examples of the documentation: pages, a log-in, a list, a cart.

Usage: shop.py [PORT]. It listens on 127.0.0.1, on port 8080 unless another is given, and prints its address.
"""

from __future__ import annotations

import asyncio
import sys

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.web import RequestHandler

PORT = 8080
SLOW_S = 0.05
TOKEN = "t-123"  # noqa: S105  # of a shop that has nothing to guard
ITEMS = [{"id": number, "price": 9.5} for number in (1, 2, 3)]


class Page(RequestHandler):
    """A page of any address."""

    def get(self, path: str) -> None:
        self.write({"ok": True, "path": path})

    post = put = patch = delete = get


class Login(RequestHandler):
    def post(self) -> None:
        self.set_cookie("session", "abc")
        self.write({"ok": True, "token": TOKEN})


class Items(RequestHandler):
    def get(self) -> None:
        self.write({"items": ITEMS, "next": None})


class Cart(RequestHandler):
    """Takes orders of those who have logged in."""

    def post(self) -> None:
        signed_in = self.request.headers.get("Authorization") == f"Bearer {TOKEN}"
        self.set_status(201 if signed_in else 401)
        self.write({"order": 42} if signed_in else {"ok": False})

    def delete(self) -> None:
        self.write({"ok": True})


class Slow(RequestHandler):
    async def get(self) -> None:
        await asyncio.sleep(SLOW_S)
        self.write({"ok": True})


async def main(port: int) -> None:
    """Serve until interrupted."""
    kinds = [("/login", Login), ("/items", Items), ("/cart", Cart), ("/slow", Slow), ("(/.*)", Page)]
    sockets = bind_sockets(port, "127.0.0.1")
    HTTPServer(Application(kinds, log_function=lambda _: None)).add_sockets(sockets)
    sys.stdout.write(f"http://127.0.0.1:{sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else PORT))
