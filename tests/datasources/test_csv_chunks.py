"""CSV files in pieces and bites: the same records wherever they are cut, and a loop that others get their turn on."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from perfsvc.datafeed.ordering import order_of
from perfsvc.model.data import Allocation
from perfsvc.plugin import InvalidInput
from perfsvc.plugin import Row
from perfsvc.plugin.testing import data_context
from perfsvc.plugin.testing import rows_of
from perfsvc_datasources._blocks import BlockFeed
from perfsvc_datasources.csv import CsvSource
from perfsvc_datasources.csv import records
from perfsvc_datasources.csv.feed import CsvFeed
from perfsvc_datasources.csv.records import Dialect
from perfsvc_datasources.csv.records import Records

ONE = {"a": "1", "b": "2"}


@asynccontextmanager
async def opened(path: Path, data: bytes, **options: Any) -> AsyncIterator[CsvFeed]:
    path.write_bytes(data)
    given = {"file": path.name, "encoding": "utf-8", "delimiter": ","} | options
    feed = await CsvSource(CsvSource.Options.parse(given), data_context(path.parent)).open()
    try:
        yield feed
    finally:
        await feed.close()


# Wherever it is cut

Found = tuple[list[list[str]], list[tuple[int, str]]]
PARTS = ['"', ",", "\n", "\r", "\r\n", "x", "\0", "1,2\n", 'x","\n', '"x\ny",2\n', '"x",y\n', "\udcff"]
TEXTS = st.lists(st.sampled_from(PARTS), max_size=60).map("".join)
WHOLE = 10**6


def found(text: str) -> Found:
    """The records of two fields, and what was refused, with its line."""
    reading = Records(io.BytesIO(text.encode(errors="surrogateescape")), Dialect("utf-8", ",", '"'))
    sound: list[list[str]] = []
    while not reading.ended:
        sound += reading.next_chunk(2)
    return sound, sorted((bad.line, bad.cause.en) for bad in reading.bad)


@settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS, st.integers(1, 40), st.integers(1, 20), st.integers(1, 3))
def test_pieces_and_bites_change_neither_rows_nor_the_lines_of_bad_ones(
    monkeypatch: pytest.MonkeyPatch, text: str, read: int, parse: int, lines: int
) -> None:
    with monkeypatch.context() as cut:
        for name, size in {"READ_CHUNK": read, "PARSE_CHUNK": parse, "MOST_LINES": lines}.items():
            cut.setattr(records, name, size)
        in_pieces = found(text)
        for name in ("READ_CHUNK", "PARSE_CHUNK", "MOST_LINES"):
            cut.setattr(records, name, WHOLE)
        assert in_pieces == found(text)


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_a_bite_ends_with_a_line(end: str) -> None:
    text = f"1,2{end}" * 5000
    parse = text[: records.parse_chunk_of(text)]
    assert parse.endswith(end)
    assert 500 <= parse.count(f"2{end}") <= 520
    assert records.parse_chunk_of("x" * 20_000) == 0


@pytest.mark.parametrize("text", ['x","\n', 'x","\n' * 4 + "z\n"])
def test_quotes_that_stay_open_on_every_line_are_read_but_once(text: str) -> None:
    """For each of the lines everything below it would be read again: hours, for what this takes a second."""
    count = 300_000 // len(text)
    sound, bad = found("1,2\n" + text * count)
    assert sound == [["1", "2"]]
    assert len(bad) == count * text.count("\n")
    assert bad[0] == (2, "not as it should be: unexpected end of data")


def test_a_record_of_many_lines_that_breaks_costs_its_first_line_only() -> None:
    sound, bad = found('1,2\nx","\n3,4\nx","\n"y"z\n5,6\n')
    assert sound == [["1", "2"], ["3", "4"], ["5", "6"]]
    broken = "not as it should be: ',' expected after '\"'"
    assert bad == [(2, broken), (4, broken), (5, broken)]


# On a loop with others


@pytest.mark.asyncio
@pytest.mark.parametrize("line", ["x\n", "\n", '"x"y\n', "\0,\0\n", "x\r"])
async def test_others_get_their_turn_while_there_is_no_sound_row(tmp_path: Path, line: str) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    bad = 100_000
    async with opened(tmp_path / "bad.csv", b"a,b\n1,2\n" + line.encode() * bad + b"\n1,2\n") as feed:
        assert await feed.read(1) == [ONE]
        having_turns = asyncio.ensure_future(others())
        assert await rows_of(feed) == [ONE]
        having_turns.cancel()
    assert turns > bad // (2 * records.MOST_LINES)


@pytest.mark.asyncio
async def test_rows_among_many_bad_ones_are_not_at_hand(tmp_path: Path) -> None:
    data = b"a,b\n1,2\n" + (b"x\n" * 300 + b"1,2\n") * 100
    async with opened(tmp_path / "bad.csv", data) as feed:
        drawing = order_of(feed, Allocation(at_end="stop_run"), seed=1)
        rows: list[Row] = []
        while block := await drawing.read(1):
            parsed = feed._records._line
            rows += block + drawing.read_nowait(250)
            assert feed._records._line - parsed < 2 * records.MOST_LINES
    assert rows == [ONE] * 101


# What the system has in memory, and what not


@pytest.mark.asyncio
async def test_a_kernel_that_answers_nothing_for_what_is_not_in_memory_costs_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "preadv", lambda *_: 0)
    async with opened(tmp_path / "data.csv", b"a,b\n" + b"1,2\n" * 500_000) as feed:
        assert len(await rows_of(feed)) == feed.count == 500_000


def forgotten(path: Path) -> Path:
    """A file that is not in memory, where the system heeds that."""
    handle = os.open(path, os.O_RDONLY)
    os.fsync(handle)
    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(handle)
    return path


@pytest.mark.asyncio
async def test_rows_from_the_disk_come_in_order(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    async with opened(path, b"a,b\n" + b"".join(b"%d,x\n" % number for number in range(400_000))) as feed:
        for _ in range(2):
            forgotten(path)
            assert [row["a"] for row in await rows_of(feed)] == list(map(str, range(400_000)))
            await feed.rewind()


@pytest.mark.asyncio
async def test_a_file_that_grows_or_is_cut_short_is_read_as_it_is_then(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    async with opened(path, b"a,b\n" + b"1,2\n" * 500_000) as feed:
        assert await feed.read(1) == [ONE]
        with path.open("ab") as more:
            more.write(b"1,2\n" * 10)
        assert len(await rows_of(feed)) == 500_009
        await feed.rewind()
        assert await feed.read(1) == [ONE]
        os.truncate(path, 8)
        assert len(await rows_of(feed)) < 500_000
        await feed.rewind()
        assert await rows_of(feed) == [ONE]


# The block on its way


class Slow(BlockFeed):
    """Blocks of one row, which come when they may."""

    def __init__(self) -> None:
        super().__init__()
        self.may = asyncio.Event()
        self.under_way = 0

    async def block(self) -> list[Row]:
        assert not self.under_way
        self.under_way += 1
        await self.may.wait()
        self.under_way -= 1
        return [ONE]

    async def rewind(self) -> None:
        await self.settle()


async def cancelled(work: Any) -> None:
    task = asyncio.ensure_future(work)
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.asyncio
async def test_a_rewind_that_is_cancelled_leaves_the_block_on_its_way_to_be_waited_for() -> None:
    feed = Slow()
    await cancelled(feed.read(1))
    await cancelled(feed.rewind())
    again = asyncio.ensure_future(feed.rewind())
    await asyncio.sleep(0.01)
    assert feed.under_way == 1
    assert not again.done()
    feed.may.set()
    await again
    assert feed.under_way == 0
    assert await feed.read(1) == [ONE]


# Encodings


@pytest.mark.asyncio
@pytest.mark.parametrize("codec", ["utf-16", "utf-32"])
async def test_an_encoding_that_the_file_does_not_have_is_reported(tmp_path: Path, codec: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        async with opened(tmp_path / "data.csv", b"a,b\n1,2\n", encoding=codec):
            pass
    assert [problem.path for problem in caught.value.problems] == ["encoding"]


@pytest.mark.asyncio
async def test_utf_16_without_a_mark_may_be_given(tmp_path: Path) -> None:
    async with opened(tmp_path / "data.csv", "a,b\n1,2\n".encode("utf-16-be"), encoding="utf-16") as feed:
        assert await rows_of(feed) == [ONE]
