"""Closed model: a given number of users, each starting its next iteration when the last one has ended."""

from __future__ import annotations

import math

from perfsvc.clock import NS_PER_S
from perfsvc.engine.executors.base import Executor
from perfsvc.engine.executors.base import Planned
from perfsvc.engine.instructions import IDLE_PAUSE_S
from perfsvc.engine.pacing import users_at
from perfsvc.engine.share import Share
from perfsvc.engine.share import Slot
from perfsvc.engine.share import holders
from perfsvc.engine.user_pool import UserPool
from perfsvc.engine.virtual_user import STAYS
from perfsvc.engine.virtual_user import WAIT
from perfsvc.engine.virtual_user import Host
from perfsvc.engine.virtual_user import VirtualUser

SPREAD_LIMIT_S = 5.0


GOLDEN = 0.618033988749895
"""Multiples of it, less their whole parts, fill an interval evenly however many there are."""


class ClosedExecutor(Executor):
    """Closed model: as many users as the profile requires, each beginning its next iteration when one has ended."""

    def __init__(self, engine: Host, users: UserPool, slot: Slot) -> None:
        super().__init__(engine, users, slot)
        limit = self.spec.load.iterations
        self._per_user = limit.count if limit and limit.scope == "per_vu" else math.inf
        self._left: float = self._doing().of(limit.count) if limit and limit.scope == "shared" else math.inf
        self._limited = limit is not None
        self._pacing_ns = int(self.spec.pacing_s * NS_PER_S)
        self._spread_s = self._spread()
        self._most = 0

    def tick(self, elapsed: float) -> None:
        """Start users, or retire some."""
        if self._splits:
            self.take_shares(elapsed)
        wanted = self.planned(elapsed).planned_vus
        self._most = max(self._most, wanted)
        if self._left > 0:
            self.users.adjust(wanted, self.engine.tick_ns + int(self.spec.graceful_stop_s * NS_PER_S))

    def first_iteration(self, user: VirtualUser, number: int) -> None:
        """Begin a user. Where all start at once and think, starts are spread, or they would stay in step."""
        if not self._admitted():
            self.users.finish(user)
            return
        delay = self._spread_s * ((number - 1) * GOLDEN % 1.0)
        if self._pacing_ns:
            user.due_ns = user.planned_ns = self.engine.time.active_ns() + int(delay * NS_PER_S)
        if delay:
            user.run_after(delay, user.program.start)
        else:
            user.begin()

    def next_iteration(self, user: VirtualUser, back: int) -> int:
        """At once, or on the user's own beat."""
        if user.retire_by_ns != STAYS:
            self.users.leave(user)
            return WAIT
        if self._limited and (user.scope.iteration >= self._per_user or not self._admitted()):
            self.users.finish(user)
            return WAIT
        if self._pacing_ns:
            return self._on_the_beat(user, back)
        return back if user.sent else user.run_after(IDLE_PAUSE_S, back)

    def planned(self, elapsed: float) -> Planned:
        """The users of the profile, and this node's share of them."""
        users = users_at(self.profile, elapsed)
        return Planned(planned_vus=self.share.of(users), run_vus=users)

    def add_iterations(self, count: int) -> None:
        """Users who left because there were none do not come back; others come in their slot."""
        self._left = max(self._left, 0) + count

    @property
    def exhausted(self) -> bool:
        """All users have had their iterations, and no more will come."""
        return (self._limited or self._any_stopped) and not self._splits and not self.users.active and self._all_came()

    def _all_came(self) -> bool:
        users = self.share.of(int(self.spec.load.peak))
        return (self._most > 0 or not users) and (self._left <= 0 or self.users.finished >= users)

    def _doing(self) -> Share:
        """The share in iterations, which are split among the nodes that will have users."""
        return Share(self.share.index, holders(self.share.weights, int(self.spec.load.peak)))

    def _admitted(self) -> bool:
        self._left -= 1
        return self._left >= 0

    def _on_the_beat(self, user: VirtualUser, back: int) -> int:
        user.due_ns += self._pacing_ns
        user.planned_ns = user.due_ns
        return user.run_after(max(user.due_ns - self.engine.time.active_ns(), 0) / NS_PER_S, back)

    def _spread(self) -> float:
        """Over how long starts are spread: one pacing interval or think time, where the profile begins with a jump."""
        if self.spec.load.stages[0].duration:
            return 0.0
        thinking = max(weighted.scene.think_time() for weighted in self.spec.scenes)
        return min(self.spec.pacing_s or thinking, SPREAD_LIMIT_S)
