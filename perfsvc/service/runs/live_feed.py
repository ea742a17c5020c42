"""The live feed: each second's frame to every viewer of a run.

A viewer that is too slow loses frames, oldest first, and holds nothing up; one that comes late gets the history so far.
The first frame of a subscription is ``run``, the last one ``end``.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from collections.abc import Callable
from collections.abc import Sequence
from typing import Any

import msgspec

QUEUE_FRAMES = 30

encode = msgspec.json.Encoder().encode
Frame = dict[str, Any]


class Subscription:
    """One viewer's bounded queue of ready JSON texts; iterate over it, then ``close`` it."""

    def __init__(self, leave: Callable[[Subscription], None]) -> None:
        self._leave = leave
        self._frames: deque[str] = deque()
        self._more = asyncio.Event()
        self._ended = False
        self.lost = 0

    def put(self, text: str, last: bool = False) -> None:
        """Queue a frame; when the queue is full the oldest goes. Nothing is taken after the last one."""
        if self._ended:
            return
        if len(self._frames) >= QUEUE_FRAMES:
            self._frames.popleft()
            self.lost += 1
        self._frames.append(text)
        self._ended = last
        self._more.set()

    def put_first(self, texts: Sequence[str]) -> None:
        """Frames that come before everything that waits already."""
        self._frames.extendleft(reversed(texts))
        self._more.set()

    def close(self) -> None:
        """The viewer is gone."""
        self._ended = True
        self._frames.clear()
        self._more.set()
        self._leave(self)

    async def __aiter__(self) -> AsyncIterator[str]:
        while True:
            while self._frames:
                yield self._frames.popleft()
            if self._ended:
                return
            self._more.clear()
            await self._more.wait()


class Channel:
    """The feed of one run. ``history`` makes the first frame of a viewer who joins now."""

    def __init__(self, history: Callable[[], list[Frame]]) -> None:
        self._history = history
        self._viewers: set[Subscription] = set()
        self._last: Frame | None = None

    @property
    def viewers(self) -> int:
        """How many are watching."""
        return len(self._viewers)

    def subscribe(self) -> Subscription:
        """Join: the history first, then what comes; on a feed that has ended, the history and the end."""
        subscription = self.join()
        subscription.put_first([as_text(frame) for frame in self._history()])
        return subscription

    def join(self) -> Subscription:
        """Join without the history; on a feed that has ended there is only the end."""
        subscription = Subscription(self._viewers.discard)
        if self._last is not None:
            subscription.put(as_text(self._last), last=True)
        else:
            self._viewers.add(subscription)
        return subscription

    def publish(self, frame: Frame) -> None:
        """A frame for everyone, encoded once."""
        if self._viewers:
            text = as_text(frame)
            for viewer in self._viewers:
                viewer.put(text)

    def end(self, frame: Frame) -> None:
        """The last frame for everyone."""
        self._last = frame
        text = as_text(frame)
        for viewer in self._viewers:
            viewer.put(text, last=True)
        self._viewers.clear()


def as_text(frame: Frame) -> str:
    """A frame as JSON text."""
    return encode(frame).decode()
