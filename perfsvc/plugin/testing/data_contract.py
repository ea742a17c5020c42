"""Contract tests for data sources: the promises of ``perfsvc.plugin.datasource``, one by one.

A source takes part with a ``DataRig``: how to set up one with a number of rows, and the values of each. A check is a
coroutine over a rig and an empty folder that fails by AssertionError; ``DATA_CHECKS`` has all of them by name.
"""

from __future__ import annotations

import asyncio
import gc
import time
from abc import ABC
from abc import abstractmethod
from collections.abc import AsyncIterator
from collections.abc import Callable
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from typing import ClassVar
from typing import NamedTuple

import psutil

from perfsvc.event_loop import run_on_loop
from perfsvc.plugin import DataContext
from perfsvc.plugin import DataSource
from perfsvc.plugin import Feed
from perfsvc.plugin import InvalidInput
from perfsvc.plugin import Problem
from perfsvc.plugin import Row
from perfsvc.plugin import is_variable_name
from perfsvc.plugin.json_safe import are_portable
from perfsvc.plugin.testing.drive import resolve
from perfsvc.plugin.testing.freeform import unmarked_freeform
from perfsvc.plugin.testing.titles import bare_fields

SOME = 1000
MANY = 200_000
BLOCK = 1000
FEW_BYTES = 10_000_000
"""50 for each row: less than any row takes."""
HELD_UP_S = 0.02
"""Limit of computing in the loop's thread without a turn for others."""
SEED = 20_260_101


class Setting(NamedTuple):
    """A source that is there to be opened: ``data_config`` without the allocation, and what the run gives."""

    options: dict[str, Any]
    context: DataContext


class DataRig(ABC):
    """Facts about a data source that the contract tests need."""

    source: type[DataSource]
    refused: ClassVar[list[tuple[dict[str, Any], str]]]
    """Options that are wrong, and the path where."""
    without: ClassVar[dict[str, str]] = {}
    """Checks of promises that this source cannot make, each with the reason why."""

    @abstractmethod
    def around(self, folder: Path, count: int) -> AbstractAsyncContextManager[Setting]:
        """Return a source of exactly ``count`` rows, for the duration of the context."""

    @abstractmethod
    def row(self, number: int) -> Row:
        """Return the values of a row, counted from 0."""

    @asynccontextmanager
    async def opened(self, folder: Path, count: int = SOME) -> AsyncIterator[Feed]:
        """A feed, which is closed at the end."""
        async with self.around(folder, count) as setting:
            feed = await self.open(setting)
            try:
                yield feed
            finally:
                await feed.close()

    async def open(self, setting: Setting) -> Feed:
        """A feed, which is not closed. Raises InvalidInput, DataFailure."""
        return await self.source(self.source.Options.parse(setting.options), setting.context).open()


Check = Callable[[DataRig, Path], Coroutine[Any, Any, None]]
DATA_CHECKS: dict[str, Check] = {}


def check(function: Check) -> Check:
    """Puts a check into the suite."""
    DATA_CHECKS[function.__name__] = function
    return function


def data_checks_of(rig: DataRig) -> list[str]:
    """The names of the checks that a rig does not go without."""
    return [name for name in DATA_CHECKS if name not in rig.without]


def hold_data(rig: DataRig, name: str, folder: Path) -> None:
    """Hold a data source to one check, on the loop that perfsvc runs on. Raises AssertionError."""
    run_on_loop(DATA_CHECKS[name](rig, folder))


def data_context(folder: Path, seed: int = SEED) -> DataContext:
    """Make a context with the files of a folder and without connections."""

    async def file(name: int | str) -> Path:
        return folder / str(name)

    async def connection(name: str) -> dict[str, Any]:
        raise InvalidInput.at("connection", "没有", "none")

    return DataContext(file, connection, resolve, seed)


async def blocks(feed: Feed, limit: int) -> AsyncIterator[list[Row]]:
    """All blocks up to the end, which is an empty one."""
    while block := await feed.read(limit):
        assert len(block) <= limit
        yield block


async def rows_of(feed: Feed, limit: int = BLOCK) -> list[Row]:
    """Every row up to the end."""
    return [row async for block in blocks(feed, limit) for row in block]


def equal_rows(actual: list[Row], expected: list[Row]) -> None:
    """Raises AssertionError with the first difference: a diff of thousands of rows takes minutes."""
    for number, (row, wanted) in enumerate(zip(actual, expected, strict=False)):
        assert row == wanted, f"row {number}"
    assert len(actual) == len(expected)


# Reading


@check
async def all_rows_come_in_blocks_of_any_size(rig: DataRig, folder: Path) -> None:
    expected = [rig.row(number) for number in range(SOME)]
    async with rig.opened(folder) as feed:
        for limit in (1, 7, SOME - 1, SOME, 10 * SOME):
            equal_rows(await rows_of(feed, limit), expected)
            await feed.rewind()


@check
async def the_end_stays_the_end(rig: DataRig, folder: Path) -> None:
    async with rig.opened(folder) as feed:
        assert len(await rows_of(feed)) == SOME
        for _ in range(3):
            assert await feed.read(10) == []


@check
async def rewinding_begins_again_from_anywhere(rig: DataRig, folder: Path) -> None:
    async with rig.opened(folder) as feed:
        await feed.rewind()
        first = await feed.read(10)
        assert first[0] == rig.row(0)
        await feed.rewind()
        whole = await rows_of(feed)
        equal_rows(whole[: len(first)], first)
        await feed.rewind()
        equal_rows(await rows_of(feed), whole)


@check
async def rows_at_hand_are_the_next_ones(rig: DataRig, folder: Path) -> None:
    expected = [rig.row(number) for number in range(SOME)]
    async with rig.opened(folder) as feed:
        rows: list[Row] = []
        while block := await feed.read(13):
            rows += block
            for limit in (1, 7, BLOCK):
                more = feed.read_nowait(limit)
                assert len(more) <= limit
                rows += more
            assert len(rows) <= SOME
        assert feed.read_nowait(1) == []
        equal_rows(rows, expected)


@check
async def two_feeds_do_not_mix(rig: DataRig, folder: Path) -> None:
    async with rig.around(folder, SOME) as setting:
        feeds = [await rig.open(setting) for _ in range(2)]
        taken: list[list[Row]] = [[], []]
        while any(fresh := await asyncio.gather(*(feed.read(17) for feed in feeds))):
            for rows, block in zip(taken, fresh, strict=True):
                rows.extend(block)
        for feed in feeds:
            await feed.close()
        for rows in taken:
            equal_rows(rows, [rig.row(number) for number in range(SOME)])


@check
async def columns_and_count_are_told(rig: DataRig, folder: Path) -> None:
    async with rig.opened(folder) as feed:
        assert all(is_variable_name(name) for name in feed.columns)
        assert list(feed.columns) == list(rig.row(0))
        assert feed.count in (None, SOME)
        assert all(list(row) == list(feed.columns) for row in await rows_of(feed))
        assert feed.count in (None, SOME)
        assert all(warning.zh and warning.en for warning in feed.warnings)


@check
async def rows_said_to_be_portable_come_to_far_nodes_as_they_are(rig: DataRig, folder: Path) -> None:
    async with rig.opened(folder) as feed:
        assert not feed.json_safe or are_portable(await rows_of(feed))


# Living on a loop with others


@check
async def the_loop_is_not_held_up(rig: DataRig, folder: Path) -> None:
    async with rig.opened(folder, half_of_many(rig)) as feed:
        async with held_up() as worst:
            async for _ in blocks(feed, BLOCK):  # kept rows would keep the garbage collector busy
                pass
        assert max(worst) < HELD_UP_S


@check
async def many_rows_take_no_more_memory_than_few(rig: DataRig, folder: Path) -> None:
    async with rig.opened(folder, MANY) as feed:
        count, looked, before, most = 0, 0, 0, 0
        async for block in blocks(feed, BLOCK):
            count += len(block)
            if count >= looked:
                looked += MANY // 20
                gc.collect()
                most = psutil.Process().memory_info().rss
                before = before or most
        assert count == MANY
        assert most - before < FEW_BYTES


@check
async def a_read_may_be_cancelled(rig: DataRig, folder: Path) -> None:
    async with rig.opened(folder) as feed:
        for turns in range(4):
            reading = asyncio.ensure_future(feed.read(50))
            for _ in range(turns):
                await asyncio.sleep(0)
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        await feed.rewind()
        equal_rows(await rows_of(feed), [rig.row(number) for number in range(SOME)])


@check
async def a_feed_may_be_closed_at_any_time(rig: DataRig, folder: Path) -> None:
    async with rig.around(folder, SOME) as setting:
        for reads in range(3):
            feed = await rig.open(setting)
            for _ in range(reads):
                await feed.read(10)
            await feed.close()
        feed = await rig.open(setting)
        reading = asyncio.ensure_future(feed.read(10))
        await asyncio.sleep(0)
        reading.cancel()
        await feed.close()
        await asyncio.gather(reading, return_exceptions=True)


@check
async def closing_lets_go_of_everything(rig: DataRig, folder: Path) -> None:
    async with rig.around(folder, SOME) as setting:
        for _ in range(2):
            feed = await rig.open(setting)
            await feed.read(10)
            await feed.close()
        before = open_resources()
        for _ in range(5):
            feed = await rig.open(setting)
            await feed.read(10)
            await feed.close()
        assert open_resources() <= before


# What users write


@check
async def fields_have_titles_in_both_languages(rig: DataRig, folder: Path) -> None:
    assert bare_fields(rig.source.Options) == []
    assert rig.source.title.zh
    assert rig.source.title.en


@check
async def fields_in_which_users_name_what_is_within_say_so(rig: DataRig, folder: Path) -> None:
    assert unmarked_freeform(rig.source.Options) == []


@check
async def wrong_options_are_told_where(rig: DataRig, folder: Path) -> None:
    async with rig.around(folder, 1) as setting:
        for options, path in rig.refused:
            problems = await _problems(rig, Setting(options, setting.context))
            assert path in [problem.path for problem in problems], (options, problems)
            assert all(problem.text.zh and problem.text.en for problem in problems)


async def _problems(rig: DataRig, setting: Setting) -> list[Problem]:
    try:
        feed = await rig.open(setting)
    except InvalidInput as error:
        return error.problems
    await feed.close()
    return []


def half_of_many(rig: DataRig) -> int:
    """Return half of MANY, or fewer for a source that cannot have many rows."""
    return MANY // 2 if "many_rows_take_no_more_memory_than_few" not in rig.without else 10 * SOME


@asynccontextmanager
async def held_up() -> AsyncIterator[list[float]]:
    """Longest processor time of this thread between two turns of its loop, in s."""
    turns: list[float] = []

    async def watch() -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.0005)
            turns.append(time.thread_time() - before)

    gc.collect()
    gc.freeze()  # what the process held before takes long to go through, and is not the source's doing
    watching = asyncio.ensure_future(watch())
    await asyncio.sleep(0)
    try:
        yield turns
        await asyncio.sleep(0.002)
    finally:
        gc.unfreeze()
        watching.cancel()


def open_resources() -> tuple[int, int]:
    """Open files and sockets, and processes started."""
    gc.collect()
    process = psutil.Process()
    return process.num_fds(), len(process.children(recursive=True))
