"""A target for recorded runs: a shop in a process that can be suspended and whose replies can be made to fail.

As a program it serves at a free port, which it prints. ``ShopProcess`` starts it and ends it.
"""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import nullcontext
from types import TracebackType

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.web import RequestHandler

PAGES = {"list": 0.018, "detail": 0.026, "login": 0.040, "order": 0.090, "pay": 0.024}
"""Pages, and the seconds that each takes in the middle."""
TILLS = asyncio.Semaphore(6)
"""Payments that are served at a time; the others wait, so that each takes the longer the more there are."""
CAPACITY = 240.0
"""Orders a second that are served; of more, the rest are refused."""


class ShopState:
    """The share of orders that fail, and the orders of the current second."""

    failing = 0.0
    second = 0
    orders = 0


class PageHandler(RequestHandler):
    async def get(self, page: str) -> None:
        async with TILLS if page == "pay" else nullcontext():
            await asyncio.sleep(PAGES[page] * random.lognormvariate(0, 0.35))
        if page == "order" and (random.random() < ShopState.failing or self.crowded()):
            self.set_status(503)
            self.finish({"error": "stock service: pool exhausted (64/64)"})
        else:
            self.finish({"ok": random.random() > 0.004, "page": page})

    def crowded(self) -> bool:
        now = int(time.monotonic())
        if now != ShopState.second:
            ShopState.second, ShopState.orders = now, 0
        ShopState.orders += 1
        return ShopState.orders > CAPACITY

    post = get


class StateHandler(RequestHandler):
    def post(self) -> None:
        ShopState.failing = float(self.get_query_argument("failing"))


class ShopProcess:
    """The running shop; ``url`` is its base URL."""

    def __enter__(self) -> ShopProcess:
        self._process = subprocess.Popen([sys.executable, "-m", __name__], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def fail(self, share: float) -> None:
        """Refuse this share of orders from now on."""
        urllib.request.urlopen(f"{self.url}/state?failing={share}", b"").close()

    def freeze(self, seconds: float, meanwhile: Callable[[float], None]) -> None:
        """Suspend the process for a time."""
        self._process.send_signal(signal.SIGSTOP)
        meanwhile(seconds)
        self._process.send_signal(signal.SIGCONT)


def unlogged(handler: RequestHandler) -> None:
    """Write no line for each request."""


async def main() -> None:
    """Serve until the end."""
    pages = "|".join(PAGES)
    server = HTTPServer(Application([(rf"/({pages})", PageHandler), ("/state", StateHandler)], log_function=unlogged))
    sockets = bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    sys.stdout.write(f"{sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
