"""Rendezvous: users of a run wait at a point until enough of them have come, and go on together.

Where the run has one node, its own ``Meetings`` decides. Where it has several, each node reports how many have come,
and the controller decides how many of each go on (``MeetingPlan``).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections import defaultdict
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

from perfsvc.engine.virtual_user import WAIT
from perfsvc.engine.virtual_user import VirtualUser
from perfsvc.model.scene import RendezvousStep
from perfsvc.model.scene import SceneSpec

OnWaiting = Callable[[int, int], None]
"""Takes the number of a point and how many have come there: who waits now, and who was let go on by the controller."""


class Waiting:
    """A user at a rendezvous, in place of a timer."""

    __slots__ = ("_leave", "following", "since_ns", "user")

    def __init__(self, user: VirtualUser, following: int, since_ns: int, leave: Callable[[Waiting], None]) -> None:
        self.user = user
        self.following = following
        self.since_ns = since_ns
        self._leave = leave

    def cancel(self) -> None:
        """The user leaves the run."""
        self._leave(self)


class Meetings:
    """The points of one node. ``needed`` is how many users each waits for; ``on_waiting`` is for runs of many nodes."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, needed: Sequence[int], on_waiting: OnWaiting | None = None
    ) -> None:
        self._loop = loop
        self._needed = needed
        self._on_waiting = on_waiting
        self._waiting: defaultdict[int, dict[Waiting, None]] = defaultdict(dict)
        self._released: Counter[int] = Counter()
        self._limits: dict[int, asyncio.TimerHandle] = {}

    def wait(self, point: int, user: VirtualUser, timeout_s: float, following: int) -> int:
        """Let a user wait. ``timeout_s`` after the first has come, all go on. Return WAIT.

        A user that comes when the run is ending leaves: those it would wait for have left.
        """
        if user.pool.gate.final:
            return user.pool.hold(user, following)
        entry = Waiting(user, following, user.engine.time.active_ns(), lambda left: self._leave(point, left))
        user.timer = entry
        here = self._waiting[point]
        here[entry] = None
        if point not in self._limits:
            self._limits[point] = self._loop.call_later(timeout_s, self._time_over, point)
        if self._on_waiting is not None:
            self._report(point)
        elif len(here) >= self._needed[point]:
            self._go_on(point, self._needed[point])
        return WAIT

    def release(self, point: int, count: int) -> None:
        """Let so many users go on, as the controller has decided."""
        self._released[point] += count
        self._go_on(point, count)

    def close(self) -> None:
        """The run is over."""
        for limit in self._limits.values():
            limit.cancel()
        self._limits.clear()

    def _go_on(self, point: int, count: int) -> None:
        """Let so many users go on, those first who came first."""
        here = self._waiting[point]
        entries = list(here)[:count]
        for entry in entries:
            del here[entry]
        if not here and point in self._limits:
            self._limits.pop(point).cancel()
        for entry in entries:
            user = entry.user
            user.thought_ns += user.engine.time.active_ns() - entry.since_ns
            user.timer = self._loop.call_soon(user.wake, entry.following)

    def _time_over(self, point: int) -> None:
        del self._limits[point]
        self._go_on(point, len(self._waiting[point]))
        self._report(point)

    def _leave(self, point: int, entry: Waiting) -> None:
        self._waiting[point].pop(entry, None)
        self._report(point)

    def _report(self, point: int) -> None:
        if self._on_waiting is not None:
            self._on_waiting(point, len(self._waiting[point]) + self._released[point])


class MeetingPlan:
    """The points of a run over its nodes: who of which goes on when enough wait."""

    def __init__(self, needed: Sequence[int]) -> None:
        self._needed = needed
        self._came: list[Counter[str]] = [Counter() for _ in needed]
        self._released: list[Counter[str]] = [Counter() for _ in needed]

    def came(self, point: int, node: str, count: int) -> Mapping[str, int]:
        """Note how many have come on a node. Return how many of each node go on: none until there are enough."""
        if not 0 <= point < len(self._needed):
            return {}
        came, released, left = self._came[point], self._released[point], self._needed[point]
        came[node] = count
        waiting = {name: number - released[name] for name, number in came.items() if number > released[name]}
        if sum(waiting.values()) < left:
            return {}
        going_on: dict[str, int] = {}
        for name, number in waiting.items():
            going_on[name] = min(number, left - sum(going_on.values()))
        released.update(going_on)
        return {name: number for name, number in going_on.items() if number}

    def node_lost(self, node: str) -> None:
        """Forget the users of a lost node."""
        for came, released in zip(self._came, self._released, strict=True):
            came.pop(node, None)
            released.pop(node, None)


def points_of(scenes: Sequence[SceneSpec]) -> list[RendezvousStep]:
    """The rendezvous of a run's scenes in document order; their places are their numbers."""
    return [step for scene in scenes for step in scene.walk() if isinstance(step, RendezvousStep)]
