"""The live feed of a run over WebSocket.

The token comes as ``Authorization`` header, as subprotocol (``Sec-WebSocket-Protocol: bearer, <token>``) or in the
query as ``token``. Frames are sent as ready texts; a viewer too slow to receive them is disconnected.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Coroutine
from typing import Any
from urllib.parse import urlsplit

from tornado.websocket import WebSocketClosedError
from tornado.websocket import WebSocketHandler

from perfsvc.errors import BadRequest
from perfsvc.errors import Forbidden
from perfsvc.errors import NotAuthenticated
from perfsvc.errors import NotFound
from perfsvc.errors import PerfsvcError
from perfsvc.errors import Unavailable
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.model.entities import Role
from perfsvc.service.auth.access import Kind
from perfsvc.web.api.live_models import LiveFrame
from perfsvc.web.framework.handler import Handler
from perfsvc.web.framework.operation import operation
from perfsvc.web.framework.parsing import read_json
from perfsvc.web.framework.routing import Route
from perfsvc.web.framework.rules import may

SUBPROTOCOL = "bearer"
MAX_VIEWERS = 500
LATEST = 253_402_300_799
"""The last second of the year 9999."""
RENEWAL_S = 1.0
"""The least time between two messages of a viewer that are looked at."""

END_OF_RUN = 1000
FAILED = 1011
TOO_SLOW = 1013
UNAUTHORISED = 4401
FORBIDDEN = 4403

logger = logging.getLogger(__name__)


class LiveQuery(Spec):
    """``token`` is for clients that can set neither headers nor subprotocols, ``since`` for those that come back."""

    since: int | None = titled("此后的数据（Unix 秒）", "What came after, Unix s", default=None, ge=0, le=LATEST)
    token: str | None = titled("令牌", "Access token", default=None, max_length=4096)


class Renewal(Spec):
    """Message from a viewer: a fresh access token."""

    token: str = titled("令牌", "Access token", max_length=4096)


class LiveHandler(Handler, WebSocketHandler):
    write_limit_s = 10.0
    """Time limit for sending one frame to a viewer."""
    recheck_s = 10.0
    """Interval at which the permission of a viewer is checked again."""

    @operation(
        "实时性能数据推送",
        "Live figures of a run (WebSocket)",
        may(Role.VIEWER, Kind.EXECUTION),
        status=101,
        frames=LiveFrame,
    )
    async def get(self, execution_id: str, query: LiveQuery) -> None:
        self._refuse_foreign_pages()
        if self.request.headers.get("Upgrade", "").lower() != "websocket":
            raise BadRequest("此地址需要 WebSocket 连接", "This address needs a WebSocket connection")
        if self.context.traffic.viewers >= MAX_VIEWERS:
            raise Unavailable("观看实时数据的连接过多", "Too many viewers of live feeds")
        self._subscription = await self.services.runs.subscribe(execution_id, query.since)
        self._tasks: list[asyncio.Task[None]] = []
        self._token, self._message = self.bearer_token(), asyncio.Event()
        self.context.traffic.viewers += 1
        try:
            await super().get(execution_id)  # returns when the connection has ended
        finally:
            self.context.traffic.viewers -= 1
            self._subscription.close()
            for task in self._tasks:
                task.cancel()

    def open(self, execution_id: str) -> None:
        """Called by Tornado once the connection is up."""
        loop = asyncio.get_running_loop()
        work = (self._send_frames(), self._watch(execution_id), self._renew())
        self._tasks = [loop.create_task(self._to_the_end(each)) for each in work]

    def on_message(self, message: str | bytes) -> None:
        """A viewer may send a new token; of several messages at once the latest counts."""
        self._latest_message = message
        self._message.set()

    def bearer_token(self) -> str:
        """The token from wherever this client could put it."""
        offered = [part.strip() for part in self.request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        if len(offered) == 2 and offered[0] == SUBPROTOCOL:
            return offered[1]
        in_query = self.request.query_arguments.get("token")
        if in_query and "Authorization" not in self.request.headers:
            return in_query[0].decode("ascii", "replace")
        return super().bearer_token()

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """Never the token itself."""
        return SUBPROTOCOL if SUBPROTOCOL in subprotocols else None

    def _refuse_foreign_pages(self) -> None:
        origin = self.request.headers.get("Origin")
        if origin is None or urlsplit(origin).netloc.lower() == self.request.host.lower():
            return
        if not self.check_origin(origin):
            raise Forbidden("不允许来自该页面的连接", "Pages from elsewhere may not connect")

    async def _send_frames(self) -> None:
        async for text in self._subscription:
            try:
                await asyncio.wait_for(self.write_message(text), self.write_limit_s)
            except TimeoutError:
                self._subscription.close()
                self.close(TOO_SLOW, "too slow")
                return
        self.close(END_OF_RUN, "end of run")

    async def _watch(self, execution_id: str) -> None:
        """End the feed once its token, its user or the membership is no longer good."""
        while True:
            await asyncio.sleep(min(self.recheck_s, max(0.0, self.identity.expires - self.services.clock.wall())))
            try:
                user = (await self.services.sessions.authenticate(self._token)).user
                await self.services.access.require(user, Role.VIEWER, Kind.EXECUTION, execution_id)
            except NotAuthenticated:
                self.close(UNAUTHORISED, "token no longer valid")
                return
            except (Forbidden, NotFound):
                self.close(FORBIDDEN, "no longer allowed")
                return
            except Unavailable:  # the permission cannot be checked now: the last result holds
                logger.info("could not check the viewer of %s", execution_id)

    async def _renew(self) -> None:
        """Go on with the token that the viewer sends, if it is the same user's."""
        while True:
            await self._message.wait()
            self._message.clear()
            accepted = await self._accept(self._latest_message)
            data = {"accepted": accepted, "expires": self.identity.expires}
            frame = {"type": "token", "timestamp": int(self.services.clock.wall()), "data": data}
            await self.write_message(json.dumps(frame))
            await asyncio.sleep(RENEWAL_S)

    async def _accept(self, message: str | bytes) -> bool:
        try:
            token = Renewal.parse(read_json(message.encode() if isinstance(message, str) else message)).token
            identity = await self.services.sessions.authenticate(token)
        except PerfsvcError:
            return False
        if identity.user.id != self.user.id:
            return False
        self._token, self.caller = token, identity
        return True

    async def _to_the_end(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except WebSocketClosedError:
            return
        except Exception:
            logger.exception("live feed of request %s failed", self.request_id)
            self.close(FAILED, "internal error")


routes = [Route("/ws/performance/{execution_id}/", LiveHandler)]
