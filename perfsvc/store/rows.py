"""Helpers for queries: a row or NotFound, and pages in a fixed order."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from functools import reduce
from operator import or_
from typing import Any
from typing import TypeVar

from peewee import fn

from perfsvc.errors import InvalidInput
from perfsvc.errors import NotFound
from perfsvc.errors import Problem
from perfsvc.errors import Text
from perfsvc.model.entities import Page
from perfsvc.model.listing import Selection
from perfsvc.store.fields import MAX_INT
from perfsvc.store.fields import Chars
from perfsvc.store.tables import Table

T = TypeVar("T")

USER = Text("用户不存在", "the user does not exist")
API_TOKEN = Text("令牌不存在", "the token does not exist")
PROJECT = Text("项目不存在", "the project does not exist")
MEMBER = Text("项目成员不存在", "the project has no such member")
ENV = Text("测试环境不存在", "the environment does not exist")
DATAFILE = Text("数据文件不存在", "the data file does not exist")
SCENE = Text("业务流不存在", "the scene does not exist")
PLAN = Text("测试计划不存在", "the plan does not exist")
PRESET = Text("预设配置不存在", "the preset does not exist")
EXECUTION = Text("测试执行不存在", "the execution does not exist")
PIN = Text("标记不存在", "the pin does not exist")
REPORT = Text("测试报告不存在", "the report does not exist")

MAX_PAGE_SIZE = 1000
BATCH = 200
"""Rows that are read at once where all are wanted."""


def existing(row: T | None, missing: Text) -> T:
    """Return the row. Raises NotFound."""
    if row is None:
        raise NotFound(*missing)
    return row


def by_id(table: type[Table], key: int, missing: Text) -> Any:
    """The row of that id; raises NotFound. A number too large for an id is the id of nothing."""
    return existing(table.get_or_none(table.id == key) if abs(key) <= MAX_INT else None, missing)


def require(table: type[Table], key: int, missing: Text) -> None:
    """Raises NotFound unless there is a row of that id."""
    by_id(table, key, missing)


@dataclass(frozen=True)
class Columns:
    """Columns of a listing: those that are searched, those that may give the order, those that may be compared."""

    searched: tuple[Any, ...]
    orders: Mapping[str, Any]
    compared: Mapping[str, Any] = field(default_factory=dict)

    def conditions(self, selection: Selection) -> Iterator[Any]:
        """What every row of a selection satisfies."""
        if selection.text:
            yield reduce(or_, [holding(column, selection.text) for column in self.searched])
        yield from (self.compared[name] == value for name, value in selection.equal.items())

    def order(self, selection: Selection, usual: Any) -> list[Any]:
        """The order of a selection, and within it the usual one. Texts are ordered without regard to case."""
        if not selection.order:
            return [usual]
        column = self.orders[selection.ordered_by]
        compared = fn.LOWER(column) if isinstance(column, Chars) else column
        return [compared.desc() if selection.descending else compared.asc(), usual]


def holding(column: Any, text: str) -> Any:
    """The condition that a column has a text in it, without regard to case."""
    return fn.LOWER(column).contains(text.lower())


def page_of(
    query: Any,
    usual: Any,
    page: int,
    page_size: int,
    convert: Callable[[list[Any]], list[T]],
    columns: Columns,
    selection: Selection,
) -> Page[T]:
    """One page of a query; ``page`` counts from 1, and one beyond the last is empty. Raises InvalidInput."""
    refuse_page(page, page_size)
    for condition in columns.conditions(selection):
        query = query.where(condition)
    total = query.count()
    rows = list(query.order_by(*columns.order(selection, usual)).limit(page_size).offset((page - 1) * page_size))
    return Page(total, page, page_size, convert(rows))


def in_batches(query: Any, key: Any, convert: Callable[[list[Any]], list[T]]) -> Iterator[T]:
    """Find everything that a query finds, in the order of its ids, read and converted a batch at a time."""
    last = 0
    while rows := list(query.where(key > last).order_by(key).limit(BATCH)):
        last = rows[-1].id
        yield from convert(rows)


def names_of(table: Any, project_id: int) -> list[tuple[int, str]]:
    """Return ids and names of all that a project has in a table, the oldest first."""
    query = table.select(table.id, table.name).where(table.project == project_id)
    return list(query.order_by(table.id).tuples())


def refuse_page(page: int, page_size: int) -> None:
    """Raises InvalidInput unless both numbers are in range."""
    limits = {"page": (page, MAX_INT), "page_size": (page_size, MAX_PAGE_SIZE)}
    problems = [
        Problem(name, Text(f"应在 1 和 {most} 之间", f"must be between 1 and {most}"))
        for name, (value, most) in limits.items()
        if not 1 <= value <= most
    ]
    if problems:
        raise InvalidInput(problems)
