"""Rows allocated to nodes: none twice, none lost but those in doubt, and exact counts of all of them."""

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
from tests.support.feeds import allocator_of

UNIQUE = {"unique": True}


LIMIT_S = 600
"""Of virtual time: a request that is never granted fails a test instead of blocking it."""


def run(main: Coroutine[Any, Any, Any]) -> Any:
    return virtual_time.run(asyncio.wait_for(main, LIMIT_S))


def test_the_unclaimed_rows_of_a_lost_node_are_granted_again_first() -> None:
    async def main() -> None:
        allocator = await allocator_of(Numbered(100), **UNIQUE)
        first, second = [await allocator.request("one", 4) for _ in range(2)]
        assert [row["n"] for row in (*first.rows, *second.rows)] == [0, 1, 2, 3, 4]
        assert allocator.claim("one", second.lease, 1, 0)
        allocator.node_lost("one")
        assert [row["n"] for row in (await allocator.request("two", 9)).rows] == [0, 2, 3, 4]
        counts = allocator.report()
        assert (counts["used"], counts["in_doubt"], counts["returned"]) == (0, 1, 4)
        await allocator.close()

    run(main())


class Node:
    """A node that claims what it was granted when a test says so."""

    def __init__(self, allocator: RowAllocator, name: str) -> None:
        self.allocator = allocator
        self.name = name
        self.held: list[tuple[int, list[int], int]] = []
        self.claimed: list[int] = []
        self.spent = 0
        self.newest = 0
        self.ended = False
        self.pending: asyncio.Task[Grant] | None = None

    def request(self, count: int) -> None:
        self.pending = self.pending or asyncio.create_task(self.allocator.request(self.name, count))

    def receive(self) -> None:
        if self.pending is not None and self.pending.done():
            grant, self.pending = self.pending.result(), None
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
            assert self.allocator.claim(self.name, lease, upto, self.spent)
            self.claimed += rows[begin:upto]
            if upto < len(rows):
                self.held.insert(0, (lease, rows, upto))

    def release(self, count: int) -> None:
        self.held.clear()
        self.spent = len(self.claimed)
        self.allocator.release(self.name, self.spent, self.newest)

    def lose(self, count: int) -> None:
        if self.pending is not None:
            self.pending.cancel()
        self.allocator.node_lost(self.name)

    @property
    def unclaimed(self) -> int:
        return sum(len(rows) - begin for _, rows, begin in self.held)


KINDS = ("request", "request", "claim", "claim", "claim", "release", "lose")
ACTIONS = st.tuples(st.sampled_from(KINDS), st.integers(0, 9), st.integers(1, 9))
MOST_ROUNDS = 200
"""Of requests and claims until every node has received the end; 60 rows and 4 nodes take far fewer."""


async def use_up(allocator: RowAllocator, alive: list[Node], lost: list[Node], count: int) -> None:
    """Let the nodes use all rows that are left. Fails when rows are neither granted nor claimed."""
    for _ in range(MOST_ROUNDS):
        if all(node.ended for node in alive):
            return
        for node in alive:
            node.request(3)
        await asyncio.sleep(0.001)
        for node in alive:
            node.receive()
            node.claim(2)
    missing = sorted(set(range(count)) - {row for node in (*alive, *lost) for row in node.claimed})
    await allocator.close()
    pytest.fail(f"rows {missing} were not granted again within {MOST_ROUNDS} rounds")


async def play(count: int, nodes: int, actions: list[tuple[str, int, int]], order: str, counted: bool) -> None:
    allocator = await allocator_of(Numbered(count, counted=counted), order=order, **UNIQUE)
    alive = [Node(allocator, f"node-{number}") for number in range(nodes)]
    lost: list[Node] = []
    returned = 0
    for action, number, amount in actions:
        node = alive[number % len(alive)]
        getattr(node, action)(amount)
        if action == "lose":
            returned += node.unclaimed
            lost.append(node)
            alive[alive.index(node)] = Node(allocator, f"{node.name}'")
        await asyncio.sleep(0.001)
        for each in alive:
            each.receive()
    await use_up(allocator, alive, lost, count)
    for node in alive:
        allocator.release(node.name, len(node.claimed))
        node.spent = len(node.claimed)
    used = [row for node in (*alive, *lost) for row in node.claimed]
    assert sorted(used) == list(range(count))
    report = allocator.report()
    doubt = sum(len(node.claimed) - node.spent for node in lost)
    assert (report["total"], report["left"], report["recycled"]) == (count, 0, 0)
    assert (report["used"], report["in_doubt"]) == (count - doubt, doubt)
    assert report["returned"] == returned
    await allocator.close()


@settings(max_examples=200)
@given(
    st.integers(1, 60),
    st.integers(1, 4),
    st.lists(ACTIONS, max_size=60),
    st.sampled_from(("sequential", "shuffled")),
    st.booleans(),
)
def test_every_row_is_used_once_whatever_becomes_of_nodes(
    count: int, nodes: int, actions: list[tuple[str, int, int]], order: str, counted: bool
) -> None:
    run(play(count, nodes, actions, order, counted))


async def read_rows(allocator: RowAllocator, count: int, want: int = 7) -> list[int]:
    """The first rows of a allocator, for one node that claims all it gets."""
    rows: list[int] = []
    while len(rows) < count:
        grant = await allocator.request("one", want)
        if grant.ended:
            break
        assert allocator.claim("one", grant.lease, len(grant.rows), len(rows))
        rows += [row["n"] for row in grant.rows]
    return rows[:count]


def sequence(count: int, feed: Numbered, want: int = 7, **allocation: Any) -> list[int]:
    async def main() -> list[int]:
        allocator = await allocator_of(feed, **allocation)
        rows = await read_rows(allocator, count, want)
        await allocator.close()
        return rows

    return run(main())  # type: ignore[no-any-return]


def test_rows_come_in_order_and_again() -> None:
    assert sequence(8, Numbered(3)) == [0, 1, 2, 0, 1, 2, 0, 1]


@pytest.mark.parametrize("order", ["shuffled", "random"])
def test_the_same_seed_gives_the_same_rows_however_they_are_asked_for(order: str) -> None:
    assert sequence(500, Numbered(100), 1, order=order) == sequence(500, Numbered(100), 64, order=order)


def test_shuffled_data_is_whole_in_each_cycle_and_shuffled_again() -> None:
    rows = sequence(300, Numbered(100), order="shuffled")
    cycles = [rows[begin : begin + 100] for begin in (0, 100, 200)]
    assert [sorted(cycle) for cycle in cycles] == [list(range(100))] * 3
    assert len({tuple(cycle) for cycle in (*cycles, range(100))}) == 4


def test_random_rows_put_rows_back() -> None:
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
def test_random_rows_from_larger_data_go_through_all_of_it() -> None:
    rows = sequence(20_000, Numbered(5000), order="random")
    assert max(rows) > 4500
    assert len(set(rows)) < 5000  # some not at all,
    assert len(set(rows)) > 4500  # but not many


@pytest.mark.usefixtures("small_window")
def test_larger_data_is_read_again_for_the_next_cycle() -> None:
    assert sequence(6001, Numbered(3000)) == [*range(3000), *range(3000), 0]


def test_one_row_for_everybody() -> None:
    async def main() -> None:
        allocator = await allocator_of(Numbered(5), scope="run")
        assert (
            await allocator.request("one", 1) == await allocator.request("other", 9) == Grant(ended=True, last={"n": 0})
        )
        assert allocator.report()["used"] == 1
        assert not allocator.over

    run(main())


def test_the_end_waits_for_rows_that_other_nodes_hold() -> None:
    async def main() -> None:
        allocator = await allocator_of(Numbered(4), **UNIQUE)
        held = [await allocator.request("one", 9) for _ in range(4)]
        assert [len(grant.rows) for grant in held] == [1, 1, 1, 1]
        waiting = asyncio.create_task(allocator.request("two", 1))
        await asyncio.sleep(1)
        assert not waiting.done()
        allocator.claim("one", held[0].lease, 1, 0)
        allocator.claim("one", held[1].lease, 1, 1)
        allocator.node_lost("one")
        assert (await waiting).rows == [{"n": 2}]
        assert {name: allocator.report()[name] for name in ("used", "in_doubt", "returned", "left")} == {
            "used": 1,
            "in_doubt": 1,
            "returned": 2,
            "left": 2,
        }

    run(main())


def test_a_node_that_was_given_up_can_claim_no_more() -> None:
    async def main() -> None:
        allocator = await allocator_of(Numbered(9), **UNIQUE)
        grant = await allocator.request("one", 4)
        allocator.node_lost("one")
        assert not allocator.claim("one", grant.lease, 1, 0)
        assert (await allocator.request("one", 4)).ended
        assert (await allocator.request("two", 4)).rows == grant.rows

    run(main())


def test_a_node_that_is_through_gets_no_rows_that_it_still_asks_for() -> None:
    async def main() -> None:
        allocator = await allocator_of(Numbered(1), **UNIQUE)
        grant = await allocator.request("one", 1)
        waiting = asyncio.create_task(allocator.request("two", 1))
        await asyncio.sleep(1)
        allocator.release("two", 0)
        allocator.release("one", 0)
        assert await waiting == Grant(ended=True)
        assert (await allocator.request("three", 1)).rows == grant.rows
        allocator.release("three", 0)
        assert allocator.report()["left"] == 1
        await allocator.close()

    run(main())


def test_a_node_releases_rows_while_it_still_asks_for_more() -> None:
    async def main() -> None:
        allocator = await allocator_of(Numbered(2), **UNIQUE)
        grants = [await allocator.request("one", 1) for _ in range(2)]
        idle = asyncio.create_task(allocator.request("one", 1))
        starving = asyncio.create_task(allocator.request("two", 1))
        await asyncio.sleep(1)
        allocator.release("one", 0, grants[1].lease)
        assert await idle == Grant()
        assert (await starving).rows == grants[0].rows
        assert (await allocator.request("one", 1)).rows == grants[1].rows  # it may ask again
        assert allocator.report()["returned"] == 0
        await allocator.close()

    run(main())


def test_rows_on_their_way_to_a_node_that_releases_others_stay_its_own() -> None:
    async def main() -> None:
        allocator = await allocator_of(Numbered(9), **UNIQUE)
        known = await allocator.request("one", 1)
        on_its_way = await allocator.request("one", 1)
        allocator.release("one", 0, known.lease)
        assert allocator.claim("one", on_its_way.lease, 1, 0)
        assert not allocator.claim("one", known.lease, 1, 0)

    run(main())


def test_several_nodes_get_their_part_of_little_data() -> None:
    async def main() -> None:
        allocator = await allocator_of(Numbered(100), **UNIQUE)
        await allocator.request("one", 1)
        for name in ("one", "two", "three", "two"):
            assert 0 < len((await allocator.request(name, 5000)).rows) <= 50

    run(main())


@pytest.mark.parametrize(
    ("policy", "rows", "recycled"),
    [("stop_run", [0, 1, 2], 0), ("hold", [0, 1, 2], 0), ("recycle", [0, 1, 2, 0, 1, 2, 3, 4], 1)],
)
def test_a_failure_in_mid_run_follows_its_policy(policy: str, rows: list[int], recycled: int) -> None:
    async def main() -> None:
        allocator = await allocator_of(Numbered(5, fails_at=3, mends=True), on_failure=policy)
        got: list[int] = []
        grant = Grant()
        while len(got) < 8:
            grant = await allocator.request("one", 2)
            if grant.ended or grant.failure:
                break
            allocator.claim("one", grant.lease, len(grant.rows), len(got))
            got += [row["n"] for row in grant.rows]
        assert got[:8] == rows
        assert allocator.report()["recycled"] == recycled
        assert [text["en"] for text in allocator.report()["warnings"]] == ["data source numbered: the line is cut"]
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
            await allocator_of(feed)

    run(main())


def test_a_source_that_cannot_be_opened_has_nothing_to_close() -> None:
    async def opened() -> Numbered:
        raise OSError("gone")

    async def main() -> None:
        allocator = RowAllocator(opened, DataSpec(source="numbered"), seed=1)
        with pytest.raises(RunError, match="data source numbered: internal error OSError"):
            await allocator.open()
        await allocator.close()
        assert allocator.report()["total"] is None

    run(main())


def test_a_node_that_waits_for_rows_and_is_lost_gets_none() -> None:
    async def main() -> None:
        allocator = await allocator_of(Numbered(1), **UNIQUE)
        grant = await allocator.request("one", 1)
        waiting = asyncio.create_task(allocator.request("two", 1))
        await asyncio.sleep(1)
        allocator.node_lost("two")
        allocator.node_lost("one")
        assert (await waiting).rows == []
        assert (await allocator.request("three", 1)).rows == grant.rows

    run(main())


def test_warnings_of_a_source_while_it_is_read_are_in_the_report() -> None:
    class Grumbling(Numbered):
        async def read(self, limit: int) -> list[Row]:
            self.warnings = [Text(f"第 {self.reads} 次", f"read {self.reads} times")]
            return await super().read(limit)

    async def main() -> None:
        allocator = await allocator_of(Grumbling(1500))
        await read_rows(allocator, 1400, 500)
        await allocator.close()
        assert [text["en"] for text in allocator.report()["warnings"]] == ["read 2 times"]

    run(main())


class Odd(Numbered):
    """Rows with what a message between nodes has no place for."""

    columns = ("n", "nested", "text")

    async def read(self, limit: int) -> list[Row]:
        rows = await super().read(limit)
        return [{"n": 2**64 + row["n"], "nested": {"deep": [-(2**63) - 1]}, "text": "a\ud800"} for row in rows]


def test_numbers_beyond_64_bits_are_text_and_halves_of_characters_are_gone() -> None:
    async def main() -> None:
        allocator = await allocator_of(Odd(1), **UNIQUE)
        grant = await allocator.request("one", 1)
        assert grant.rows == [{"n": "18446744073709551616", "nested": {"deep": ["-9223372036854775809"]}, "text": "a?"}]
        granted = messages.GrantRows(assignment="run", grant=grant)
        assert messages.decode_command(messages.encode(granted)) == granted

    run(main())


def test_a_source_that_takes_long_to_let_go_is_closed_all_the_same() -> None:
    async def main() -> None:
        feed = Numbered(5000)
        allocator = await allocator_of(feed)
        feed.after = 60
        await read_rows(allocator, 1001, 500)
        await allocator.close()
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
                                    "data source numbered: it had no rows left when it was read again"))),
        ("hold", Grant(ended=True, last={"n": 599})),
    ],
)  # fmt: skip
def test_a_source_that_is_empty_when_it_begins_again_has_failed(policy: str, last: Grant) -> None:
    async def main() -> None:
        allocator = await allocator_of(Emptied(600), on_failure=policy)
        assert len(await read_rows(allocator, 600, 500)) == 600
        assert await allocator.request("one", 1) == last

    run(main())


def test_a_repeated_failure_is_reported_once() -> None:
    async def main() -> None:
        allocator = await allocator_of(Numbered(5, fails_at=3), on_failure="recycle")
        assert await read_rows(allocator, 30, 2) == [0, 1, 2] * 10
        assert len(allocator.report()["warnings"]) == 1

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
        allocator = await allocator_of(Growing(3000, "x" * 10_000), order="random")
        rows = await read_rows(allocator, 20_000)
        assert max(rows) > 2900
        window = allocator._order._window  # type: ignore[union-attr]
        assert sum(map(size_of, window)) < 1_020_000
        await allocator.close()

    run(main())


def test_large_rows_are_read_in_smaller_blocks() -> None:
    feed = Growing(3000, "x" * 100_000)
    sequence(1, feed)
    assert feed.limits[0] == 1000
    assert max(feed.limits[1:]) < 50
