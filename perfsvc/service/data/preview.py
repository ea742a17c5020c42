"""The first rows of a data source, for people who are about to use it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from dataclasses import replace
from typing import Any

from perfsvc.datafeed.sources import told
from perfsvc.engine.masking import MASK
from perfsvc.engine.masking import is_secret
from perfsvc.engine.masking import masked
from perfsvc.errors import Text
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.plugin.datasource import Feed
from perfsvc.plugin.datasource import Row
from perfsvc.service.fields import Id

PREVIEW_ROWS = 10
PREVIEW_LIMIT_S = 15.0
"""For opening, and again for reading."""
MOST_COLUMNS = 100
FEW_COLUMNS = 20
LONGEST_VALUE = 1000
LONGEST_OF_MANY = 200
"""Characters of a value that are shown, of few columns and of many."""
MOST_VALUES = 300
DEEPEST = 10
"""Values of a row that are shown of what lies within others, and how deep within each other they may lie."""
MORE = "…"


class PreviewForm(Spec):
    """A data source as a plan's config has it."""

    project_id: Id = titled("所属项目ID", "Project")
    env_id: Id | None = titled("测试环境", "Environment", default=None)
    data_source_type: str = titled("数据源类型", "Data source", min_length=1, max_length=20)
    data_config: dict[str, Any] = titled("数据配置", "Data options", default_factory=dict)


@dataclass(frozen=True)
class Preview:
    """``count`` is how many rows there are, where that is known without reading them all."""

    columns: list[str]
    rows: list[Row]
    count: int | None
    warnings: list[Text]

    def counted(self, count: int | None) -> Preview:
        """The same, with a count that is known from elsewhere."""
        return replace(self, count=count)


async def preview_of(name: str, feed: Feed) -> Preview:
    """Read the first rows of an open feed, and closes it. Raises SourceFailed."""
    try:
        rows = await told(name, PREVIEW_LIMIT_S, first_rows(feed), "")
        count = len(rows) if len(rows) <= PREVIEW_ROWS else feed.count
        columns, warnings = list(feed.columns), list(feed.warnings)
        if len(columns) > MOST_COLUMNS:
            zh, en = f"只显示前 {MOST_COLUMNS} 列", f"only the first {MOST_COLUMNS} columns are shown"
            warnings.append(Text(f"共 {len(columns)} 列，{zh}", f"of {len(columns)} columns, {en}"))
            columns = columns[:MOST_COLUMNS]
        shown = [await asyncio.to_thread(shown_row, row, columns) for row in rows[:PREVIEW_ROWS]]
        return Preview(columns, shown, count, warnings)
    finally:
        await feed.close()


def shown_row(row: Row, columns: list[str]) -> Row:
    """The columns of a row. Masking takes a while: for a thread."""
    longest = LONGEST_VALUE if len(columns) <= FEW_COLUMNS else LONGEST_OF_MANY
    return Redaction(longest).row({name: row[name] for name in columns if name in row})


async def first_rows(feed: Feed) -> list[Row]:
    """One row more than is shown, where there are so many."""
    rows: list[Row] = []
    while len(rows) <= PREVIEW_ROWS and (more := await feed.read(PREVIEW_ROWS + 1 - len(rows))):
        rows += more
    return rows


class Redaction:
    """What is shown of one row: nothing secret, and no more than people read, however much there is."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._left = MOST_VALUES

    def row(self, row: Row) -> Row:
        """Every column of it."""
        return {name: self._named(name, value, 0) for name, value in row.items()}

    def _object(self, given: Row, depth: int) -> Row:
        shown = {}
        for name, value in given.items():
            if self._left <= 0:
                break
            self._left -= 1
            short = name[: self._longest]
            shown[short] = self._named(short, value, depth)
        return shown

    def _named(self, name: str, value: Any, depth: int) -> Any:
        return MASK if is_secret(name) else self._value(value, depth)

    def _value(self, value: Any, depth: int) -> Any:
        if isinstance(value, dict | list) and depth == DEEPEST:
            return MORE
        if isinstance(value, dict):
            return self._object(value, depth + 1)
        if isinstance(value, list):
            return self._items(value[:PREVIEW_ROWS], depth + 1)
        return self._text(value) if isinstance(value, str) else value

    def _items(self, items: list[Any], depth: int) -> list[Any]:
        shown = items[: max(0, self._left)]
        self._left -= len(shown)
        return [self._value(each, depth) for each in shown]

    def _text(self, text: str) -> str:
        shown = masked(text[: self._longest])
        return shown if len(text) <= self._longest else shown + MORE
