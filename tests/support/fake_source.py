"""A data source of numbered rows that counts what is done to it, and fails at a chosen row."""

from __future__ import annotations

from typing import ClassVar

from perfsvc.plugin import DataFailure
from perfsvc.plugin import DataSource
from perfsvc.plugin import Feed
from perfsvc.plugin import Row
from perfsvc.plugin import Spec
from perfsvc.plugin import Text


class FakeOptions(Spec):
    """How many rows there are, and before which of them reading fails."""

    rows: int = 10
    fails_at: int | None = None
    text: str = ""


class FakeFeed(Feed):
    columns = ("user", "password", "text")

    def __init__(self, options: FakeOptions) -> None:
        self._options = options
        self._position = 0
        self.closed = 0
        self.warnings = (Text("只是测试", "only a test"),)

    async def read(self, limit: int) -> list[Row]:
        start, end = self._position, min(self._position + limit, self._options.rows)
        failing = self._options.fails_at
        if failing is not None and end > failing:
            raise DataFailure("读取失败", "reading failed")
        self._position = end
        return [
            {"user": f"u{number}", "password": "secret", "text": self._options.text} for number in range(start, end)
        ]

    async def rewind(self) -> None:
        self._position = 0

    async def close(self) -> None:
        self.closed += 1


class FakeSource(DataSource):
    name: ClassVar[str] = "fake"
    title = Text("测试", "Fake")
    Options = FakeOptions
    feeds: ClassVar[list[FakeFeed]] = []
    """Every feed that was opened, by any source."""

    async def open(self) -> FakeFeed:
        self.feeds.append(FakeFeed(self.options))
        return self.feeds[-1]
