"""The contract suite, over every data source that comes with perfsvc, and over broken ones that it must find out."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any
from typing import ClassVar

import pytest

from perfsvc.plugin import DataSource
from perfsvc.plugin import Feed
from perfsvc.plugin import Row
from perfsvc.plugin.discovery import discover
from perfsvc.plugin.testing import DATA_CHECKS
from perfsvc.plugin.testing import DataRig
from perfsvc_datasources.pool import Options
from perfsvc_datasources.pool import PoolFeed
from perfsvc_datasources.pool import PoolSource
from tests.datasources.api_rig import ApiRig
from tests.datasources.csv_rig import CsvRig
from tests.datasources.database_rig import DatabaseRig
from tests.datasources.generator_rig import GeneratorRig
from tests.datasources.pool_rig import PoolRig

RIGS: dict[str, DataRig] = {
    "api": ApiRig(),
    "csv": CsvRig(),
    "database": DatabaseRig(),
    "generator": GeneratorRig(),
    "pool": PoolRig(),
}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("source", "name"),
    [(source, name) for source, rig in RIGS.items() for name in DATA_CHECKS if name not in rig.without],
)
async def test_contract(source: str, name: str, tmp_path: Path):
    await DATA_CHECKS[name](RIGS[source], tmp_path)


def test_every_source_of_ours_is_held_to_it():
    brought, failures = discover()
    ours = {
        found.offered.name
        for found in brought
        if found.origin.distribution == "perfsvc" and issubclass(found.offered, DataSource)
    }
    assert failures == []
    assert set(RIGS) == ours


# A suite is worth what it finds: each of these breaks one promise.


class GivesMore(PoolFeed):
    async def read(self, limit: int) -> list[Row]:
        return await super().read(limit + 1)


class LosesOne(PoolFeed):
    async def read(self, limit: int) -> list[Row]:
        return (await super().read(limit))[:-1] or await super().read(limit)


class BeginsAgainByItself(PoolFeed):
    async def read(self, limit: int) -> list[Row]:
        block = await super().read(limit)
        if not block:
            await self.rewind()
        return block


class DoesNotRewind(PoolFeed):
    async def rewind(self) -> None:
        self._next = max(0, self._next - 10)


class Miscounts(PoolFeed):
    def __init__(self, *table: Any) -> None:
        super().__init__(*table)
        self.count = (self.count or 0) + 1


class HidesAColumn(PoolFeed):
    def __init__(self, *table: Any) -> None:
        super().__init__(*table)
        self.columns = self.columns[1:]


class SharesItsPlace(PoolFeed):
    places: ClassVar[list[int]] = [0]

    async def read(self, limit: int) -> list[Row]:
        self._next = self.places[0]
        block = await super().read(limit)
        self.places[0] = self._next
        return block

    async def rewind(self) -> None:
        self.places[0] = 0


class ForgetsWhatWasAtHand(PoolFeed):
    async def read(self, limit: int) -> list[Row]:
        return super().read_nowait(limit)

    def read_nowait(self, limit: int) -> list[Row]:
        return list(self._rows[self._next : self._next + limit])


class HasNumbersThatDoNotTravel(PoolFeed):
    json_safe = True

    async def read(self, limit: int) -> list[Row]:
        return [{**row, "age": 2**64 + row["age"]} for row in await super().read(limit)]


class HasHalvesOfCharacters(PoolFeed):
    json_safe = True

    async def read(self, limit: int) -> list[Row]:
        return [{**row, "note": "\ud83d"} for row in await super().read(limit)]


class HasTuples(PoolFeed):
    json_safe = True

    async def read(self, limit: int) -> list[Row]:
        return [{**row, "note": (1, 2)} for row in await super().read(limit)]


class HoldsTheLoop(PoolFeed):
    async def read(self, limit: int) -> list[Row]:
        sum(range(2_000_000))
        return await super().read(limit)


class KeepsItsFile(PoolFeed):
    def __init__(self, *table: Any) -> None:
        super().__init__(*table)
        self.file = os.dup(0)


class SpoiledByCancelling(PoolFeed):
    broken = False

    async def read(self, limit: int) -> list[Row]:
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.broken = True
            raise
        return [] if self.broken else await super().read(limit)


BROKEN: dict[type[Feed], str] = {
    GivesMore: "all_rows_come_in_blocks_of_any_size",
    LosesOne: "all_rows_come_in_blocks_of_any_size",
    BeginsAgainByItself: "the_end_stays_the_end",
    DoesNotRewind: "rewinding_begins_again_from_anywhere",
    Miscounts: "columns_and_count_are_told",
    HidesAColumn: "columns_and_count_are_told",
    SharesItsPlace: "two_feeds_do_not_mix",
    ForgetsWhatWasAtHand: "rows_at_hand_are_the_next_ones",
    HasNumbersThatDoNotTravel: "rows_said_to_be_portable_come_to_far_nodes_as_they_are",
    HasHalvesOfCharacters: "rows_said_to_be_portable_come_to_far_nodes_as_they_are",
    HasTuples: "rows_said_to_be_portable_come_to_far_nodes_as_they_are",
    HoldsTheLoop: "the_loop_is_not_held_up",
    KeepsItsFile: "closing_lets_go_of_everything",
    SpoiledByCancelling: "a_read_may_be_cancelled",
}


@pytest.mark.asyncio
@pytest.mark.parametrize("feed", BROKEN)
async def test_a_broken_feed_is_found_out(feed: type[PoolFeed], tmp_path: Path):
    class Source(PoolSource):
        async def open(self) -> PoolFeed:
            return feed(*self.options.table())

    rig = PoolRig()
    rig.source = Source
    with pytest.raises(AssertionError):
        await DATA_CHECKS[BROKEN[feed]](rig, tmp_path)


def test_options_without_titles_are_found_out():
    class Bare(Options):
        rows: int = 0

    class Source(PoolSource):
        pass

    Source.Options = Bare
    rig = PoolRig()
    rig.source = Source
    with pytest.raises(AssertionError):
        asyncio.run(DATA_CHECKS["fields_have_titles_in_both_languages"](rig, Path()))
