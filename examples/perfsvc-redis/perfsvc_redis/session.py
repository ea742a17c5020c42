"""One virtual user as a Redis client: its connection, and one request at a time over it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import hiredis

from perfsvc.plugin import Failed
from perfsvc.plugin import Reply
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc.plugin import Session
from perfsvc.plugin.net import Dialer
from perfsvc_redis.address import Address
from perfsvc_redis.command import RedisCall
from perfsvc_redis.connection import Connection
from perfsvc_redis.connection import error_class
from perfsvc_redis.greeting import Greeting
from perfsvc_redis.reply import RedisReply


class RedisSession(Session):
    """Sends on the connection it has, opening one where none stands or another server is wanted."""

    __slots__ = (
        "_address",
        "_busy",
        "_call",
        "_connection",
        "_dialer",
        "_dialing",
        "_greeting",
        "_limit",
        "_now_ns",
        "reply",
    )

    def __init__(
        self,
        scope: Scope,
        done: Callable[[Reply], None],
        dialer: Dialer,
        greeting: Greeting,
        limit: int,
        context: RunContext,
    ) -> None:
        super().__init__(scope, done)
        # For as long as the user lives
        self.reply = RedisReply()
        self._address: Address | None = None
        self._connection: Connection | None = None
        self._dialer = dialer
        self._greeting = greeting
        self._limit = limit
        self._now_ns = context.now_ns
        # For one request
        self._busy = False
        self._call: RedisCall
        self._dialing: asyncio.Task[None] | None = None

    def start(self, call: RedisCall) -> None:
        address = call.address or call.place(self.scope)
        request = call.constant or call.render(self.scope)
        reply, connection = self.reply, self._connection
        reply.reset()
        reply.request = request
        self._busy = True
        self._call = call
        if connection is not None and connection.open and address == self._address:
            self._send(connection)
            return
        self.reset()
        self._address = address
        reply.peer = str(address)
        reply.started_ns = self._now_ns()
        self._dialing = asyncio.get_running_loop().create_task(self._open(address))

    def abort(self, error_class: str) -> None:
        if self._busy:
            self._fail(error_class, "")

    def reset(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.drop()

    async def close(self) -> None:
        self.reset()
        await asyncio.sleep(0)  # the loop calls connection_lost, and lets go of the connection

    async def _open(self, address: Address) -> None:
        connection = self._connection = Connection(self._now_ns, self._limit, self._fail)
        try:
            phases = await self._dialer.open(address, connection, self.scope)
            await self._greeting.say(connection, address, self.scope)
        except Failed as error:
            self._dialing = None
            self._fail(error.error_class, str(error))
            return
        self._dialing = None
        self.reply.connected = phases
        self._send(connection)

    def _send(self, connection: Connection) -> None:
        reply, call = self.reply, self._call
        reply.sent = True
        reply.bytes_sent = len(reply.request)
        reply.started_ns = self._now_ns()
        connection.ask(reply.request, call.count, self._answered)

    def _answered(self, values: list[Any]) -> None:
        reply, call, connection = self.reply, self._call, self._connection
        reply.ended_ns = connection.last_ns  # type: ignore[union-attr]  # it has just answered
        reply.waiting_ns = connection.first_ns - reply.started_ns  # type: ignore[union-attr]
        reply.bytes_received = connection.received  # type: ignore[union-attr]
        reply.value = values[0] if call.one else values
        reply.counters = call.counted
        reply.gauges = {"redis_reply_bytes": float(connection.received)}  # type: ignore[union-attr]
        self._judge(values)
        self._busy = False
        self.done(reply)

    def _judge(self, values: list[Any]) -> None:
        """An error among the replies is the request's failure. Nil, a cache's reply when it misses, is counted."""
        misses = 0
        for value in values:
            if value is None:
                misses += 1
            elif isinstance(value, hiredis.ReplyError):
                self.reply.failure, self.reply.message = error_class(value), str(value)
                break
        if misses:
            self.reply.counters = {"redis_commands": float(len(values)), "redis_misses": float(misses)}

    def _fail(self, error_class: str, message: str) -> None:
        reply, connection = self.reply, self._connection
        if self._dialing is not None:
            self._dialing.cancel()
            self._dialing = None
        if connection is not None and reply.sent:
            reply.bytes_received = connection.received
            reply.waiting_ns = max(connection.first_ns - reply.started_ns, 0)
        self.reset()
        reply.failure, reply.message = error_class, message
        reply.ended_ns = self._now_ns()
        self._busy = False
        self.done(reply)
