"""Preview of a data source: its first rows, redacted and truncated."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from dataclasses import replace
from typing import Any

from perfsvc.datafeed.sources import translating
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
"""Limit for opening and again for reading."""
MOST_COLUMNS = 100
FEW_COLUMNS = 20
LONGEST_VALUE = 1000
LONGEST_OF_MANY = 200
"""Shown characters of a value, with few columns and with many."""
MOST_VALUES = 300
DEEPEST = 10
"""Shown nested values per row, and their greatest depth."""
MORE = "…"


class PreviewForm(Spec):
    """A data source in the words of a plan's config."""

    project_id: Id = titled("所属项目ID", "Project")
    env_id: Id | None = titled("测试环境", "Environment", default=None)
    data_source_type: str = titled("数据源类型", "Data source", min_length=1, max_length=20)
    data_config: dict[str, Any] = titled("数据配置", "Data options", default_factory=dict)


@dataclass(frozen=True)
class Preview:
    """The first rows. ``count`` is the number of all rows, if known without reading them.

    ``encoding`` and ``delimiter`` are those of the feed.
    """

    columns: list[str]
    rows: list[Row]
    count: int | None
    warnings: list[Text]
    encoding: str | None = None
    delimiter: str | None = None

    def with_count(self, count: int | None) -> Preview:
        """Return a copy with a count from elsewhere."""
        return replace(self, count=count)


async def preview_of(name: str, feed: Feed, secret: Collection[str] = ()) -> Preview:
    """Read the first rows of an open feed and close it. Raises SourceFailed."""
    try:
        rows = await translating(name, PREVIEW_LIMIT_S, first_rows(feed), "")
        count = len(rows) if len(rows) <= PREVIEW_ROWS else feed.count
        columns, warnings = list(feed.columns), list(feed.warnings)
        if len(columns) > MOST_COLUMNS:
            zh, en = f"只显示前 {MOST_COLUMNS} 列", f"only the first {MOST_COLUMNS} columns are shown"
            warnings.append(Text(f"共 {len(columns)} 列，{zh}", f"of {len(columns)} columns, {en}"))
            columns = columns[:MOST_COLUMNS]
        shown = [await asyncio.to_thread(shown_row, row, columns, secret) for row in rows[:PREVIEW_ROWS]]
        return Preview(columns, shown, count, warnings, feed.encoding, feed.delimiter)
    finally:
        await feed.close()


def shown_row(row: Row, columns: list[str], secret: Collection[str] = ()) -> Row:
    """Return the columns of a row, redacted. Slow for long values, so call it in a thread."""
    longest = LONGEST_VALUE if len(columns) <= FEW_COLUMNS else LONGEST_OF_MANY
    return Redaction(longest, secret).row({name: row[name] for name in columns if name in row})


async def first_rows(feed: Feed) -> list[Row]:
    """Read one row more than is shown, if there are as many."""
    rows: list[Row] = []
    while len(rows) <= PREVIEW_ROWS and (more := await feed.read(PREVIEW_ROWS + 1 - len(rows))):
        rows += more
    return rows


class Redaction:
    """Redacted, truncated view of one row."""

    def __init__(self, longest: int, secret: Collection[str] = ()) -> None:
        self._longest = longest
        self._secret = secret
        self._left = MOST_VALUES

    def row(self, row: Row) -> Row:
        """Return every column, redacted."""
        return {name: MASK if name in self._secret else self._named(name, value, 0) for name, value in row.items()}

    def _object(self, row: Row, depth: int) -> Row:
        shown = {}
        for name, value in row.items():
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
