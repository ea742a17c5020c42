"""The virtual users of one node: who is active, who is waiting, who is on the way out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
from collections.abc import Sequence
from typing import Any

from perfsvc.engine.virtual_user import CLOSED
from perfsvc.engine.virtual_user import Program
from perfsvc.engine.virtual_user import VirtualUser

MAX_STARTS_AT_ONCE = 200
"""Users started in one tick: opening more connections at once would hold the loop up."""


class UserPool:
    """Active users in the order they came. The last to come is the first to retire.

    ``make`` builds the user of a number with the program of its scene, ``begin`` lets it begin.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        weights: Sequence[int],
        make: Callable[[int, Program], VirtualUser],
        begin: Callable[[VirtualUser, int], None],
    ) -> None:
        self._programs = programs
        self._weights = weights
        self._make = make
        self._begin = begin
        self._started = [0] * len(programs)
        self._number = 0
        self._closing: set[asyncio.Task[None]] = set()
        self._staying: dict[VirtualUser, None] = {}
        self.active: dict[VirtualUser, None] = {}
        self.held: dict[VirtualUser, int] = {}
        self.finished = 0
        self._most = 0
        self.empty = asyncio.Event()
        self.empty.set()

    def adjust(self, wanted: int, retire_by_ns: int = 1) -> None:
        """Start or retire users towards ``wanted``; who retires has until ``retire_by_ns`` to end its iteration."""
        missing = wanted - len(self._staying) - self.finished
        for _ in range(min(missing, MAX_STARTS_AT_ONCE)):
            self.start()
        for _ in range(min(-missing, len(self._staying))):
            self._retire(self._staying.popitem()[0], retire_by_ns)

    def told(self, first: bool) -> int:
        """How many there are; how many there were where all have left within the ``first`` second, which ends a run."""
        return len(self.active) or (self._most if first else 0)

    def start(self, planned_ns: int = 0) -> None:
        """One more user, whose first iteration is planned for ``planned_ns``."""
        self._number += 1
        user = self._make(self._number, self._programs[self._next_scene()])
        user.planned_ns = planned_ns
        self.active[user] = self._staying[user] = None
        self._most = max(self._most, len(self.active))
        self.empty.clear()
        self._begin(user, self._number)

    def finish(self, user: VirtualUser) -> None:
        """A user has done all it was to do: it leaves and nobody comes in its place."""
        self.finished += 1
        self.leave(user)

    def hold(self, user: VirtualUser, position: int) -> None:
        """Keep a user where it is until ``release``."""
        self.held[user] = position

    def release(self) -> None:
        """Let everyone who was held go on."""
        held, self.held = self.held, {}
        for user, position in held.items():
            user.timer = user.engine.loop.call_soon(user.wake, position)

    def leave(self, user: VirtualUser) -> None:
        """A user is out; its sessions are closed in the background."""
        if self.active.pop(user, self) is self:
            return
        self.held.pop(user, None)
        self._staying.pop(user, None)
        user.close_now()
        self._background(user.end())
        if not self.active:
            self.empty.set()

    def leave_idle(self) -> None:
        """Everyone who has no request in flight leaves."""
        for user in [user for user in self.active if user.sending is None]:
            self.leave(user)

    def cut_off(self) -> None:
        """Everyone leaves, requests in flight are given up."""
        for user in list(self.active):
            self.cut_off_one(user)

    def cut_off_one(self, user: VirtualUser) -> None:
        """One user leaves and gives up its request in flight."""
        user.gate = CLOSED
        if user.sending is None:
            self.leave(user)
        else:
            user.close_now()

    def overdue(self, now_ns: int) -> list[VirtualUser]:
        """Users whose request should have been answered by now."""
        return [user for user in self.active if user.deadline_ns and user.deadline_ns < now_ns]

    def leave_retired(self, now_ns: int) -> None:
        """Users told to retire that did not come to the end of their iteration in time leave at their next request."""
        for user in [user for user in self.active if user.retire_by_ns and user.retire_by_ns < now_ns]:
            user.gate = CLOSED
            if user.sending is None:
                self.leave(user)

    async def closed(self, timeout: float) -> None:
        """Wait until all sessions of users that left are closed, at most ``timeout`` s."""
        if self._closing:
            await asyncio.wait(self._closing, timeout=timeout)
        for task in self._closing:
            task.cancel()

    def _next_scene(self) -> int:
        """The scene that is furthest behind its weight."""
        behind = min(range(len(self._weights)), key=lambda i: ((self._started[i] + 1) / self._weights[i], i))
        self._started[behind] += 1
        return behind

    def _retire(self, user: VirtualUser, retire_by_ns: int) -> None:
        user.retire_by_ns = retire_by_ns
        if user in self.held:
            self.leave(user)

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
