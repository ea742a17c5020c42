"""Rows that are kept: one fetch for all who ask, fresh, stale and too old, within bounds, and unreadable on disk."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from perfsvc.datafeed import cache as cache_module
from perfsvc.datafeed.cache import DataCache
from perfsvc.datafeed.row_spool import BLOCK_ROWS
from perfsvc.plugin import DataFailure
from perfsvc.plugin import Feed
from perfsvc.plugin.testing import rows_of
from tests.support.fake_source import FakeFeed
from tests.support.fake_source import FakeOptions
from tests.support.manual_clock import ManualClock

ROOMY = 10_000_000
KEY = "key"


class Origin:
    """Where rows come from: each fetch says which one it is; it can be held up, or fail."""

    def __init__(self, rows: int = 3) -> None:
        self.rows = rows
        self.fetches = 0
        self.fails_at: int | None = None
        self.go = asyncio.Event()
        self.go.set()
        self.feeds: list[FakeFeed] = []

    async def open(self) -> Feed:
        self.fetches += 1
        text = f"fetch {self.fetches}"
        await self.go.wait()
        feed = FakeFeed(FakeOptions(rows=self.rows, fails_at=self.fails_at, text=text))
        self.feeds.append(feed)
        return feed


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def text_of(feed: Feed) -> str:
    """Which fetch the rows of a feed are from."""
    texts = {row["text"] for row in await rows_of(feed)}
    await feed.close()
    return " ".join(texts)


def said(feed: Feed) -> list[str]:
    return [warning.en for warning in feed.warnings]


async def settled(cache: DataCache) -> None:
    """Until no fetch is under way."""
    while cache.fetching:
        await asyncio.sleep(0.001)


@pytest.mark.asyncio
async def test_rows_come_back_as_they_were_in_any_portions(tmp_path: Path, clock: ManualClock) -> None:
    cache, count = DataCache(tmp_path, ROOMY, clock), 2 * BLOCK_ROWS + 7
    feed = await cache.open(KEY, 0, Origin(count).open)
    expected = await rows_of(FakeFeed(FakeOptions(rows=count, text="fetch 1")))
    assert (feed.count, list(feed.columns), said(feed)) == (count, ["user", "password", "text"], ["only a test"])
    for limit in (1, BLOCK_ROWS - 1, 10_000):
        assert await rows_of(feed, limit) == expected
        await feed.rewind()
    await feed.close()


@pytest.mark.asyncio
async def test_values_of_json_survive(tmp_path: Path, clock: ManualClock) -> None:
    rows: list[dict[str, Any]] = [{"a": 10**30, "b": -(2**63), "c": '密\0"\\', "d": [1.5, None, {"x": True}], "e": ""}]

    class Values(FakeFeed):
        columns = tuple("abcde")

        async def read(self, limit: int) -> list[dict[str, Any]]:
            given, rows[:] = list(rows), []
            return given

    async def source() -> Feed:
        return Values(FakeOptions())

    expected = list(rows)
    feed = await DataCache(tmp_path, ROOMY, clock).open(KEY, 0, source)
    assert await rows_of(feed) == expected
    await feed.close()


@pytest.mark.asyncio
async def test_a_ttl_of_0_keeps_nothing(tmp_path: Path, clock: ManualClock) -> None:
    cache, origin = DataCache(tmp_path, ROOMY, clock), Origin()
    assert [await text_of(await cache.open(KEY, 0, origin.open)) for _ in range(2)] == ["fetch 1", "fetch 2"]
    assert (cache.used, [feed.closed for feed in origin.feeds]) == (0, [1, 1])


@pytest.mark.asyncio
async def test_fresh_rows_are_given_again_and_said_to_be_nothing_else(tmp_path: Path, clock: ManualClock) -> None:
    cache, origin = DataCache(tmp_path, ROOMY, clock), Origin()
    for _ in range(3):
        feed = await cache.open(KEY, 60, origin.open)
        assert said(feed) == ["only a test"]
        assert await text_of(feed) == "fetch 1"
        clock.advance(29)
    assert origin.fetches == 1
    await cache.close()
    assert cache.used == 0


@pytest.mark.asyncio
async def test_stale_rows_are_given_once_more_and_fetched_when_the_run_is_over(
    tmp_path: Path, clock: ManualClock
) -> None:
    cache, origin = DataCache(tmp_path, ROOMY, clock), Origin()
    await text_of(await cache.open(KEY, 60, origin.open))
    clock.advance(60)
    running, other = [await cache.open(KEY, 60, origin.open) for _ in range(2)]
    stale = "these rows are stale: they were fetched 60 s ago; fresh ones are fetched when this run is over"
    assert said(running)[1:] == said(other)[1:] == [stale]
    assert (cache.fetching, origin.fetches) == (0, 1)  # nothing disturbs the load
    assert await text_of(running) == "fetch 1"
    assert cache.fetching == 1
    await settled(cache)
    fresh = await cache.open(KEY, 60, origin.open)
    assert said(fresh) == ["only a test"]
    assert (await text_of(fresh), await text_of(other), cache.fetching, origin.fetches) == ("fetch 2", "fetch 1", 0, 2)
    await cache.close()
    assert cache.used == 0


@pytest.mark.asyncio
async def test_nothing_is_fetched_any_more_when_the_service_stops(tmp_path: Path, clock: ManualClock) -> None:
    cache, origin = DataCache(tmp_path, ROOMY, clock), Origin()
    await text_of(await cache.open(KEY, 60, origin.open))
    clock.advance(60)
    stale = await cache.open(KEY, 60, origin.open)
    await cache.close()
    assert await text_of(stale) == "fetch 1"
    assert (cache.fetching, origin.fetches, cache.used) == (0, 1, 0)


@pytest.mark.asyncio
async def test_rows_of_twice_their_ttl_are_not_given_out(tmp_path: Path, clock: ManualClock) -> None:
    cache, origin = DataCache(tmp_path, ROOMY, clock), Origin()
    await text_of(await cache.open(KEY, 60, origin.open))
    clock.advance(120)
    assert await text_of(await cache.open(KEY, 60, origin.open)) == "fetch 2"
    await cache.close()


@pytest.mark.asyncio
async def test_a_refresh_that_fails_is_said_and_tried_again(tmp_path: Path, clock: ManualClock) -> None:
    cache, origin = DataCache(tmp_path, ROOMY, clock), Origin()
    await text_of(await cache.open(KEY, 60, origin.open))
    clock.advance(70)
    origin.fails_at = 1
    await text_of(await cache.open(KEY, 60, origin.open))
    await settled(cache)
    stale = await cache.open(KEY, 60, origin.open)
    wrong = "these rows are stale: they were fetched 70 s ago, and fetching again failed: reading failed"
    assert (said(stale)[1:], await text_of(stale)) == ([wrong], "fetch 1")
    await settled(cache)
    assert origin.fetches == 3
    clock.advance(60)
    with pytest.raises(DataFailure, match="reading failed"):
        await cache.open(KEY, 60, origin.open)
    await cache.close()
    assert (cache.used, [feed.closed for feed in origin.feeds]) == (0, [1] * 4)


@pytest.mark.asyncio
async def test_a_key_has_at_most_one_fetch_at_a_time(tmp_path: Path, clock: ManualClock) -> None:
    cache, origin = DataCache(tmp_path, ROOMY, clock), Origin()
    origin.go.clear()
    asking = [asyncio.ensure_future(cache.open(KEY, 60, origin.open)) for _ in range(10)]
    other = asyncio.ensure_future(cache.open("another", 60, origin.open))
    await asyncio.sleep(0)
    asking[0].cancel()
    origin.go.set()
    feeds = await asyncio.gather(*asking[1:], other)
    assert origin.fetches == 2
    assert len({await text_of(feed) for feed in feeds[:-1]}) == 1
    await feeds[-1].close()
    await cache.close()


@pytest.mark.asyncio
async def test_a_fetch_that_fails_fails_for_all_and_is_not_remembered(tmp_path: Path, clock: ManualClock) -> None:
    cache, origin = DataCache(tmp_path, ROOMY, clock), Origin()
    origin.fails_at = 0
    asking = [cache.open(KEY, 60, origin.open) for _ in range(3)]
    failures = await asyncio.gather(*asking, return_exceptions=True)
    assert [str(failure) for failure in failures] == ["reading failed"] * 3
    origin.fails_at = None
    assert await text_of(await cache.open(KEY, 60, origin.open)) == "fetch 2"
    await cache.close()


@pytest.mark.asyncio
async def test_the_longest_unused_go_first_when_there_is_no_room(tmp_path: Path, clock: ManualClock) -> None:
    probe, origin = DataCache(tmp_path, ROOMY, clock), Origin(BLOCK_ROWS)
    await text_of(await probe.open(KEY, 60, origin.open))
    cache = DataCache(tmp_path, int(probe.used * 2.5), clock)
    for key in ("a", "b", "a", "c", "a", "b"):
        await text_of(await cache.open(key, 60, origin.open))
    assert origin.fetches == 1 + 4  # b was pushed out by c
    await probe.close()
    await cache.close()


@pytest.mark.asyncio
async def test_more_rows_than_there_is_room_for_are_refused(tmp_path: Path, clock: ManualClock) -> None:
    cache, origin = DataCache(tmp_path, 50_000, clock), Origin(100_000)
    with pytest.raises(DataFailure, match="the rows need more than the 50000 bytes of data_cache_size"):
        await cache.open(KEY, 60, origin.open)
    assert cache.used == 0


@pytest.mark.asyncio
async def test_what_a_run_reads_counts_until_it_is_closed(tmp_path: Path, clock: ManualClock) -> None:
    probe, origin = DataCache(tmp_path, ROOMY, clock), Origin(BLOCK_ROWS)
    await text_of(await probe.open(KEY, 60, origin.open))
    cache = DataCache(tmp_path, int(probe.used * 1.5), clock)
    held = await cache.open("a", 60, origin.open)
    with pytest.raises(DataFailure, match="data_cache_size"):
        await cache.open("b", 60, origin.open)
    assert len(await rows_of(held)) == BLOCK_ROWS
    await held.close()
    await text_of(await cache.open("b", 60, origin.open))
    await probe.close()
    await cache.close()


@pytest.mark.asyncio
async def test_nothing_of_the_rows_can_be_read_on_disk(tmp_path: Path, clock: ManualClock) -> None:
    folder = tmp_path / "cache"
    feed = await DataCache(folder, ROOMY, clock).open(KEY, 0, Origin().open)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(folder.iterdir()) == []  # the file has no name
    mine = [Path(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")]
    spools = [link for link in mine if link.exists() or (link.is_symlink() and str(folder) in os.readlink(link))]
    written = [link.read_bytes() for link in spools if str(folder) in os.readlink(link)]
    assert [b"secret" in content or b"fetch" in content for content in written] == [False]
    await feed.close()


@pytest.mark.asyncio
async def test_a_source_that_never_ends_is_given_up(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "FETCH_LIMIT_S", 0.05)
    cache, origin = DataCache(tmp_path, ROOMY, clock), Origin()
    origin.go.clear()
    with pytest.raises(TimeoutError):
        await cache.open(KEY, 60, origin.open)
    assert cache.used == 0


@pytest.mark.asyncio
async def test_closing_ends_the_fetches(tmp_path: Path, clock: ManualClock) -> None:
    cache, origin = DataCache(tmp_path, ROOMY, clock), Origin()
    origin.go.clear()
    asking = asyncio.ensure_future(cache.open(KEY, 60, origin.open))
    await asyncio.sleep(0)
    await cache.close()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert (cache.used, cache.fetching) == (0, 0)
