"""The event loop of every command, and the signals that end it."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import threading
import time
from collections.abc import Callable
from collections.abc import Coroutine
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any
from typing import ParamSpec
from typing import TypeVar

P = ParamSpec("P")
T = TypeVar("T")

new_event_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
if sys.platform != "win32":  # uvloop is not to be had there
    from uvloop import new_event_loop


LARGE_BLOCK = 4_194_304
"""Bytes; a read from TLS asks for 262,144."""


HEAVY_THREADS = 2
SWITCH_S = 0.001
"""How long a thread keeps the interpreter while the loop waits for it; Python's own 5 ms add up to long silences."""

_heavy = ThreadPoolExecutor(HEAVY_THREADS, "heavy")


def run_on_loop(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the fastest available loop."""
    keep_large_blocks()
    sys.setswitchinterval(SWITCH_S)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)


def measure_tornado_by_steady_clock() -> None:
    """Let Tornado's timers follow the steady clock, as asyncio's do; before any of them is set.

    They take the wall clock: once it is set back by an hour, periodic work and Dask's messages would wait for an hour.
    """
    from tornado.ioloop import IOLoop  # imported late: ``perfsvc run`` on one process needs none

    IOLoop.time = lambda self: time.monotonic()  # type: ignore[method-assign]


def keep_large_blocks() -> None:
    """Let the allocator keep freed blocks of up to LARGE_BLOCK for reuse.

    The GNU C library maps large blocks one by one and unmaps them when they are freed, which doubles the cost of a
    request over TLS. It stops doing so for sizes of which one was freed before (mallopt(3),
    M_MMAP_THRESHOLD: "dynamic").
    """
    bytes(LARGE_BLOCK)


async def off_loop(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return the result of heavy work, done in a thread.

    The threads are few, since each of them competes with the loop for the interpreter.
    """
    return await asyncio.get_running_loop().run_in_executor(_heavy, partial(work, *args, **kwargs))


def let_go(objects: list[Any]) -> None:
    """Free many objects one by one, in a thread: freed in one go they would hold the interpreter, and with it the loop.

    The interpreter passes from thread to thread between two steps of a program only.
    """
    while objects:
        objects.pop()


@contextmanager
def collecting_little() -> Iterator[None]:
    """Exempt all present objects from garbage collection inside the context.

    With all modules loaded, a full collection blocks the loop for 50 ms and more, and the rows and windows of a run are
    enough to trigger one.
    """
    gc.freeze()
    gc.enable()  # commands start without
    try:
        yield
    finally:
        gc.unfreeze()


class _Uncollected:
    """How many contexts keep the garbage collector from running."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0

    def enter(self) -> None:
        with self._lock:
            self._inside += 1
            gc.disable()

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                gc.enable()


_uncollected = _Uncollected()


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the garbage collector from running, for short work that makes many objects and no cycles of them.

    A collection looks at all of them in one go and holds the interpreter, and with it the loop, for tens of ms.
    """
    _uncollected.enter()
    try:
        yield
    finally:
        _uncollected.leave()


def on_signals(act: Callable[[], None]) -> None:
    """Call ``act`` on Ctrl-C and on SIGTERM."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, act)
