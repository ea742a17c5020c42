"""Rows from a Redis list, in its order: read where they are, or taken out."""

from __future__ import annotations

import json
from typing import Any

from pydantic import field_validator

from perfsvc.plugin import DataFailure
from perfsvc.plugin import DataSource
from perfsvc.plugin import Fault
from perfsvc.plugin import Feed
from perfsvc.plugin import Many
from perfsvc.plugin import Problem
from perfsvc.plugin import Row
from perfsvc.plugin import Text
from perfsvc.plugin import titled
from perfsvc_redis import address
from perfsvc_redis.client import Client
from perfsvc_redis.spec import ServerOptions

MOST_AT_ONCE = 250
"""Elements that one command asks for: however many rows are wanted, the loop is not held up."""
NOT_PUT_BACK = Text("读取过的元素不会放回列表", "elements that were read are not put back into the list")


class Options(ServerOptions):
    """Where the list is, and what its elements are."""

    url: str = titled(
        "地址",
        "URL",
        max_length=2000,
        about=(
            "列表所在的服务器：redis://主机:端口/数据库，TLS 用 rediss://。",
            "The server of the list: redis://host:port/database, rediss:// over TLS.",
        ),
        examples=["redis://127.0.0.1:6379/0"],
    )
    list: str = titled(
        "列表的键",
        "Key of the list",
        min_length=1,
        max_length=1000,
        about=("每个元素是一行数据，按列表的顺序读取。", "Each element is a row, read in the order of the list."),
        examples=["users"],
    )
    columns: Many[str] = titled(
        "列名",
        "Names of the columns",
        default=(),
        max_length=100,
        about=(
            "不填时每个元素是一个 JSON 对象；一个列名时元素本身就是值；多个列名时元素是 JSON 数组。",
            "Without them each element is an object in JSON; with one name each element is its value; with several each"
            " element is a list of values in JSON.",
        ),
        examples=[["user", "name"]],
    )
    take: bool = titled(
        "取出元素",
        "Take elements out",
        default=False,
        about=(
            "读取时把元素从列表中取出，且不放回；读取先于使用，测试结束时已读取的元素也不再存在。",
            "Elements are removed as they are read, which is somewhat ahead of their use, and are not put back.",
        ),
    )
    timeout: float = titled(
        "超时（秒）",
        "Time limit, s",
        default=10.0,
        gt=0,
        le=300,
        about=("等待服务器每次响应的时间。", "How long to wait for each reply of the server."),
    )

    @field_validator("url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        try:
            address.parse(value)
        except ValueError as error:
            raise Fault(f"无法使用：{error}", f"cannot be used: {error}") from None
        return value

    @field_validator("columns")
    @classmethod
    def _name_variables(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [number for number, name in enumerate(value) if not name.isidentifier() or name in value[:number]]
        if wrong:
            text = Text("应为变量名且不能重复", "must be the name of a variable, and each once")
            raise Fault.all([Problem(f"[{number}]", text) for number in wrong])
        return value


class ListFeed(Feed):
    """A place in a list."""

    def __init__(self, options: Options, client: Client, count: int, first: bytes) -> None:
        """``first`` is the first element. Raises DataFailure when it is no row."""
        self._client = client
        self._next = 0
        self._options = options
        self.columns = options.columns or tuple(self._object(first))
        self.count = None if options.take else count
        self.warnings = [NOT_PUT_BACK] if options.take else []

    async def read(self, limit: int) -> list[Row]:
        name, first, limit = self._options.list, self._next, min(limit, MOST_AT_ONCE)
        taking = ("LPOP", name, limit)
        (elements,) = await self._client.ask(
            taking if self._options.take else ("LRANGE", name, first, first + limit - 1)
        )
        self._next = first + len(elements or ())
        return [self._row(element) for element in elements or ()]

    async def rewind(self) -> None:
        """The first element is the next one; where elements are taken out, it always is."""
        self._next = 0

    async def close(self) -> None:
        await self._client.close()

    def _row(self, element: bytes) -> Row:
        names = self.columns
        if not self._options.columns:
            row = self._object(element)
            if row.keys() != set(names):
                raise self._bad("的列与第一个元素不同", "does not have the columns of the first one")
            return {name: row[name] for name in names}
        values = [element.decode("utf-8", "replace")] if len(names) == 1 else self._json(element)
        if not isinstance(values, list) or len(values) != len(names):
            raise self._bad(f"不是 {len(names)} 个值的 JSON 数组", f"is not a list of {len(names)} values in JSON")
        return dict(zip(names, values, strict=True))

    def _object(self, element: bytes) -> Row:
        found = self._json(element)
        if not isinstance(found, dict) or not found:
            raise self._bad("不是 JSON 对象", "is not an object in JSON")
        return found

    def _json(self, element: bytes) -> Any:
        try:
            return json.loads(element)
        except ValueError:
            raise self._bad("不是 JSON", "is not JSON") from None

    def _bad(self, zh: str, en: str) -> DataFailure:
        name = self._options.list
        return DataFailure(f"列表 {name} 中有元素{zh}", f"an element of the list {name} {en}")


class RedisList(DataSource):
    """One object serves one run, or one preview."""

    name = "redis_list"
    title = Text("Redis 列表", "Redis list")
    Options = Options

    async def open(self) -> ListFeed:
        """Look at the first element. Raises InvalidInput for credentials, DataFailure for anything else."""
        options = self.options
        client = Client(options.url, options.timeout, options, self.context)
        try:
            count, first = await client.ask(("LLEN", options.list), ("LINDEX", options.list, 0))
            if first is None:
                raise DataFailure(f"列表 {options.list} 为空", f"the list {options.list} is empty")
            return ListFeed(options, client, count, first)
        except BaseException:
            await client.close()
            raise
