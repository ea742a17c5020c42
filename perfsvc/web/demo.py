"""A target to try load tests on, in the service itself: a few addresses of small, fixed cost.

``/demo/slow/`` serves as many requests at once as a shop with a few counters: the others queue, and when the queue is
full they are refused. So it slows down with load, and breaks at a point that can be found.
"""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

from perfsvc.errors import NotFound
from perfsvc.errors import Text
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.request import ApiRequest
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import Open

COUNTERS = 10
"""Requests to ``/demo/slow/`` that are served at once, each for ``SERVICE_S``: 500 a second at most."""
SERVICE_S = 0.02
LONGEST_QUEUE = 100
ITEMS, PAGE_SIZE = 100, 10
PREFIX = "demo-"
"""Of the tokens that open nothing but the list of this target."""


class WhileOn(Open):
    """Anybody, as long as the setting ``demo`` is on."""

    explained = Text("无需登录，可由设置关闭", "Open to everybody, unless the setting demo is off")

    async def identify(self, request: ApiRequest) -> None:
        if not isinstance(request, Handler) or not request.context.settings.demo:
            raise NotFound("接口不存在", "There is nothing at this address")


WHILE_ON = WhileOn()


class Shop:
    """The counters of this process, and how many wait or are served."""

    def __init__(self) -> None:
        self.inside = 0
        self.counters = asyncio.Semaphore(COUNTERS)


SHOP = Shop()


class ErrorsQuery(Spec):
    """Share of failing requests, %, and the kind of failure."""

    rate: int = titled("失败比例（%）", "Failures, %", default=10, ge=0, le=100)
    status: int = titled("失败状态码", "Status of a failure", default=500, ge=400, le=599)


class PageNumber(Spec):
    """Which page of the list."""

    page: int = titled("页码", "Page", default=1, ge=1, le=ITEMS // PAGE_SIZE)


class DemoLogin(Spec):
    """Anybody may log in."""

    username: str = titled("用户名", "Username", min_length=1, max_length=100)
    password: str = titled("密码", "Password", default="", max_length=100)


class DemoHandler(Handler):
    """One address of the target."""

    def reply(self, body: Any, status: int = 200) -> None:
        """Send a reply."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(json.dumps(body))

    @property
    def logged_in(self) -> bool:
        return self.request.headers.get("Authorization", "").startswith(f"Bearer {PREFIX}")


class DemoHome(DemoHandler):
    @operation("演示目标", "The demo target", WHILE_ON, documented=False)
    async def get(self) -> None:
        paths = ["fast/", "slow/", "errors/?rate=10", "login/", "items/?page=1", "items/1/"]
        self.reply({"name": "perfsvc demo target", "paths": paths})


class DemoFast(DemoHandler):
    @operation("快速响应", "A quick reply", WHILE_ON, documented=False)
    async def get(self) -> None:
        self.reply({"ok": True})


class DemoSlow(DemoHandler):
    @operation("随负载变慢", "A reply that takes longer under load", WHILE_ON, documented=False)
    async def get(self) -> None:
        if SHOP.inside >= LONGEST_QUEUE:
            self.reply({"error": "busy"}, 503)
            return
        SHOP.inside += 1
        try:
            async with SHOP.counters:
                await asyncio.sleep(SERVICE_S)
        finally:
            SHOP.inside -= 1
        self.reply({"ok": True})


class DemoErrors(DemoHandler):
    @operation("按比例失败", "Fails as often as it is told to", WHILE_ON, documented=False)
    async def get(self, query: ErrorsQuery) -> None:
        fails = random.random() * 100 < query.rate  # noqa: S311 - nothing hangs on it
        self.reply({"ok": not fails}, query.status if fails else 200)


class DemoLoginHandler(DemoHandler):
    @operation("演示登录", "Log in to the demo target", WHILE_ON, documented=False)
    async def post(self, body: DemoLogin) -> None:
        self.reply({"token": f"{PREFIX}{body.username}", "expires_in": 3600})


class DemoItems(DemoHandler):
    @operation("演示列表", "The list of the demo target", WHILE_ON, documented=False)
    async def get(self, query: PageNumber) -> None:
        if not self.logged_in:
            self.reply({"error": "log in first"}, 401)
            return
        first = (query.page - 1) * PAGE_SIZE + 1
        items = [item(number) for number in range(first, first + PAGE_SIZE)]
        self.reply({"total": ITEMS, "page": query.page, "items": items})


class DemoItem(DemoHandler):
    @operation("演示详情", "One thing of the demo target", WHILE_ON, documented=False)
    async def get(self, number: int) -> None:
        if not self.logged_in:
            self.reply({"error": "log in first"}, 401)
        elif not 1 <= number <= ITEMS:
            self.reply({"error": "no such item"}, 404)
        else:
            self.reply(item(number))


def item(number: int) -> dict[str, Any]:
    """A thing of the list."""
    return {"id": number, "name": f"item {number}", "price": number * 10, "in_stock": number % 7 != 0}


routes = [
    Route("/demo/", DemoHome),
    Route("/demo/fast/", DemoFast),
    Route("/demo/slow/", DemoSlow),
    Route("/demo/errors/", DemoErrors),
    Route("/demo/login/", DemoLoginHandler),
    Route("/demo/items/", DemoItems),
    Route("/demo/items/{number}/", DemoItem),
]
