"""``pool``: rows written into the plan itself, as objects or as columns and values."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from typing import Annotated
from typing import Any

from pydantic import Field
from pydantic import model_validator

from perfsvc.plugin import DataSource
from perfsvc.plugin import Fault
from perfsvc.plugin import Feed
from perfsvc.plugin import Many
from perfsvc.plugin import Problem
from perfsvc.plugin import Row
from perfsvc.plugin import Spec
from perfsvc.plugin import Text
from perfsvc.plugin import hookimpl
from perfsvc.plugin import titled
from perfsvc_datasources._columns import MOST_COLUMNS
from perfsvc_datasources._columns import Column
from perfsvc_datasources._columns import twice

MOST_ROWS = 100_000
LONGEST_CELL = 100_000
"""Characters."""

Rows = Annotated[Many[dict[Column, Any]], Field(min_length=1, max_length=MOST_ROWS)]
Columns = Annotated[Many[Column], Field(min_length=1, max_length=MOST_COLUMNS)]
Values = Annotated[Many[Any], Field(min_length=1, max_length=MOST_ROWS)]


class Options(Spec):
    """Either ``rows``, or ``columns`` with ``values``."""

    rows: Rows | None = titled(
        "数据行（对象列表）",
        "Rows, each an object",
        default=None,
        examples=[[{"username": "alice", "password": "secret1"}]],
    )
    columns: Columns | None = titled("列名", "Names of the columns", default=None, examples=[["username", "password"]])
    values: Values | None = titled(
        "数据（值，或每行一个列表）",
        "Values, or a list for each row",
        freeform=True,
        default=None,
        examples=[["alice", "bob"], [["alice", "secret1"], ["bob", "secret2"]]],
    )

    @model_validator(mode="after")
    def _sound(self) -> Options:
        problems = list(self._problems())
        if problems:
            raise Fault.all(problems)
        return self

    def table(self) -> tuple[list[str], list[Row]]:
        """Return the columns and the rows of either form of the options."""
        if self.rows is not None:
            return list(self.rows[0]), list(self.rows)
        names = list(self.columns or ())
        return names, [dict(zip(names, _fields(value), strict=True)) for value in self.values or ()]

    def _problems(self) -> Iterator[Problem]:
        if self.rows is not None:
            for name in ("columns", "values"):
                if getattr(self, name) is not None:
                    yield Problem(name, Text("不能与 rows 同时使用", "cannot be combined with rows"))
            yield from _of_objects(self.rows)
        elif self.columns is None and self.values is None:
            yield Problem("rows", Text("必填项", "is required"))
        else:
            for name in ("columns", "values"):
                if getattr(self, name) is None:
                    yield Problem(name, Text("必填项", "is required"))
            yield from twice(self.columns or (), "columns")
            if self.columns:
                yield from _of_values(self.values or (), len(self.columns))


def _of_objects(rows: Sequence[Row]) -> Iterator[Problem]:
    names = rows[0].keys()
    if not names:
        yield Problem("rows[0]", Text("至少需要一列", "must have at least one column"))
    for index, row in enumerate(rows):
        for name in names - row.keys():
            yield Problem(f"rows[{index}].{name}", Text("缺少该列", "is missing"))
        for name in row.keys() - names:
            yield Problem(f"rows[{index}].{name}", Text("第一行没有该列", "is not a column of the first row"))
        yield from _of_cells(row, f"rows[{index}].{{}}")


def _of_values(values: Sequence[Any], width: int) -> Iterator[Problem]:
    for index, value in enumerate(values):
        fields = _fields(value)
        at = f"values[{index}]"
        if len(fields) != width:
            yield Problem(
                at, Text(f"应有 {width} 个值，实际 {len(fields)} 个", f"has {len(fields)} values, not {width}")
            )
        yield from _of_cells(dict(enumerate(fields)), at + "[{}]" if isinstance(value, list) else at)


def _of_cells(cells: dict[Any, Any], at: str) -> Iterator[Problem]:
    for key, cell in cells.items():
        if isinstance(cell, dict | list):
            text = Text("应为文本、数字、布尔值或 null", "must be text, a number, true, false or null")
            yield Problem(at.format(key), text)
        elif isinstance(cell, str) and len(cell) > LONGEST_CELL:
            text = Text(f"长度不能超过 {LONGEST_CELL} 个字符", f"must have at most {LONGEST_CELL} characters")
            yield Problem(at.format(key), text)


def _fields(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


class PoolFeed(Feed):
    """Rows in memory."""

    def __init__(self, columns: Sequence[str], rows: Sequence[Row]) -> None:
        self.columns, self.count = columns, len(rows)
        self._rows = rows
        self._next = 0

    async def read(self, limit: int) -> list[Row]:
        return self.read_nowait(limit)

    def read_nowait(self, limit: int) -> list[Row]:
        block = list(self._rows[self._next : self._next + limit])
        self._next += len(block)
        return block

    async def rewind(self) -> None:
        self._next = 0


class PoolSource(DataSource):
    """Rows in the plan itself."""

    name = "pool"
    title = Text("数据池", "Pool")
    Options = Options

    async def open(self) -> PoolFeed:
        return PoolFeed(*self.options.table())


@hookimpl
def register_data_sources() -> list[type[DataSource]]:
    """Declare the data source."""
    return [PoolSource]
