"""A loop whose time jumps to the next timer whenever nothing is ready, and the clock that goes with it."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any
from typing import TypeVar

T = TypeVar("T")

EPOCH = 1_700_000_000.0


class _JumpingSelector(selectors.SelectSelector):
    """Select at once; a timeout is slept by moving the loop's time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            return super().select(0.05)
        if not ready and timeout:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time passes only when everybody waits, and then at once."""

    def __init__(self) -> None:
        self.jumping = _JumpingSelector()
        super().__init__(self.jumping)

    def time(self) -> float:
        return self.jumping.now


class VirtualClock:
    """The clock of a VirtualLoop: starts at 1 s of steady time and at EPOCH of calendar time."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now_ns(self) -> int:
        return 1_000_000_000 + round(self._loop.time() * 1e9)

    def wall(self) -> float:
        return EPOCH + self._loop.time()


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


def current_clock() -> VirtualClock:
    """The clock of the virtual loop that is running."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return VirtualClock(loop)
