"""Work in C that could take for ever, done in a thread of its own, for which the event loop waits a bounded time.

The libraries that this is for release the interpreter while they work. A thread that is stuck is left alone and ends
when its work does. While MOST_STUCK of them are at work, all other work fails at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any
from typing import TypeVar

T = TypeVar("T")

LIMIT_S = 0.1
"""How long the event loop, and so every virtual user of the process, may be held."""


MOST_STUCK = 2


class TooSlow(TimeoutError):
    """The work was not done within its time, or waits for work that was not."""


class _Job:
    __slots__ = ("done", "error", "result", "work")

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None


class BoundedWorker:
    """A thread, begun when first needed, that does one piece of work at a time."""

    def __init__(self, limit_s: float = LIMIT_S) -> None:
        self._limit_s = limit_s
        self._jobs: SimpleQueue[_Job | None] | None = None
        self._stuck: list[_Job] = []

    def do(self, work: Callable[[], T]) -> T:
        """Return what ``work`` returns. Raise what it raises, and TooSlow."""
        if self._stuck:
            self._stuck = [job for job in self._stuck if not job.done.is_set()]
            if len(self._stuck) >= MOST_STUCK:
                raise TooSlow
        job = _Job(work)
        jobs = self._jobs = self._jobs or started()
        jobs.put(job)
        if not job.done.wait(self._limit_s):
            self._stuck.append(job)
            jobs.put(None)
            self._jobs = None
            raise TooSlow
        if job.error is not None:
            raise job.error
        result: T = job.result
        return result


def started() -> SimpleQueue[_Job | None]:
    """The queue of a new thread, which ends at None."""
    jobs: SimpleQueue[_Job | None] = SimpleQueue()
    # A daemon, so that a page on which it is stuck cannot keep the process from ending.
    threading.Thread(target=_serve, args=(jobs,), name="bounded-work", daemon=True).start()
    return jobs


def _serve(jobs: SimpleQueue[_Job | None]) -> None:
    while (job := jobs.get()) is not None:
        try:
            job.result = job.work()
        except BaseException as error:  # raised again where it is waited for
            job.error = error
        job.done.set()
