"""The plugin: a query of the plan, a connection of the environment."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from perfsvc.plugin import DataFailure
from perfsvc.plugin import DataSource
from perfsvc.plugin import InvalidInput
from perfsvc.plugin import TargetDenied
from perfsvc.plugin import Text
from perfsvc_datasources.database import mysql
from perfsvc_datasources.database import postgresql
from perfsvc_datasources.database.feed import DatabaseFeed
from perfsvc_datasources.database.reader import Address
from perfsvc_datasources.database.reader import Job
from perfsvc_datasources.database.reader import Reader
from perfsvc_datasources.database.spec import Options
from perfsvc_datasources.database.sqlite import SqliteReader
from perfsvc_datasources.database.statement import checked

READERS: dict[str, type[Reader]] = {
    "sqlite": SqliteReader,
    "mysql": mysql.MysqlReader,
    "mariadb": mysql.MysqlReader,
    "postgresql": postgresql.PostgresqlReader,
}
PORTS = {"mysql": mysql.DEFAULT_PORT, "mariadb": mysql.DEFAULT_PORT, "postgresql": postgresql.DEFAULT_PORT}


class DatabaseSource(DataSource):
    """Rows of a database."""

    name = "database"
    title = Text("数据库", "Database")
    Options = Options
    cacheable = True

    async def open(self) -> DatabaseFeed:
        connection = await self.context.connection(self.options.connection)
        kind = connection["type"]
        if kind not in READERS:
            readers = ", ".join(READERS)
            raise InvalidInput.at(
                "connection", f"不支持 {kind}，可用类型：{readers}", f"cannot read {kind}; there are: {readers}"
            )
        query = await asyncio.to_thread(checked, self.options.query, kind)
        job = Job(connection, await self._addresses(connection), query, self.options.statement_timeout)
        feed = DatabaseFeed(lambda: READERS[kind](job), self.options.fetch_size)
        await feed.begin()
        return feed

    async def _addresses(self, connection: Mapping[str, Any]) -> Sequence[Address]:
        port = PORTS.get(connection["type"])
        if port is None:
            return ()
        host = connection["host"] or "localhost"
        try:
            return await self.context.resolve(host, connection["port"] or port)
        except TargetDenied:
            raise DataFailure(f"不允许访问数据库主机 {host}", f"the database host {host} is not allowed") from None
        except OSError:
            raise DataFailure(f"无法解析数据库主机 {host}", f"the database host {host} has no address") from None
