"""Asking a Redis server from a coroutine, for the data source."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from perfsvc.plugin import DataContext
from perfsvc.plugin import DataFailure
from perfsvc.plugin import Failed
from perfsvc.plugin import RunContext
from perfsvc.plugin import Scope
from perfsvc.plugin import Template
from perfsvc.plugin.net import Dialer
from perfsvc_redis import address
from perfsvc_redis.command import packed
from perfsvc_redis.connection import Connection
from perfsvc_redis.greeting import Greeting
from perfsvc_redis.spec import ServerOptions

MAX_REPLY = 268_435_456
"""Bytes."""


class Client:
    """Asks one thing at a time; connects where no connection stands."""

    def __init__(self, url: str, timeout_s: float, options: ServerOptions, context: DataContext) -> None:
        """Raises InvalidInput for a certificate or a template that cannot be used."""
        run = as_run(context)
        self._address = address.parse(url)
        self._connection: Connection | None = None
        self._dialer = Dialer(options, run)
        self._greeting = Greeting(options, run)
        self._timeout_s = timeout_s
        self._user = Scope(0, context.seed)

    async def ask(self, *commands: tuple[str | int, ...]) -> list[Any]:
        """The replies to some commands. Raises DataFailure, for an error among them too."""
        try:
            async with asyncio.timeout(self._timeout_s):
                connection = self._connection
                if connection is None or not connection.open:
                    connection = self._connection = await self._connected()
                return await connection.exchange(packed(commands), len(commands))
        except Failed as error:
            raise DataFailure(f"Redis {self._address}：{error}", f"Redis at {self._address}: {error}") from None
        except TimeoutError:
            raise DataFailure(
                f"Redis {self._address} 在 {self._timeout_s:g} 秒内没有响应",
                f"Redis at {self._address} did not answer within {self._timeout_s:g} s",
            ) from None

    async def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.drop()
            await asyncio.sleep(0)  # the loop calls its connection_lost

    async def _connected(self) -> Connection:
        connection = Connection(time.perf_counter_ns, MAX_REPLY, lambda *_: None)
        try:
            await self._dialer.open(self._address, connection, self._user)
            await self._greeting.say(connection, self._address, self._user)
        except BaseException:
            connection.drop()
            raise
        return connection


def as_run(context: DataContext) -> RunContext:
    """What a data source knows, as protocols know it."""
    return RunContext(
        base_url=context.base_url,
        headers=context.headers,
        template=lambda text: Template(text, context.variables),
        now_ns=time.perf_counter_ns,
        resolve=context.resolve,
    )
