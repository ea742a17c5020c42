"""Base of executors. An executor starts iterations as the load profile requires."""

from __future__ import annotations

from abc import ABC
from abc import abstractmethod
from collections import deque
from typing import Any
from typing import NamedTuple

from perfsvc.engine.pacing import Profile
from perfsvc.engine.share import Share
from perfsvc.engine.share import Slot
from perfsvc.engine.user_pool import UserPool
from perfsvc.engine.virtual_user import WAIT
from perfsvc.engine.virtual_user import Host
from perfsvc.engine.virtual_user import VirtualUser
from perfsvc.errors import OnStartFailed
from perfsvc.errors import RunError
from perfsvc.errors import UsersStopped
from perfsvc.model.run import RunSpec

RETRY_PAUSE_S = 1.0
"""Before a user repeats its ``on_start`` steps."""
MAX_NAMED = 1000
"""Users without data that a node names in a second."""


class Planned(NamedTuple):
    """The planned load of this node and that of the whole run, under their names in a snapshot."""

    planned_vus: int = 0
    planned_rate: float = 0.0
    run_vus: int = 0
    run_rate: float = 0.0


class Executor(ABC):
    """Starts iterations of the users of one node. Times are seconds of profile time."""

    def __init__(self, engine: Host, users: UserPool, slot: Slot) -> None:
        self.engine = engine
        self.spec: RunSpec = engine.spec
        self.users = users
        self.share = slot.share
        self.profile = Profile(self.spec.load.stages)
        self.iterations = 0
        self.dropped = 0
        self.late = 0
        self.stopped_users = 0
        self.last_stopped = ("", "")
        self._any_ended = self._any_stopped = False
        self._ended_by: type[OnStartFailed | UsersStopped] = OnStartFailed
        self.without_data: list[int] = []
        self._splits: deque[tuple[float, Share]] = deque()
        for at, level in slot.levels:
            self.profile.set_level(at, level)

    @abstractmethod
    def tick(self, elapsed: float) -> None:
        """Start what is due."""

    def iteration_ended(self, user: VirtualUser, back: int) -> int:
        """Count an iteration. Return the user's next position."""
        self.iterations += 1
        self._any_ended = True
        return self.next_iteration(user, back)

    def drain_counters(self) -> dict[str, Any]:
        """The counters since the last call, under their names in a snapshot."""
        counters = {
            "iterations": self.iterations,
            "dropped": self.dropped,
            "late": self.late,
            "stopped_users": self.stopped_users,
            "without_data": self.without_data,
        }
        self.iterations = self.dropped = self.late = self.stopped_users = 0
        self.without_data = []
        return counters

    def on_start_failed(self, user: VirtualUser, back: int) -> int:
        """Repeat the user's ``on_start`` steps from ``back``, or let it leave; no other replaces it. Return WAIT."""
        if user.attempts < self.spec.on_start_retries:
            return user.start_over(RETRY_PAUSE_S, back)
        self.dropped += self.spec.load.open
        self.add_iterations(1)
        self._ended_by = OnStartFailed
        return self._out(user)

    def user_stopped(self, user: VirtualUser) -> int:
        """Let a user out in the middle of an iteration; no other replaces it. Return WAIT."""
        self._ended_by = UsersStopped
        self._any_ended = False
        return self._out(user)

    def _out(self, user: VirtualUser) -> int:
        self.stopped_users += 1
        self._any_stopped = True
        self.last_stopped = user.failure
        self.users.finish(user)
        return WAIT

    @property
    def all_stopped(self) -> RunError | None:
        """The error of a run whose users were stopped, where none has ended an iteration since."""
        return self._ended_by.at(*self.last_stopped) if self._any_stopped and not self._any_ended else None

    @abstractmethod
    def next_iteration(self, user: VirtualUser, back: int) -> int:
        """Return where a user that ended an iteration goes on, or WAIT."""

    @abstractmethod
    def planned(self, elapsed: float) -> Planned:
        """The load that the plan requires at a moment."""

    def set_level(self, at: float, level: float) -> None:
        """From ``at`` on the load of the whole run is ``level``."""
        self.profile.set_level(at, level)

    def resplit(self, at: float, share: Share) -> None:
        """From ``at`` on this node's part of the run is ``share``; moments do not go back from call to call."""
        self._splits.append((at, share))

    def take_shares(self, elapsed: float) -> None:
        """Apply the shares that are due."""
        while self._splits and self._splits[0][0] <= elapsed:
            self.share = self._splits.popleft()[1]

    @abstractmethod
    def add_iterations(self, count: int) -> None:
        """Take over more of the run's iterations, where their number is limited."""

    def out_of_data(self, user: VirtualUser) -> None:
        """Let a user out for which there is no row of test data, and will be none."""
        if not user.scope.iteration and len(self.without_data) < MAX_NAMED:
            self.without_data.append(user.scope.vu)
        self.users.finish(user)

    def paused(self) -> None:  # noqa: B027 - for executors with timers of their own
        """The run was paused."""

    def resumed(self) -> None:  # noqa: B027
        """The run goes on."""

    def stopped(self, elapsed: float) -> None:  # noqa: B027
        """No iteration starts any more."""

    @property
    def exhausted(self) -> bool:
        """Whether all iterations there may be are over."""
        return False
