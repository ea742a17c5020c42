"""The live feed: each second's frame to every viewer of a run.

A slow viewer loses its oldest frames and blocks nothing; a late one gets the history so far. The first frame of a
subscription is ``run``, the last one ``end``.
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
    """A viewer's bounded queue of JSON frames; iterate over it, then ``close`` it."""

    def __init__(self, leave: Callable[[Subscription], None]) -> None:
        self._leave = leave
        self._frames: deque[str] = deque()
        self._more = asyncio.Event()
        self._ended = False
        self.lost = 0

    def put(self, text: str, last: bool = False) -> None:
        """Queue a frame, dropping the oldest of a full queue. Frames after the last one are ignored."""
        if self._ended:
            return
        if len(self._frames) >= QUEUE_FRAMES:
            self._frames.popleft()
            self.lost += 1
        self._frames.append(text)
        self._ended = last
        self._more.set()

    def put_first(self, texts: Sequence[str]) -> None:
        """Put frames in front of the queue."""
        self._frames.extendleft(reversed(texts))
        self._more.set()

    def close(self) -> None:
        """End the subscription."""
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
    """The feed of one run. ``history`` returns the first frames for a new viewer."""

    def __init__(self, history: Callable[[], list[Frame]]) -> None:
        self._history = history
        self._viewers: set[Subscription] = set()
        self._last: Frame | None = None

    @property
    def viewers(self) -> int:
        """The number of viewers."""
        return len(self._viewers)

    def subscribe(self) -> Subscription:
        """Subscribe with the history first; an ended feed has the history and the end only."""
        subscription = self.join()
        subscription.put_first([as_text(frame) for frame in self._history()])
        return subscription

    def join(self) -> Subscription:
        """Subscribe without the history; an ended feed has the end only."""
        subscription = Subscription(self._viewers.discard)
        if self._last is not None:
            subscription.put(as_text(self._last), last=True)
        else:
            self._viewers.add(subscription)
        return subscription

    def publish(self, frame: Frame) -> None:
        """Send a frame to all viewers, encoded once."""
        if self._viewers:
            text = as_text(frame)
            for viewer in self._viewers:
                viewer.put(text)

    def end(self, frame: Frame) -> None:
        """Send the last frame to all viewers."""
        self._last = frame
        text = as_text(frame)
        for viewer in self._viewers:
            viewer.put(text, last=True)
        self._viewers.clear()


def as_text(frame: Frame) -> str:
    """Return a frame as JSON text."""
    return encode(frame).decode()
