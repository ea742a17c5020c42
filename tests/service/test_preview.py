"""What is shown of data: nothing secret, little of what is large, and nothing that holds the loop up."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from perfsvc.errors import Text
from perfsvc.plugin import Feed
from perfsvc.plugin import Row
from perfsvc.service.data import preview
from perfsvc.service.data.preview import MORE
from perfsvc.service.data.preview import preview_of

pytestmark = pytest.mark.asyncio


class OneRow(Feed):
    """A row for ever."""

    def __init__(self, row: Row) -> None:
        self.columns = list(row)
        self._row = row

    async def read(self, limit: int) -> list[Row]:
        return [self._row]

    async def rewind(self) -> None:
        pass


async def shown(**row: Any) -> Row:
    return (await preview_of("some", OneRow(row))).rows[9]


async def test_secrets_are_masked_at_any_depth() -> None:
    given = {"password": "x", "user": {"token": "x", "name": "ann"}, "seen": [{"pin": 1}], "note": "token=x"}
    assert await shown(**given) == {
        "password": "***",
        "user": {"token": "***", "name": "ann"},
        "seen": [{"pin": "***"}],
        "note": "token=***",
    }


async def test_long_texts_are_cut_off_sooner_where_there_are_many() -> None:
    assert await shown(a="x" * 1000, b="x" * 1001) == {"a": "x" * 1000, "b": "x" * 1000 + MORE}
    row = await shown(**{f"c{each}": "x" * 1000 for each in range(21)})
    assert row["c20"] == "x" * 200 + MORE


async def test_only_so_many_columns_are_shown() -> None:
    seen = await preview_of("some", OneRow({f"c{each}": each for each in range(101)}))
    assert seen.columns == list(seen.rows[0]) == [f"c{each}" for each in range(100)]
    assert seen.warnings == [Text("共 101 列，只显示前 100 列", "of 101 columns, only the first 100 columns are shown")]


async def test_what_lies_within_is_bounded_in_number_and_depth() -> None:
    branches: Any = "x"
    for _ in range(6):
        branches = [branches] * 10
    row = await shown(a=branches, b={f"k{each}": each for each in range(1000)}, c="last")
    assert 200 < str(row).count("x") < 300
    assert (row["b"], row["c"]) == ({}, "last")
    deep: Any = "x"
    for _ in range(5000):
        deep = {"a": deep}
    assert str(await shown(b=deep)).count("'a'") == 10


async def test_masking_leaves_the_loop_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = set()

    def noting(text: str) -> str:
        threads.add(threading.current_thread())
        return text

    monkeypatch.setattr(preview, "masked", noting)
    assert await shown(a="x") == {"a": "x"}
    assert threads
    assert threading.current_thread() not in threads
