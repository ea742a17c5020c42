"""Who starts iterations and when: as many users as wanted (closed model), or one for each arrival (open model)."""

from __future__ import annotations

import asyncio
import math
from abc import ABC
from abc import abstractmethod
from collections import deque

from perfsvc.engine.crowd import Crowd
from perfsvc.engine.instructions import IDLE_PAUSE_S
from perfsvc.engine.pacing import Arrivals
from perfsvc.engine.pacing import Profile
from perfsvc.engine.pacing import users_at
from perfsvc.engine.share import Place
from perfsvc.engine.share import Share
from perfsvc.engine.share import holders
from perfsvc.engine.virtual_user import WAIT
from perfsvc.engine.virtual_user import Host
from perfsvc.engine.virtual_user import VirtualUser
from perfsvc.model.run import RunSpec

NS_PER_S = 1_000_000_000
SPREAD_LIMIT_S = 5.0
GOLDEN = 0.618033988749895
"""Multiples of it, less their whole parts, fill an interval evenly however many there are."""
NEAR_S = 1.0
"""The engine's own ticks look further ahead."""
TIMER_S = 0.001
"""What the loop's timers can tell apart; asking for less would spin."""


class Driver(ABC):
    """Drives the users of one node. Times are seconds of profile time."""

    def __init__(self, engine: Host, crowd: Crowd, place: Place) -> None:
        self.engine = engine
        self.spec: RunSpec = engine.spec
        self.crowd = crowd
        self.share = place.share
        self.profile = Profile(self.spec.load.stages)
        self.dropped = 0
        self.late = 0
        self._splits: deque[tuple[float, Share]] = deque()
        for at, level in place.levels:
            self.profile.set_level(at, level)

    @abstractmethod
    def tick(self, elapsed: float) -> None:
        """Time has passed."""

    @abstractmethod
    def next_iteration(self, user: VirtualUser, back: int) -> int:
        """A user ended an iteration; what its instruction answers."""

    @abstractmethod
    def planned_users(self, elapsed: float) -> int:
        """How many users the plan wants."""

    @abstractmethod
    def planned_rate(self, elapsed: float) -> float:
        """How many arrivals per second the plan wants of this node; 0 in the closed model."""

    def set_level(self, at: float, level: float) -> None:
        """From ``at`` on the load of the whole run is ``level``."""
        self.profile.set_level(at, level)

    def resplit(self, at: float, share: Share) -> None:
        """From ``at`` on this node's part of the run is ``share``; moments do not go back from call to call."""
        self._splits.append((at, share))

    def take_shares(self, elapsed: float) -> None:
        """Let the shares in that are due."""
        while self._splits and self._splits[0][0] <= elapsed:
            self.share = self._splits.popleft()[1]

    @abstractmethod
    def add_iterations(self, count: int) -> None:
        """So many more of the run's iterations are this node's to do, where their number is limited."""

    def starved(self, user: VirtualUser) -> None:
        """A user has no row of test data to work with, and there will be none: it leaves."""
        self.crowd.finish(user)

    def paused(self) -> None:  # noqa: B027 - only who has timers of its own need do anything
        """The run was paused."""

    def resumed(self) -> None:  # noqa: B027
        """The run goes on."""

    def stopped(self, elapsed: float) -> None:  # noqa: B027
        """No iteration starts any more."""

    @property
    def exhausted(self) -> bool:
        """Whether all iterations there may be are over."""
        return False


class ClosedDriver(Driver):
    """As many users as the profile wants, each beginning its next iteration when it has ended one."""

    def __init__(self, engine: Host, crowd: Crowd, place: Place) -> None:
        super().__init__(engine, crowd, place)
        limit = self.spec.load.iterations
        self._per_user = limit.count if limit and limit.scope == "per_vu" else math.inf
        self._left: float = self._doing().of(limit.count) if limit and limit.scope == "shared" else math.inf
        self._limited = limit is not None
        self._pacing_ns = int(self.spec.pacing_s * NS_PER_S)
        self._spread_s = self._spread()
        self._most = 0

    def tick(self, elapsed: float) -> None:
        """Start users, or tell some to retire."""
        if self._splits:
            self.take_shares(elapsed)
        wanted = self.planned_users(elapsed)
        self._most = max(self._most, wanted)
        if self._left > 0:
            self.crowd.adjust(wanted, self.engine.tick_ns + int(self.spec.graceful_stop_s * NS_PER_S))

    def first_iteration(self, user: VirtualUser, number: int) -> None:
        """A user begins. Where all start at once and think, starts are spread, lest they stay in step for ever."""
        if not self._admitted():
            self.crowd.finish(user)
            return
        delay = self._spread_s * ((number - 1) * GOLDEN % 1.0)
        if self._pacing_ns:
            user.due_ns = user.planned_ns = self.engine.active_ns() + int(delay * NS_PER_S)
        if delay:
            user.run_after(delay, user.program.start)
        else:
            user.run(user.program.start)

    def next_iteration(self, user: VirtualUser, back: int) -> int:
        """At once, or on the user's own beat."""
        if user.retire_by_ns:
            self.crowd.leave(user)
            return WAIT
        if self._limited and (user.scope.iteration >= self._per_user or not self._admitted()):
            self.crowd.finish(user)
            return WAIT
        if self._pacing_ns:
            return self._on_the_beat(user, back)
        return back if user.sent else user.run_after(IDLE_PAUSE_S, back)

    def planned_users(self, elapsed: float) -> int:
        """This node's share of the profile."""
        return self.share.of(users_at(self.profile, elapsed))

    def add_iterations(self, count: int) -> None:
        """Users who left because there were none do not come back; others come in their place."""
        self._left = max(self._left, 0) + count

    def planned_rate(self, elapsed: float) -> float:
        """None in the closed model."""
        return 0.0

    @property
    def exhausted(self) -> bool:
        """All users have had their iterations, and no more will come."""
        return self._limited and not self._splits and not self.crowd.active and self._all_came()

    def _all_came(self) -> bool:
        users = self.share.of(int(self.spec.load.peak))
        return (self._most > 0 or not users) and (self._left <= 0 or self.crowd.finished >= users)

    def _doing(self) -> Share:
        """The share in iterations: they are dealt out among those nodes only that will have users."""
        return Share(self.share.index, holders(self.share.weights, int(self.spec.load.peak)))

    def _admitted(self) -> bool:
        self._left -= 1
        return self._left >= 0

    def _on_the_beat(self, user: VirtualUser, back: int) -> int:
        user.due_ns += self._pacing_ns
        user.planned_ns = user.due_ns
        return user.run_after(max(user.due_ns - self.engine.active_ns(), 0) / NS_PER_S, back)

    def _spread(self) -> float:
        """Over how long starts are spread: one pacing interval or think time, where the profile begins with a jump."""
        if self.spec.load.stages[0].duration:
            return 0.0
        thinking = max(weighted.scene.think_time() for weighted in self.spec.scenes)
        return min(self.spec.pacing_s or thinking, SPREAD_LIMIT_S)


class OpenDriver(Driver):
    """One iteration for each arrival, whatever the target does; served by a bounded pool of users.

    The i-th arrival is due at a moment computed from the run's origin. When no user is free it waits, and its wait is
    part of the latency from plan, or it is dropped and counted.
    """

    def __init__(self, engine: Host, crowd: Crowd, place: Place) -> None:
        super().__init__(engine, crowd, place)
        load = self.spec.load
        first = self.profile.area(place.since)
        self._arrivals = Arrivals(self.profile, load.distribution, self.spec.seed, self.share, first)
        self._most_users = max(self.share.of(load.most_users), 1)
        self._drops = load.when_late == "drop"
        self._left: float = self.share.of(load.iterations.count) if load.iterations else math.inf
        self._idle: list[VirtualUser] = []
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
        user.run(user.program.start)

    def next_iteration(self, user: VirtualUser, back: int) -> int:
        """The arrival that has waited longest, or nothing to do."""
        if len(self.crowd.active) > self._most_users:
            self.crowd.leave(user)
            return WAIT
        elapsed = self.engine.elapsed_now()
        if self._arrivals.due <= elapsed and self._left > 0 and not user.gate.closed:
            self.late += elapsed - self._arrivals.due > TIMER_S
            user.planned_ns = self._take()
            return back
        if self.engine.stopping:
            self.crowd.leave(user)
        else:
            user.resting_at = back
            self._idle.append(user)
        return WAIT

    def planned_users(self, elapsed: float) -> int:
        """The plan is a rate; users are what it takes."""
        return len(self.crowd.active)

    def add_iterations(self, count: int) -> None:
        """Arrivals are served for so many more."""
        self._left += count

    def planned_rate(self, elapsed: float) -> float:
        """This node's part of the rate."""
        return self.profile.at(elapsed) * self.share.fraction

    def set_level(self, at: float, level: float) -> None:
        """A new rate; arrivals keep their numbers."""
        super().set_level(at, level)
        self._arrivals.replan()

    def resplit(self, at: float, share: Share) -> None:
        """Arrivals due from ``at`` on are dealt out anew, wherever this node is with its own."""
        super().resplit(at, share)
        self._arrivals.resplit(self.profile.area(at), share)

    def take_shares(self, elapsed: float) -> None:
        """The pool of users is shared as the arrivals are; who is too many leaves, now or at the iteration's end."""
        super().take_shares(elapsed)
        self._most_users = max(self.share.of(self.spec.load.most_users), 1)
        while self._idle and len(self.crowd.active) > self._most_users:
            self.crowd.leave(self._idle.pop())

    def starved(self, user: VirtualUser) -> None:
        """Its arrival was never started, and nobody who comes would fare better."""
        super().starved(user)
        self._left += 1
        self.dropped += 1
        self._full = True

    def paused(self) -> None:
        """Profile time stands still, and so do arrivals."""
        if self._timer is not None:
            self._timer.cancel()

    def resumed(self) -> None:
        """Go on where time stood still."""
        self.tick(self.engine.elapsed_now())

    def stopped(self, elapsed: float) -> None:
        """What was due and never started is told as dropped."""
        self.paused()
        if self._left > 0:
            self.dropped += self._arrivals.overdue(min(elapsed, self.profile.duration - 1e-6))

    @property
    def exhausted(self) -> bool:
        """All iterations that may start here have ended; where there are no more arrivals, what is left is others'."""
        none_left = self._left <= 0 or (self.share.empty and self._left < math.inf and not self._splits)
        return none_left and len(self._idle) == len(self.crowd.active)

    def _serve(self, elapsed: float) -> None:
        while self._arrivals.due <= elapsed and self._left > 0:
            if self._idle:
                self._begin_again(self._idle.pop(), elapsed)
            elif self._has_room:
                self._note_lag(elapsed)
                self.crowd.start(self._take())
            elif self._drops:
                self._arrivals.take()
                self.dropped += 1
            else:
                return

    def _begin_again(self, user: VirtualUser, elapsed: float) -> None:
        self._note_lag(elapsed)
        user.planned_ns = self._take()
        user.run(user.resting_at)

    def _note_lag(self, elapsed: float) -> None:
        self.engine.probe.send_late(int((elapsed - self._arrivals.due) * NS_PER_S))

    def _take(self) -> int:
        """Take the next arrival; answers its planned moment on the engine's clock without pauses, ns."""
        self._left -= 1
        return self.engine.origin_ns + int(self._arrivals.take() * NS_PER_S)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        wait = self._arrivals.due - self.engine.elapsed_now()
        if wait < NEAR_S and not self.engine.idle and not self._swamped:
            self._timer = self.engine.loop.call_later(max(wait, TIMER_S), self._due)

    @property
    def _swamped(self) -> bool:
        """Whether an arrival must wait for a user, who then sees to it."""
        return not (self._idle or self._drops or self._has_room)

    @property
    def _has_room(self) -> bool:
        """Whether a user more would be of use."""
        return len(self.crowd.active) < self._most_users and not self._full

    def _due(self) -> None:
        if not self.engine.idle:
            self.tick(self.engine.elapsed_now())
