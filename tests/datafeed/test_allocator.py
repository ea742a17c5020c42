"""RowServer rows to nodes: none twice, none lost but those in doubt, and exact counts of all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from perfsvc.cluster.dask import messages
from perfsvc.datafeed.allocator import RowAllocator
from perfsvc.datafeed.ordering import size_of
from perfsvc.errors import RunError
from perfsvc.errors import Text
from perfsvc.model.data import DataSpec
from perfsvc.model.data import Grant
from perfsvc.plugin import Row
from tests.support import virtual_time
from tests.support.feeds import Numbered

UNIQUE = {"unique": True}


async def dealer_of(feed: Numbered, **allocation: Any) -> RowAllocator:
    async def opened() -> Numbered:
        return feed

    dealer = RowAllocator(opened, DataSpec.parse({"source": "numbered", "allocation": allocation}), seed=7)
    await dealer.open()
    return dealer


def run(main: Coroutine[Any, Any, Any]) -> Any:
    return virtual_time.run(main)


class Node:
    """A node that claims what it was granted when a test says so."""

    def __init__(self, dealer: RowAllocator, name: str) -> None:
        self.dealer = dealer
        self.name = name
        self.held: list[tuple[int, list[int], int]] = []
        self.claimed: list[int] = []
        self.spent = 0
        self.newest = 0
        self.ended = False
        self.asked: asyncio.Task[Grant] | None = None

    def ask(self, want: int) -> None:
        self.asked = self.asked or asyncio.create_task(self.dealer.grant(self.name, want))

    def receive(self) -> None:
        if self.asked is not None and self.asked.done():
            grant, self.asked = self.asked.result(), None
            self.ended = grant.ended
            if grant.rows:
                self.newest = grant.lease
                self.held.append((grant.lease, [row["n"] for row in grant.rows], 0))

    def claim(self, count: int) -> None:
        """Claim; of what was claimed before, all is done with."""
        if self.held:
            lease, rows, begin = self.held.pop(0)
            upto = min(begin + count, len(rows))
            self.spent = len(self.claimed)
            assert self.dealer.claimed(self.name, lease, upto, self.spent)
            self.claimed += rows[begin:upto]
            if upto < len(rows):
                self.held.insert(0, (lease, rows, upto))

    def give_back(self, count: int) -> None:
        self.held.clear()
        self.spent = len(self.claimed)
        self.dealer.given_back(self.name, self.spent, self.newest)

    def lose(self, count: int) -> None:
        if self.asked is not None:
            self.asked.cancel()
        self.dealer.lost(self.name)

    @property
    def unclaimed(self) -> int:
        return sum(len(rows) - begin for _, rows, begin in self.held)


ACTIONS = st.tuples(st.sampled_from(("ask", "ask", "claim", "claim", "claim", "give_back", "lose")), st.integers(0, 9),
                    st.integers(1, 9))  # fmt: skip


async def play(count: int, nodes: int, actions: list[tuple[str, int, int]], order: str, known: bool) -> None:
    dealer = await dealer_of(Numbered(count, known=known), order=order, **UNIQUE)
    alive = [Node(dealer, f"node-{number}") for number in range(nodes)]
    lost: list[Node] = []
    returned = 0
    for action, number, amount in actions:
        node = alive[number % len(alive)]
        getattr(node, action)(amount)
        if action == "lose":
            returned += node.unclaimed
            lost.append(node)
            alive[alive.index(node)] = Node(dealer, f"{node.name}'")
        await asyncio.sleep(0.001)
        for each in alive:
            each.receive()
    while not all(node.ended for node in alive):
        for node in alive:
            node.ask(3)
        await asyncio.sleep(0.001)
        for node in alive:
            node.receive()
            node.claim(2)
    for node in alive:
        dealer.given_back(node.name, len(node.claimed))
        node.spent = len(node.claimed)
    used = [row for node in (*alive, *lost) for row in node.claimed]
    assert sorted(used) == list(range(count))
    report = dealer.report()
    doubt = sum(len(node.claimed) - node.spent for node in lost)
    assert (report["total"], report["left"], report["recycled"]) == (count, 0, 0)
    assert (report["used"], report["in_doubt"]) == (count - doubt, doubt)
    assert report["returned"] == returned
    await dealer.close()


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 60),
    st.integers(1, 4),
    st.lists(ACTIONS, max_size=60),
    st.sampled_from(("sequential", "shuffled")),
    st.booleans(),
)
def test_every_row_is_used_once_whatever_becomes_of_nodes(
    count: int, nodes: int, actions: list[tuple[str, int, int]], order: str, known: bool
) -> None:
    run(asyncio.wait_for(play(count, nodes, actions, order, known), 60))


async def drawn(dealer: RowAllocator, count: int, want: int = 7) -> list[int]:
    """The first rows of a dealer, for one node that claims all it gets."""
    rows: list[int] = []
    while len(rows) < count:
        grant = await dealer.grant("one", want)
        if grant.ended:
            break
        assert dealer.claimed("one", grant.lease, len(grant.rows), len(rows))
        rows += [row["n"] for row in grant.rows]
    return rows[:count]


def sequence(count: int, feed: Numbered, want: int = 7, **allocation: Any) -> list[int]:
    async def main() -> list[int]:
        dealer = await dealer_of(feed, **allocation)
        rows = await drawn(dealer, count, want)
        await dealer.close()
        return rows

    return run(main())  # type: ignore[no-any-return]


def test_rows_come_in_order_and_again() -> None:
    assert sequence(8, Numbered(3)) == [0, 1, 2, 0, 1, 2, 0, 1]


@pytest.mark.parametrize("order", ["shuffled", "random"])
def test_the_same_seed_gives_the_same_rows_however_they_are_asked_for(order: str) -> None:
    assert sequence(500, Numbered(100), 1, order=order) == sequence(500, Numbered(100), 64, order=order)


def test_shuffled_data_is_whole_in_each_cycle_and_mixed_anew() -> None:
    rows = sequence(300, Numbered(100), order="shuffled")
    cycles = [rows[begin : begin + 100] for begin in (0, 100, 200)]
    assert [sorted(cycle) for cycle in cycles] == [list(range(100))] * 3
    assert len({tuple(cycle) for cycle in (*cycles, range(100))}) == 4


def test_random_draws_put_rows_back() -> None:
    rows = sequence(1000, Numbered(10), order="random")
    assert set(rows) == set(range(10))
    assert any(one == other for one, other in pairwise(rows))


@pytest.fixture
def small_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfsvc.datafeed.ordering.MEMORY", 1)
    monkeypatch.setattr("perfsvc.datafeed.ordering.FEWEST", 500)


@pytest.mark.usefixtures("small_window")
def test_data_larger_than_the_window_is_shuffled_within_it() -> None:
    feed = Numbered(5000)
    rows = sequence(10_000, feed, order="shuffled")
    assert sorted(rows[:5000]) == sorted(rows[5000:]) == list(range(5000))
    assert rows[:5000] != rows[5000:]
    # A row comes at most a window early.
    assert all(row < at + 500 for at, row in enumerate(rows[:5000]))
    assert feed.rewinds >= 1


@pytest.mark.usefixtures("small_window")
def test_random_draws_from_larger_data_go_through_all_of_it() -> None:
    rows = sequence(20_000, Numbered(5000), order="random")
    assert max(rows) > 4500
    assert len(set(rows)) < 5000  # some not at all,
    assert len(set(rows)) > 4500  # but not many


@pytest.mark.usefixtures("small_window")
def test_larger_data_is_read_again_for_the_next_cycle() -> None:
    assert sequence(6001, Numbered(3000)) == [*range(3000), *range(3000), 0]


def test_one_row_for_everybody() -> None:
    async def main() -> None:
        dealer = await dealer_of(Numbered(5), scope="run")
        assert await dealer.grant("one", 1) == await dealer.grant("other", 9) == Grant(ended=True, last={"n": 0})
        assert dealer.report()["used"] == 1
        assert not dealer.over

    run(main())


def test_what_others_hold_is_waited_for_before_the_end_is_told() -> None:
    async def main() -> None:
        dealer = await dealer_of(Numbered(4), **UNIQUE)
        held = [await dealer.grant("one", 9) for _ in range(4)]
        assert [len(grant.rows) for grant in held] == [1, 1, 1, 1]
        waiting = asyncio.create_task(dealer.grant("two", 1))
        await asyncio.sleep(1)
        assert not waiting.done()
        dealer.claimed("one", held[0].lease, 1, 0)
        dealer.claimed("one", held[1].lease, 1, 1)
        dealer.lost("one")
        assert (await waiting).rows == [{"n": 2}]
        assert {name: dealer.report()[name] for name in ("used", "in_doubt", "returned", "left")} == {
            "used": 1,
            "in_doubt": 1,
            "returned": 2,
            "left": 2,
        }

    run(main())


def test_a_node_that_was_given_up_can_claim_no_more() -> None:
    async def main() -> None:
        dealer = await dealer_of(Numbered(9), **UNIQUE)
        grant = await dealer.grant("one", 4)
        dealer.lost("one")
        assert not dealer.claimed("one", grant.lease, 1, 0)
        assert (await dealer.grant("one", 4)).ended
        assert (await dealer.grant("two", 4)).rows == grant.rows

    run(main())


def test_a_node_that_is_through_gets_no_rows_that_it_still_asks_for() -> None:
    async def main() -> None:
        dealer = await dealer_of(Numbered(1), **UNIQUE)
        grant = await dealer.grant("one", 1)
        waiting = asyncio.create_task(dealer.grant("two", 1))
        await asyncio.sleep(1)
        dealer.given_back("two", 0)
        dealer.given_back("one", 0)
        assert await waiting == Grant(ended=True)
        assert (await dealer.grant("three", 1)).rows == grant.rows
        dealer.given_back("three", 0)
        assert dealer.report()["left"] == 1
        await dealer.close()

    run(main())


def test_a_node_gives_back_rows_while_it_still_asks_for_more() -> None:
    async def main() -> None:
        dealer = await dealer_of(Numbered(2), **UNIQUE)
        grants = [await dealer.grant("one", 1) for _ in range(2)]
        idle = asyncio.create_task(dealer.grant("one", 1))
        starving = asyncio.create_task(dealer.grant("two", 1))
        await asyncio.sleep(1)
        dealer.given_back("one", 0, grants[1].lease)
        assert await idle == Grant()
        assert (await starving).rows == grants[0].rows
        assert (await dealer.grant("one", 1)).rows == grants[1].rows  # it may ask again
        assert dealer.report()["returned"] == 0
        await dealer.close()

    run(main())


def test_rows_on_their_way_to_a_node_that_gives_others_back_stay_its_own() -> None:
    async def main() -> None:
        dealer = await dealer_of(Numbered(9), **UNIQUE)
        known = await dealer.grant("one", 1)
        on_its_way = await dealer.grant("one", 1)
        dealer.given_back("one", 0, known.lease)
        assert dealer.claimed("one", on_its_way.lease, 1, 0)
        assert not dealer.claimed("one", known.lease, 1, 0)

    run(main())


def test_several_nodes_get_their_part_of_little_data() -> None:
    async def main() -> None:
        dealer = await dealer_of(Numbered(100), **UNIQUE)
        await dealer.grant("one", 1)
        for name in ("one", "two", "three", "two"):
            assert 0 < len((await dealer.grant(name, 5000)).rows) <= 50

    run(main())


@pytest.mark.parametrize(
    ("policy", "rows", "recycled"),
    [("stop_run", [0, 1, 2], 0), ("hold", [0, 1, 2], 0), ("recycle", [0, 1, 2, 0, 1, 2, 3, 4], 1)],
)
def test_a_failure_in_mid_run_follows_its_policy(policy: str, rows: list[int], recycled: int) -> None:
    async def main() -> None:
        dealer = await dealer_of(Numbered(5, fails_at=3, mends=True), on_failure=policy)
        got: list[int] = []
        grant = Grant()
        while len(got) < 8:
            grant = await dealer.grant("one", 2)
            if grant.ended or grant.failure:
                break
            dealer.claimed("one", grant.lease, len(grant.rows), len(got))
            got += [row["n"] for row in grant.rows]
        assert got[:8] == rows
        assert dealer.report()["recycled"] == recycled
        assert [text["en"] for text in dealer.report()["warnings"]] == ["data source numbered: the line is cut"]
        if policy == "stop_run":
            assert grant.failure == ("数据源 numbered：线路中断", "data source numbered: the line is cut")
        elif policy == "hold":
            assert grant == Grant(ended=True, last={"n": 2})

    run(main())


@pytest.mark.parametrize(
    ("feed", "message"),
    [
        (Numbered(0), "data source numbered: the data source has no rows"),
        (Numbered(5, fails_at=0), "data source numbered: the line is cut"),
    ],
)
def test_a_source_that_gives_no_row_keeps_the_run_from_starting(feed: Numbered, message: str) -> None:
    async def main() -> None:
        with pytest.raises(RunError, match=message):
            await dealer_of(feed)

    run(main())


def test_a_source_that_cannot_be_opened_has_nothing_to_close() -> None:
    async def opened() -> Numbered:
        raise OSError("gone")

    async def main() -> None:
        dealer = RowAllocator(opened, DataSpec(source="numbered"), seed=1)
        with pytest.raises(RunError, match="data source numbered: internal error OSError"):
            await dealer.open()
        await dealer.close()
        assert dealer.report()["total"] is None

    run(main())


def test_a_node_that_waits_for_rows_and_is_lost_gets_none() -> None:
    async def main() -> None:
        dealer = await dealer_of(Numbered(1), **UNIQUE)
        grant = await dealer.grant("one", 1)
        waiting = asyncio.create_task(dealer.grant("two", 1))
        await asyncio.sleep(1)
        dealer.lost("two")
        dealer.lost("one")
        assert (await waiting).rows == []
        assert (await dealer.grant("three", 1)).rows == grant.rows

    run(main())


def test_what_a_source_finds_out_while_it_is_read_is_told_at_the_end() -> None:
    class Grumbling(Numbered):
        async def read(self, limit: int) -> list[Row]:
            self.warnings = [Text(f"第 {self.reads} 次", f"read {self.reads} times")]
            return await super().read(limit)

    async def main() -> None:
        dealer = await dealer_of(Grumbling(1500))
        await drawn(dealer, 1400, 500)
        await dealer.close()
        assert [text["en"] for text in dealer.report()["warnings"]] == ["read 2 times"]

    run(main())


class Odd(Numbered):
    """Rows with what a message between nodes has no place for."""

    columns = ("n", "nested", "text")

    async def read(self, limit: int) -> list[Row]:
        rows = await super().read(limit)
        return [{"n": 2**64 + row["n"], "nested": {"deep": [-(2**63) - 1]}, "text": "a\ud800"} for row in rows]


def test_numbers_beyond_64_bits_are_text_and_halves_of_characters_are_gone() -> None:
    async def main() -> None:
        dealer = await dealer_of(Odd(1), **UNIQUE)
        grant = await dealer.grant("one", 1)
        assert grant.rows == [{"n": "18446744073709551616", "nested": {"deep": ["-9223372036854775809"]}, "text": "a?"}]
        assert messages.decode_order(messages.encode(messages.Granted(run="run", grant=grant))).grant == grant

    run(main())


def test_a_source_that_takes_long_to_let_go_is_closed_all_the_same() -> None:
    async def main() -> None:
        feed = Numbered(5000)
        dealer = await dealer_of(feed)
        feed.after = 60
        await drawn(dealer, 1001, 500)
        await dealer.close()
        assert feed.closed == 1

    run(main())


class Emptied(Numbered):
    """A source whose rows were deleted when it is read again."""

    async def rewind(self) -> None:
        await super().rewind()
        self.empty()


@pytest.mark.usefixtures("small_window")
@pytest.mark.parametrize(
    ("policy", "last"),
    [
        ("stop_run", Grant(failure=("数据源 numbered：重新读取时已没有任何数据行",
                                    "data source numbered: it has no rows any more when it begins again"))),
        ("hold", Grant(ended=True, last={"n": 599})),
    ],
)  # fmt: skip
def test_a_source_that_is_empty_when_it_begins_again_has_failed(policy: str, last: Grant) -> None:
    async def main() -> None:
        dealer = await dealer_of(Emptied(600), on_failure=policy)
        assert len(await drawn(dealer, 600, 500)) == 600
        assert await dealer.grant("one", 1) == last

    run(main())


def test_a_failure_that_comes_again_and_again_is_told_once() -> None:
    async def main() -> None:
        dealer = await dealer_of(Numbered(5, fails_at=3), on_failure="recycle")
        assert await drawn(dealer, 30, 2) == [0, 1, 2] * 10
        assert len(dealer.report()["warnings"]) == 1

    run(main())


class Growing(Numbered):
    """Rows that are small at first and then large, in themselves or in what they hold."""

    def __init__(self, count: int, payload: object) -> None:
        super().__init__(count)
        self.payload = payload
        self.limits: list[int] = []

    async def read(self, limit: int) -> list[Row]:
        self.limits.append(limit)
        return [{"n": row["n"], "more": self.payload if row["n"] >= 100 else ""} for row in await super().read(limit)]


LARGE = [pytest.param("x" * 10_000, id="text"), pytest.param({"deep": [{"x" * 100: 1.0}] * 50}, id="nested")]


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("perfsvc.datafeed.ordering.MEMORY", 1_000_000)


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("payload", LARGE)
def test_large_data_that_begins_with_small_rows_is_not_kept(payload: object) -> None:
    feed = Growing(1000, payload)
    assert sequence(2001, feed) == [*range(1000), *range(1000), 0]
    assert feed.rewinds == 2


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("payload", LARGE)
def test_a_window_holds_as_many_rows_as_fit_into_memory(payload: object) -> None:
    rows = sequence(3000, Growing(3000, payload), order="shuffled")
    assert sorted(rows) == list(range(3000))
    assert max(row - at for at, row in enumerate(rows)) < 250


@pytest.mark.usefixtures("memory")
def test_a_window_of_random_draws_shrinks_as_rows_grow() -> None:
    async def main() -> None:
        dealer = await dealer_of(Growing(3000, "x" * 10_000), order="random")
        rows = await drawn(dealer, 20_000)
        assert max(rows) > 2900
        window = dealer._deck._window  # type: ignore[union-attr]
        assert sum(map(size_of, window)) < 1_020_000
        await dealer.close()

    run(main())


def test_large_rows_are_read_in_smaller_blocks() -> None:
    feed = Growing(3000, "x" * 100_000)
    sequence(1, feed)
    assert feed.limits[0] == 1000
    assert max(feed.limits[1:]) < 50
