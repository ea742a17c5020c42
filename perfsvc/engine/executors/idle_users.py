"""Users of an open load that wait for their next arrival, by the scene that they run."""

from __future__ import annotations

from collections import defaultdict

from perfsvc.engine.virtual_user import Program
from perfsvc.engine.virtual_user import VirtualUser


class IdleUsers:
    """Idle users; the last to come is the first to be taken, so that its connection is the freshest."""

    def __init__(self) -> None:
        self._by_program: defaultdict[Program, list[VirtualUser]] = defaultdict(list)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, user: VirtualUser) -> None:
        """Add a user that has ended its iteration."""
        self._by_program[user.program].append(user)
        self._count += 1

    def take(self, program: Program) -> VirtualUser | None:
        """Remove and return a user that runs ``program``, or None."""
        users = self._by_program[program]
        if not users:
            return None
        self._count -= 1
        return users.pop()

    def take_any(self) -> VirtualUser | None:
        """Remove and return a user of the scene that has most of them, or None."""
        if not self._count:
            return None
        return self.take(max(self._by_program, key=lambda program: len(self._by_program[program])))
