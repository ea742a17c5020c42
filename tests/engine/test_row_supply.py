"""Rows from a supply that is slow, gives little, fails or ends: no user waits for ever, no request is in vain."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import nullcontext
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from perfsvc.engine.engine import Callbacks
from perfsvc.engine.engine import Engine
from perfsvc.engine.engine import Node
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.engine.row_buffer import QueueEntry
from perfsvc.engine.row_supply import RowReceiver
from perfsvc.errors import RunError
from perfsvc.model.data import Grant
from tests.engine.rig import spec_of
from tests.support import fake_protocol
from tests.support import virtual_time
from tests.support.fake_protocol import Answer

ROW = {"name": "get", "request": {"path": "{{n}}"}}
FAILURE = ("断了", "cut")
LAST = {"n": "last"}
SECONDS = 6.0


class Supplying:
    """An allocator as one node sees it: ``count`` rows, which come, and are confirmed, so much later, s; or at once.

    Each answer has at most ``piece`` rows. At the end users stop, or hold the last row; or the source ``fails`` there.
    """

    columns = ("n",)
    rows: RowReceiver

    def __init__(
        self,
        count: int,
        piece: int,
        answers_s: float | None,
        confirms_s: float,
        fails: bool = False,
        holds: bool = False,
    ) -> None:
        self.left = deque(range(count))
        self.piece, self.answers_s, self.confirms_s = piece, answers_s, confirms_s
        self.fails, self.holds = fails, holds
        self.leases: dict[int, tuple[list[int], int]] = {}
        self.granted = 0
        self.usable: set[int] = set()
        self.asked = 0
        self.unneeded = self.gone = False
        self.confirming = 0
        self.calls = 0

    def connect(self, receiver: RowReceiver) -> None:
        self.rows = receiver

    def request(self, want: int) -> Grant | None:
        assert want > 0
        assert not self.asked
        self.calls += 1
        if self.answers_s is None and self.left:
            return self._granted(want)
        self.asked = want
        asyncio.get_running_loop().call_later(self.answers_s or 0.0, self._answer)
        return None

    def _answer(self) -> None:
        want, self.asked = self.asked, 0
        unneeded, self.unneeded = self.unneeded, False
        self.rows.on_grant(Grant() if unneeded or self.gone else self._granted(want))

    def _granted(self, want: int) -> Grant:
        taken = [self.left.popleft() for _ in range(min(want, self.piece, len(self.left)))]
        if not taken:
            return Grant(failure=FAILURE) if self.fails else Grant(ended=True, last=LAST if self.holds else None)
        self.granted += 1
        self.leases[self.granted] = (taken, 0)
        return Grant(lease=self.granted, rows=[{"n": number} for number in taken])

    def claim(self, lease: int, upto: int, spent: int) -> bool:
        self.calls += 1
        rows, begin = self.leases[lease]
        assert begin < upto <= len(rows)
        self.leases[lease] = (rows, upto)
        if not self.confirms_s:
            self.usable.update(rows[begin:upto])
            return True
        self.confirming += 1
        asyncio.get_running_loop().call_later(self.confirms_s, self._confirm, rows[begin:upto])
        return False

    def _confirm(self, rows: list[int]) -> None:
        self.confirming -= 1
        self.usable.update(rows)
        self.rows.on_confirm()

    def release(self, spent: int, upto: int | None = None) -> None:
        self.gone = upto is None
        self.unneeded = bool(self.asked)
        for number in [number for number in self.leases if upto is None or number <= upto]:
            rows, begin = self.leases.pop(number)
            self.left.extend(rows[begin:])

    @property
    def silent(self) -> bool:
        """Whether nothing is on its way."""
        return not self.asked and not self.confirming


class Watched:
    """A run whose waiting users are looked at all the time, and whose refills are counted."""

    def __init__(self, supply: Supplying, allocation: dict[str, Any], service_s: list[float], users: int) -> None:
        self.supply = supply
        load = {"stages": [{"duration": 0, "target": users}, {"duration": SECONDS, "target": users}]}
        spec = spec_of([ROW], load=load, data={"source": "x", "allocation": allocation}, graceful_stop_s=1.0)
        self.protocol = fake_protocol.answering(lambda scope, _: Answer(after=service_s[scope.vu % len(service_s)]))
        clock = virtual_time.current_clock()
        self.engine = Engine(
            spec, Node(lambda _: self.protocol, clock, TargetPolicy()), Callbacks(lambda _: None), supply
        )
        assert self.engine.rows is not None
        self.rows = self.engine.rows
        self.stuck = self.vain = self.waits = 0
        self._count()

    def _count(self) -> None:
        refill, wait_for_row = self.rows.refill, self.rows._wait_for_row

        def counted() -> None:
            calls = self.supply.calls
            refill()
            self.vain += self.supply.calls == calls

        def waiting(*about: Any) -> int:
            self.waits += 1
            return wait_for_row(*about)

        self.rows.refill = counted  # type: ignore[method-assign]
        self.rows._wait_for_row = waiting  # type: ignore[method-assign]

    async def run_to_end(self, actions: list[tuple[float, str, int]]) -> None:
        self.engine.compile()
        await self.engine.prepare()
        self.engine.start()
        watching = asyncio.create_task(self._watch())
        acting = asyncio.create_task(self._act(actions))
        try:
            await self.engine.wait()
        finally:
            watching.cancel()
            acting.cancel()

    async def _act(self, actions: list[tuple[float, str, int]]) -> None:
        for after, action, level in actions:
            await asyncio.sleep(after)
            if action == "level":
                self.engine.set_level(level)
            else:
                getattr(self.engine, action)()
        self.engine.resume()

    async def _watch(self) -> None:
        """Who waits while nothing is on its way, and the data goes on, waits for ever."""
        while not self.engine.stopping:
            await asyncio.sleep(0.0101)
            if not self.engine.idle and self.supply.silent and not self.rows.ended:
                self.stuck += any(isinstance(user.timer, QueueEntry) for user in self.engine.active_users)

    @property
    def used(self) -> list[str]:
        return [path for _, _, path in self.protocol.made[-1].log]


ALLOCATIONS = st.fixed_dictionaries(
    {
        "scope": st.sampled_from(("iteration", "vu")),
        "unique": st.booleans(),
        "at_end": st.sampled_from((None, "stop_vu")),
    }
)
SUPPLIES = st.builds(
    Supplying,
    count=st.sampled_from((1, 7, 300, 100_000)),
    piece=st.sampled_from((1, 3, 40, 5000)),
    answers_s=st.sampled_from((None, 0.0, 0.003, 0.7)),
    confirms_s=st.sampled_from((0.0, 0.002, 0.4)),
    fails=st.booleans(),
    holds=st.booleans(),
)
ACTIONS = st.lists(
    st.tuples(
        st.sampled_from((0.0, 0.01, 0.2, 1.5)),
        st.sampled_from(("pause", "resume", "level", "level")),
        st.integers(0, 6),
    ),
    max_size=8,
)


@settings(max_examples=40)
@given(
    SUPPLIES,
    ALLOCATIONS,
    st.lists(st.sampled_from((0.01, 0.05, 0.3, 2.5)), min_size=1, max_size=4),
    st.integers(1, 5),
    ACTIONS,
)
def test_no_user_waits_for_ever_and_no_row_is_invented(
    supply: Supplying,
    allocation: dict[str, Any],
    service_s: list[float],
    users: int,
    actions: list[tuple[float, str, int]],
) -> None:
    async def main() -> Watched:
        watched = Watched(supply, allocation, service_s, users)
        with suppress(RunError) if supply.fails else nullcontext():
            await watched.run_to_end(actions)
        return watched

    watched = virtual_time.run(main())
    assert watched.stuck == 0
    assert watched.vain <= 3 * (watched.waits + supply.calls) + 10
    rows = [int(path) for path in watched.used if path != LAST["n"]]
    if allocation["scope"] == "iteration" and not supply.holds:
        assert len(set(rows)) == len(rows)
    if allocation["unique"]:
        assert supply.usable.issuperset(rows)


def run(supply: Supplying, allocation: dict[str, Any], users: int, *actions: tuple[float, str, int]) -> Watched:
    async def main() -> Watched:
        watched = Watched(supply, allocation, [0.002], users)
        await watched.run_to_end(list(actions))
        return watched

    return virtual_time.run(main())


@pytest.mark.parametrize("confirms_s", [0.0, 0.002, 0.03])
@pytest.mark.parametrize("answers_s", [None, 0.0, 0.003, 0.03])
@pytest.mark.parametrize("unique", [False, True])
def test_soon_no_user_waits_where_rows_come_late(answers_s: float | None, confirms_s: float, unique: bool) -> None:
    """Blocks and claims must grow though all users wait for them, and though they last long because of that."""
    watched = run(Supplying(100_000, 5000, answers_s, confirms_s), {"unique": unique}, 50)
    assert len(watched.used) == 100_000
    assert watched.waits < 5000
    assert watched.vain <= 3 * (watched.waits + watched.supply.calls)


@pytest.mark.parametrize("confirms_s", [0.0, 0.002])
def test_a_row_left_over_by_users_who_left_is_given_to_the_next(confirms_s: float) -> None:
    supply = Supplying(100_000, 5000, 0.7, confirms_s)
    watched = run(supply, {"scope": "vu", "unique": True}, 5, (0.01, "level", 1), (1.5, "level", 3))
    assert watched.stuck == 0
    assert len({vu for _, vu, _ in watched.protocol.made[-1].log}) == 3
