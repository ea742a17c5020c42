"""The first rows of a data source, for people who are about to use it."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from typing import Any

from perfsvc.engine.masking import MASK
from perfsvc.engine.masking import is_secret
from perfsvc.engine.masking import masked
from perfsvc.errors import Text
from perfsvc.model.base import Spec
from perfsvc.model.base import titled
from perfsvc.plugin.datasource import Feed
from perfsvc.plugin.datasource import Row
from perfsvc.service.data import told
from perfsvc.service.fields import Id

PREVIEW_ROWS = 10
PREVIEW_LIMIT_S = 15.0
"""For opening, and again for reading."""
LONGEST_VALUE = 1000
"""Characters of a value that are shown."""


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
    """Reads the first rows of an open feed, and closes it. Raises SourceFailed."""
    try:
        rows = await told(name, PREVIEW_LIMIT_S, first_rows(feed), "")
        count = len(rows) if len(rows) <= PREVIEW_ROWS else feed.count
        shown = [shown_row(row) for row in rows[:PREVIEW_ROWS]]
        return Preview(list(feed.columns), shown, count, list(feed.warnings))
    finally:
        await feed.close()


async def first_rows(feed: Feed) -> list[Row]:
    """One row more than is shown, where there are so many."""
    rows: list[Row] = []
    while len(rows) <= PREVIEW_ROWS and (more := await feed.read(PREVIEW_ROWS + 1 - len(rows))):
        rows += more
    return rows


def shown_row(row: Row) -> Row:
    """A row, or an object in it, without secrets and without more of a value than people read."""
    return {name: MASK if is_secret(name[:LONGEST_VALUE]) else shown_value(value) for name, value in row.items()}


def shown_value(value: Any) -> Any:
    """A value that may be shown."""
    if isinstance(value, dict):
        return shown_row(value)
    if isinstance(value, list):
        return [shown_value(each) for each in value[:PREVIEW_ROWS]]
    if not isinstance(value, str):
        return value
    text = masked(value[:LONGEST_VALUE])
    return text if len(value) <= LONGEST_VALUE else f"{text}…"
