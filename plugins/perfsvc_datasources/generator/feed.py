"""The data source: columns side by side, in blocks."""

from __future__ import annotations

from typing import Any

from perfsvc.plugin import DataSource
from perfsvc.plugin import Row
from perfsvc.plugin import Text
from perfsvc_datasources._blocks import BlockFeed
from perfsvc_datasources._columns import row_maker
from perfsvc_datasources._faker_process.calls import parse_call
from perfsvc_datasources.generator.columns import Choices
from perfsvc_datasources.generator.columns import Column
from perfsvc_datasources.generator.columns import Integers
from perfsvc_datasources.generator.columns import Joined
from perfsvc_datasources.generator.columns import Moments
from perfsvc_datasources.generator.columns import Numbered
from perfsvc_datasources.generator.columns import Pooled
from perfsvc_datasources.generator.columns import Uuids
from perfsvc_datasources.generator.options import ChoiceColumn
from perfsvc_datasources.generator.options import IntegerColumn
from perfsvc_datasources.generator.options import MomentColumn
from perfsvc_datasources.generator.options import Options
from perfsvc_datasources.generator.options import PatternColumn
from perfsvc_datasources.generator.options import SequenceColumn
from perfsvc_datasources.generator.options import TemplateColumn
from perfsvc_datasources.generator.options import UuidColumn
from perfsvc_datasources.generator.pools import Pools
from perfsvc_datasources.generator.pools import fill

UNSURE = (SequenceColumn, ChoiceColumn, TemplateColumn)
"""Columns that may have numbers of any size, or text as users wrote it."""
BLOCK = 250
"""Rows that are made at once."""
VALUES = 500
"""Values that are made at once: well under a millisecond's work, and a few megabytes where all are long templates."""


class GeneratorSource(DataSource):
    """Invented rows."""

    name = "generator"
    title = Text("数据生成器", "Generator")
    Options = Options

    async def open(self) -> GeneratorFeed:
        options, seed = self.options, self.context.seed
        return GeneratorFeed(options, seed, await fill(pooled(options), options.pool, options.locale, seed))


class GeneratorFeed(BlockFeed):
    """Rows by number: the same ones after every rewind, however they are read."""

    def __init__(self, options: Options, seed: int, pools: Pools) -> None:
        super().__init__()
        self.columns = list(options.columns)
        self.count = options.count
        self._options = options
        self._seed = seed
        self._pools = pools
        self._make = row_maker(self.columns)
        self.json_safe = not any(isinstance(written, UNSURE) for written in options.columns.values())
        self._begin()

    async def block(self) -> list[Row]:
        return self.small_block()

    def small_block(self) -> list[Row]:
        count = self._block if self.count is None else min(self._block, self.count - self._position)
        values = {name: column.take(self._position, count) for name, column in self._plain.items()}
        self._position += count
        return self._rows_of(values, count)

    async def rewind(self) -> None:
        await self.settle()
        self._begin()

    async def close(self) -> None:
        await self.settle()

    def _begin(self) -> None:
        self._position = 0
        self._plain = {
            name: self._column(name, written)
            for name, written in self._options.columns.items()
            if not isinstance(written, TemplateColumn)
        }
        self._joined = {
            name: Joined(written.template)
            for name, written in self._options.columns.items()
            if isinstance(written, TemplateColumn)
        }
        self._block = max(min(BLOCK, VALUES // max(1, len(self.columns))), 1)

    def _column(self, name: str, written: Any) -> Column:
        seed = f"{self._seed}/{name}"
        if name in self._pools:
            return Pooled(seed, self._pools[name])
        return plain_column(seed, written)

    def _rows_of(self, values: dict[str, list[Any]], count: int) -> list[Row]:
        values |= {name: joined.values(values, count) for name, joined in self._joined.items()}
        return self._make(zip(*(values[name] for name in self.columns), strict=True))


def plain_column(seed: str, written: Any) -> Column:
    """A column that is made here."""
    match written:
        case SequenceColumn():
            return Numbered(seed, written)
        case IntegerColumn():
            return Integers(seed, written.least, written.most)
        case UuidColumn():
            return Uuids(seed)
        case ChoiceColumn():
            return Choices(seed, written.values, written.weights)
        case MomentColumn():
            return Moments(seed, written)
    raise AssertionError(written)


def pooled(options: Options) -> dict[str, dict[str, Any]]:
    """Requests to the Faker process, by column."""
    wanted: dict[str, dict[str, Any]] = {}
    for name, written in options.columns.items():
        if isinstance(written, str):
            wanted[name] = parse_call(written)._asdict()
        elif isinstance(written, PatternColumn):
            wanted[name] = {"pattern": written.pattern}
    return wanted
