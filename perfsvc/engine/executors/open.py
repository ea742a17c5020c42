"""Open model: one iteration per arrival, from a bounded pool of users."""

from __future__ import annotations

import asyncio
import math

from perfsvc.clock import NS_PER_S
from perfsvc.engine.executors.base import Executor
from perfsvc.engine.executors.base import Planned
from perfsvc.engine.executors.idle_users import IdleUsers
from perfsvc.engine.pacing import Arrivals
from perfsvc.engine.share import Share
from perfsvc.engine.share import Slot
from perfsvc.engine.user_pool import UserPool
from perfsvc.engine.virtual_user import WAIT
from perfsvc.engine.virtual_user import Host
from perfsvc.engine.virtual_user import VirtualUser

NEAR_S = 1.0
"""The engine's own ticks look further ahead."""


TIMER_S = 0.001
"""Resolution of the loop's timers; a shorter wait would spin."""


class OpenExecutor(Executor):
    """One iteration for each arrival, whatever the target does; served by a bounded pool of users.

    The i-th arrival is due at a moment computed from the run's origin, and its scene is drawn by weight. When no user
    is free it waits, and its wait is part of the latency from plan, or it is dropped and counted. Where no more users
    may come, one that is free of another scene leaves for one of the scene that was drawn.
    """

    def __init__(self, engine: Host, users: UserPool, slot: Slot) -> None:
        super().__init__(engine, users, slot)
        load = self.spec.load
        first = self.profile.area(slot.since)
        self._arrivals = Arrivals(self.profile, load.distribution, self.spec.seed, self.share, first)
        self._most_users = max(self.share.of(load.most_users), 1)
        self._drops = load.when_late == "drop"
        self._left: float = self.share.of(load.iterations.count) if load.iterations else math.inf
        self._idle = IdleUsers()
        self._scene = users.draw()
        self._full = False
        self._timer: asyncio.TimerHandle | None = None

    def tick(self, elapsed: float) -> None:
        """Serve what is due, and be called again when the next arrival is."""
        if self._splits:
            self.take_shares(elapsed)
        self._serve(elapsed)
        self._arm()

    def first_iteration(self, user: VirtualUser, number: int) -> None:
        """A user was made for an arrival."""
        user.begin()

    def next_iteration(self, user: VirtualUser, back: int) -> int:
        """The arrival that has waited longest, or nothing to do."""
        if len(self.users.active) > self._most_users:
            self.users.leave(user)
            return WAIT
        elapsed = self.engine.time.elapsed()
        if self._arrivals.due <= elapsed and self._left > 0 and not user.gate.closed:
            if user.program is self._scene or self._full:
                self.late += elapsed - self._arrivals.due > TIMER_S
                user.planned_ns = self._take()
                return back
            self.users.leave(user)
            self.engine.loop.call_soon(self._serve_waiting)
            return WAIT
        if self.engine.stopping:
            self.users.leave(user)
        else:
            user.resting_at = back
            self._idle.add(user)
        return WAIT

    def planned(self, elapsed: float) -> Planned:
        """The rate of the profile, and this node's part of it; users are what that takes."""
        rate = self.profile.at(elapsed)
        return Planned(len(self.users.active), rate * self.share.fraction, run_rate=rate)

    def add_iterations(self, count: int) -> None:
        """The plan extends the time in which arrivals are served."""
        self._left += count

    def set_level(self, at: float, level: float) -> None:
        """A new rate; arrivals keep their numbers."""
        super().set_level(at, level)
        self._arrivals.replan()

    def resplit(self, at: float, share: Share) -> None:
        """Split the arrivals due from ``at`` on by a new share, however far this node has come."""
        super().resplit(at, share)
        self._arrivals.resplit(self.profile.area(at), share)

    def take_shares(self, elapsed: float) -> None:
        """The pool of users is shared as the arrivals are; who is too many leaves, now or at the iteration's end."""
        super().take_shares(elapsed)
        self._most_users = max(self.share.of(self.spec.load.most_users), 1)
        while len(self.users.active) > self._most_users and (user := self._idle.take_any()) is not None:
            self.users.leave(user)

    def out_of_data(self, user: VirtualUser) -> None:
        """The arrival was never started, and a new user would find no row either."""
        super().out_of_data(user)
        self._left += 1
        self.dropped += 1
        self._full = True

    def paused(self) -> None:
        """Profile time stands still, and so do arrivals."""
        if self._timer is not None:
            self._timer.cancel()

    def resumed(self) -> None:
        """Go on where time stood still."""
        self.tick(self.engine.time.elapsed())

    def stopped(self, elapsed: float) -> None:
        """Count as dropped what was due and never started."""
        self.paused()
        if self._left > 0:
            self.dropped += self._arrivals.overdue(min(elapsed, self.profile.duration - 1e-6))

    @property
    def exhausted(self) -> bool:
        """All iterations that may start here have ended; where there are no more arrivals, what is left is others'."""
        none_left = self._left <= 0 or (self.share.empty and self._left < math.inf and not self._splits)
        return none_left and len(self._idle) == len(self.users.active)

    def _serve(self, elapsed: float) -> None:
        while self._arrivals.due <= elapsed and self._left > 0:
            user = self._idle.take_any() if self._full else self._idle.take(self._scene)
            if user is not None:
                self._begin_again(user, elapsed)
            elif self._has_room or self._made_room():
                self._note_lag(elapsed)
                self.users.start(program=self._scene, planned_ns=self._take())  # in this order: taking draws the next
            elif self._drops:
                self._arrivals.take()
                self._scene = self.users.draw()
                self.dropped += 1
            else:
                return

    def _serve_waiting(self) -> None:
        """Serve the arrival that has waited longest with a new user, in place of one of another scene that left."""
        elapsed = self.engine.time.elapsed()
        if self.engine.idle or self._left <= 0 or self._arrivals.due > elapsed or not self._has_room:
            return
        self.late += elapsed - self._arrivals.due > TIMER_S
        self.users.start(program=self._scene, planned_ns=self._take())  # in this order: taking draws the next
        self.tick(self.engine.time.elapsed())

    def _made_room(self) -> bool:
        """Let a free user of another scene leave, if there is one. Return whether one left."""
        user = None if self._full else self._idle.take_any()
        if user is not None:
            self.users.leave(user)
        return user is not None

    def _begin_again(self, user: VirtualUser, elapsed: float) -> None:
        self._note_lag(elapsed)
        user.planned_ns = self._take()
        user.run(user.resting_at)

    def _note_lag(self, elapsed: float) -> None:
        self.engine.probe.send_late(int((elapsed - self._arrivals.due) * NS_PER_S))

    def _take(self) -> int:
        """Take the next arrival. Return its planned moment on the engine's clock without pauses, ns."""
        self._left -= 1
        self._scene = self.users.draw()
        return self.engine.time.origin_ns + int(self._arrivals.take() * NS_PER_S)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        wait = self._arrivals.due - self.engine.time.elapsed()
        if wait < NEAR_S and not self.engine.idle and not self._swamped:
            self._timer = self.engine.loop.call_later(max(wait, TIMER_S), self._due)

    @property
    def _swamped(self) -> bool:
        """Whether an arrival must wait for a user, who then sees to it."""
        return not (self._idle or self._drops or self._has_room)

    @property
    def _has_room(self) -> bool:
        """Whether a user more would be of use."""
        return len(self.users.active) < self._most_users and not self._full

    def _due(self) -> None:
        if not self.engine.idle:
            self.tick(self.engine.time.elapsed())
