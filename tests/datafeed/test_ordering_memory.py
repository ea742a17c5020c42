"""How much of the data an order keeps, and how long it holds the loop."""

from __future__ import annotations

import asyncio

import pytest

from perfsvc.datafeed import ordering
from perfsvc.datafeed.ordering import order_of
from perfsvc.datafeed.ordering import size_of
from perfsvc.model.data import Allocation
from perfsvc.plugin import Feed
from perfsvc.plugin import Row

LARGE = "x" * 100_000
EVERY = 50


class Uneven(Feed):
    """Rows without an end, of which each 50th is large, from the second on. They share their text."""

    columns = ("n", "text")

    def __init__(self) -> None:
        self.position = 0

    async def read(self, limit: int) -> list[Row]:
        begin, self.position = self.position, self.position + limit
        return [{"n": number, "text": LARGE if number % EVERY == 1 else ""} for number in range(begin, self.position)]

    async def rewind(self) -> None:
        self.position = 0


class AtHand(Uneven):
    def read_nowait(self, limit: int) -> list[Row]:
        self.position += limit
        return [{"n": number, "text": ""} for number in range(self.position - limit, self.position)]


@pytest.mark.asyncio
async def test_a_window_holds_what_it_should_though_few_rows_are_large() -> None:
    feed = Uneven()
    await order_of(feed, Allocation(order="shuffled", at_end="stop_run"), seed=1).read(1)
    held = feed.position * (size_of({"n": 1, "text": ""}) + len(LARGE) / EVERY)
    assert ordering.MEMORY / 10 < held < ordering.MEMORY * 3


@pytest.mark.asyncio
async def test_data_is_not_kept_for_another_cycle_when_few_rows_make_it_large() -> None:
    feed = Uneven()
    ahead = ordering.ReadAhead(feed, again=True, held=False)
    while ahead._kept is not None:
        await ahead.next()
        assert feed.position * len(LARGE) / EVERY < ordering.MEMORY * 3
    await ahead.stop()


@pytest.mark.asyncio
async def test_others_have_their_turn_while_many_rows_are_read() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    order = order_of(AtHand(), Allocation(), seed=1)
    having_turns = asyncio.ensure_future(others())
    assert [row["n"] for row in await order.read(5000)] == list(range(5000))
    having_turns.cancel()
    assert turns >= 5000 // ordering.AT_ONCE - 1
