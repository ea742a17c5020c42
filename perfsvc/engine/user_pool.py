"""The virtual users of one node: active, held and leaving ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from collections.abc import Coroutine
from collections.abc import Sequence
from typing import Any

from perfsvc.engine.scene_draw import SceneDraw
from perfsvc.engine.virtual_user import CLOSED
from perfsvc.engine.virtual_user import NO_PLAN
from perfsvc.engine.virtual_user import NO_REQUEST
from perfsvc.engine.virtual_user import STAYS
from perfsvc.engine.virtual_user import WAIT
from perfsvc.engine.virtual_user import Gate
from perfsvc.engine.virtual_user import Program
from perfsvc.engine.virtual_user import VirtualUser

MAX_STARTS_AT_ONCE = 200
"""Users started in one tick: opening more connections at once would block the loop."""
SWEEP_NS = 50_000_000
CLOSE_TIMEOUT_S = 5.0


class UserPool:
    """Active users in the order they came. The last to come is the first to retire.

    ``make`` builds the user of a number with the program of its scene, ``begin`` lets it begin.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        draw: SceneDraw,
        make: Callable[[UserPool, int, Program], VirtualUser],
        begin: Callable[[VirtualUser, int], None],
    ) -> None:
        self._programs = programs
        self._draw = draw
        self._make = make
        self._begin = begin
        self._number = 0
        self._swept_ns = 0
        self._cut_off = 0
        self._closing: set[asyncio.Task[None]] = set()
        self._staying: dict[VirtualUser, None] = {}
        self.active: dict[VirtualUser, None] = {}
        self.held: dict[VirtualUser, int] = {}
        self.finished = 0
        self.gate = Gate()
        self._most = 0
        self.empty = asyncio.Event()
        self.empty.set()

    def adjust(self, count: int, retire_by_ns: int = 1) -> None:
        """Start or retire users towards ``count``; retiring users may end their iteration until ``retire_by_ns``."""
        missing = count - len(self._staying) - self.finished
        for _ in range(min(missing, MAX_STARTS_AT_ONCE)):
            self.start()
        for _ in range(min(-missing, len(self._staying))):
            self._retire(self._staying.popitem()[0], retire_by_ns)

    def reported_count(self, first: bool) -> int:
        """The number of active users; of a run that ended within its ``first`` second, the highest number there was."""
        return len(self.active) or (self._most if first else 0)

    def draw(self) -> Program:
        """Return the program of the scene that comes next by weight."""
        return self._programs[self._draw.next()]

    def start(self, planned_ns: int = NO_PLAN, program: Program | None = None) -> None:
        """One more user, of a drawn scene unless ``program`` is given; its first iteration is due at ``planned_ns``."""
        self._number += 1
        user = self._make(self, self._number, program or self.draw())
        user.planned_ns = planned_ns
        self.active[user] = self._staying[user] = None
        self._most = max(self._most, len(self.active))
        self.empty.clear()
        self._begin(user, self._number)

    def finish(self, user: VirtualUser) -> None:
        """Let a user out that has done all its iterations; no other replaces it."""
        self.finished += 1
        self.leave(user)

    def hold(self, user: VirtualUser, position: int) -> int:
        """Hold a user that came to its closed gate until ``resume``, or let it leave. Return WAIT."""
        if user.gate.final:
            self.leave(user)
        else:
            self.held[user] = position
        return WAIT

    def pause(self) -> None:
        """Close the gate: users are held at their next request."""
        self.gate.closed = True

    def stop(self) -> None:
        """Close the gate for good: users leave at their next request, and at once where none is in flight."""
        self.gate.closed = self.gate.final = True
        self.leave_idle()

    def resume(self) -> None:
        """Open the gate and let the users that were held go on."""
        self.gate.closed = False
        held, self.held = self.held, {}
        for user, position in held.items():
            user.timer = user.engine.loop.call_soon(user.wake, position)

    def leave(self, user: VirtualUser) -> None:
        """Let a user out; its sessions are closed in the background."""
        if self.active.pop(user, self) is self:
            return
        self.held.pop(user, None)
        self._staying.pop(user, None)
        user.close_now()
        self._background(user.end())
        if not self.active:
            self.empty.set()

    def leave_idle(self) -> None:
        """Let all users out that have no request in flight."""
        for user in [user for user in self.active if user.sending is None]:
            self.leave(user)

    def cut_off(self) -> None:
        """Let all users leave and give up their requests in flight."""
        for user in list(self.active):
            user.gate = CLOSED
            if user.sending is None:
                self.leave(user)
            else:
                user.close_now()

    def leave_cut_off(self, user: VirtualUser) -> int:
        """A request was given up because the run, or the user, ended: that is not the target's fault."""
        self._cut_off += 1
        user.deadline_ns = NO_REQUEST
        self.leave(user)
        return WAIT

    def drain_cut_off(self) -> int:
        """The number of requests given up since the last call."""
        count, self._cut_off = self._cut_off, 0
        return count

    def sweep(self, now_ns: int) -> None:
        """Look for requests and retirements whose time is up, now and then: none of them has a timer of its own."""
        if now_ns - self._swept_ns < SWEEP_NS:
            return
        self._swept_ns = now_ns
        for user in [user for user in self.active if NO_REQUEST != user.deadline_ns < now_ns]:
            user.time_out()
        for user in [user for user in self.active if STAYS != user.retire_by_ns < now_ns]:
            user.gate = CLOSED
            if user.sending is None:
                self.leave(user)

    async def closed(self, timeout: float) -> None:
        """Wait until all sessions of users that left are closed, at most ``timeout`` s."""
        if self._closing:
            await asyncio.wait(self._closing, timeout=timeout)
        for task in self._closing:
            task.cancel()

    def _retire(self, user: VirtualUser, retire_by_ns: int) -> None:
        user.retire_by_ns = retire_by_ns
        self._draw.put_back(self._programs.index(user.program))
        if user in self.held:
            self.leave(user)

    def _background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def leave_all(pools: Sequence[UserPool], graceful_s: float) -> None:
    """Wait until all users have left and closed their sessions; cut off those that take longer than ``graceful_s``."""
    try:
        async with asyncio.timeout(graceful_s):
            for pool in pools:
                await pool.empty.wait()
    except TimeoutError:
        for pool in pools:
            pool.cut_off()
    for pool in pools:
        await pool.closed(CLOSE_TIMEOUT_S)
