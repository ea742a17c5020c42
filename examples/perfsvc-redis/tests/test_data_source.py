"""The data source against a real Redis, and against everything perfsvc expects of a data source."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from collections.abc import Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from typing import ClassVar

import pytest
from perfsvc_redis import RedisList
from redis_server import RedisServer

from perfsvc.plugin import DataFailure
from perfsvc.plugin import Row
from perfsvc.plugin.testing import DataRig
from perfsvc.plugin.testing import Setting
from perfsvc.plugin.testing import data_checks_of
from perfsvc.plugin.testing import data_context
from perfsvc.plugin.testing import hold_data
from perfsvc.plugin.testing import rows_of
from perfsvc.plugin.testing import run_on_loop

AT_ONCE = 1000


def push(redis: RedisServer, key: str, elements: Iterable[str]) -> None:
    """All elements into a list, in order."""
    every = list(elements)
    for at in range(0, len(every), AT_ONCE):
        redis.ask("RPUSH", key, *every[at : at + AT_ONCE])


class ListBench(DataRig):
    """What the contract suite must know."""

    source = RedisList
    refused: ClassVar[list[tuple[dict[str, Any], str]]] = [
        ({"list": "a"}, "url"),
        ({"url": "redis://127.0.0.1:1"}, "list"),
        ({"url": "http://127.0.0.1:1", "list": "a"}, "url"),
        ({"url": "redis://me:secret@127.0.0.1:1", "list": "a"}, "url"),
        ({"url": "redis://127.0.0.1:1", "list": "a", "columns": ["a", "b c"]}, "columns[1]"),
        ({"url": "redis://127.0.0.1:1", "list": "a", "columns": ["a", "a"]}, "columns[1]"),
        ({"url": "redis://127.0.0.1:1", "list": "a", "timeout": 0}, "timeout"),
        ({"url": "redis://127.0.0.1:1", "list": "a", "password": "{{$nonsense}}"}, "password"),
        ({"url": "redis://127.0.0.1:1", "list": "a", "kee": "b"}, "kee"),
    ]

    def __init__(self, redis: RedisServer | None = None) -> None:
        self._redis = redis

    @asynccontextmanager
    async def around(self, folder: Path, count: int) -> AsyncIterator[Setting]:
        assert self._redis is not None
        push(self._redis, "rows", (json.dumps(self.row(number)) for number in range(count)))
        yield Setting({"url": self._redis.url, "list": "rows"}, data_context(folder))

    def row(self, number: int) -> Row:
        return {"id": number, "name": f"user{number}"}


@pytest.mark.parametrize("check", data_checks_of(ListBench()))
def test_contract(check: str, redis: RedisServer, tmp_path: Path) -> None:
    hold_data(ListBench(redis), check, tmp_path)


def read(redis: RedisServer, folder: Path, **options: Any) -> tuple[list[Row], list[Row]]:
    """All rows, and all rows once more after a rewind."""

    async def main() -> tuple[list[Row], list[Row]]:
        given = RedisList.Options.parse({"url": redis.url, "list": "rows", **options})
        feed = await RedisList(given, data_context(folder)).open()
        try:
            first = await rows_of(feed, 2)
            await feed.rewind()
            return first, await rows_of(feed, 2)
        finally:
            await feed.close()

    return run_on_loop(main())


def test_plain_values(redis: RedisServer, tmp_path: Path) -> None:
    push(redis, "rows", ["Ada", '{"not": "looked at"}', "李"])
    rows = [{"name": "Ada"}, {"name": '{"not": "looked at"}'}, {"name": "李"}]
    assert read(redis, tmp_path, columns=["name"]) == (rows, rows)


def test_lists_of_values(redis: RedisServer, tmp_path: Path) -> None:
    push(redis, "rows", ['["Ada", 36]', '["Grace", null]'])
    rows = [{"name": "Ada", "age": 36}, {"name": "Grace", "age": None}]
    assert read(redis, tmp_path, columns=["name", "age"]) == (rows, rows)


def test_elements_that_are_taken_are_gone(redis: RedisServer, tmp_path: Path) -> None:
    push(redis, "rows", ["a", "b", "c"])
    first, second = read(redis, tmp_path, columns=["x"], take=True)
    assert (first, second) == ([{"x": "a"}, {"x": "b"}, {"x": "c"}], [])
    assert redis.ask("EXISTS", "rows") == 0


@pytest.mark.parametrize(
    ("elements", "options", "message"),
    [
        ([], {}, "the list rows is empty"),
        (["{"], {}, "an element of the list rows is not JSON"),
        (["[1]"], {}, "an element of the list rows is not an object in JSON"),
        (["{}"], {}, "an element of the list rows is not an object in JSON"),
        (['{"a": 1}', '{"b": 1}'], {}, "an element of the list rows does not have the columns of the first one"),
        (["[1]"], {"columns": ["a", "b"]}, "an element of the list rows is not a list of 2 values in JSON"),
    ],
)
def test_what_is_no_row_is_told(
    elements: list[str], options: dict[str, Any], message: str, redis: RedisServer, tmp_path: Path
) -> None:
    push(redis, "rows", elements)
    with pytest.raises(DataFailure) as caught:
        read(redis, tmp_path, **options)
    assert caught.value.text.en == message
    assert caught.value.text.zh.startswith("列表 rows ")


def test_failures_of_the_server_are_told(redis: RedisServer, tmp_path: Path) -> None:
    redis.ask("SET", "rows", "text")
    with pytest.raises(DataFailure, match=f"Redis at {redis.url}: WRONGTYPE Operation"):
        read(redis, tmp_path)
    with pytest.raises(DataFailure, match=r"Redis at .*: ERR .*AUTH"):
        read(redis, tmp_path, password="secret")
    with pytest.raises(DataFailure, match=r"Redis at redis://127\.0\.0\.1:1: "):
        read(redis, tmp_path, url="redis://127.0.0.1:1")
