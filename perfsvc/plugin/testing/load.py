"""Load as the engine makes it: users of one run, each starting a request inside the ``done`` of the one before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from collections.abc import Mapping
from contextlib import asynccontextmanager
from typing import Any

from perfsvc.plugin import Reply
from perfsvc.plugin import ReplyParts
from perfsvc.plugin.testing.drive import LIMIT_S
from perfsvc.plugin.testing.drive import User
from perfsvc.plugin.testing.drive import context
from perfsvc.plugin.testing.rig import Rig

TURN_S = 0.001


@asynccontextmanager
async def crowd(rig: Rig, url: str, count: int) -> AsyncIterator[list[User]]:
    """Yield ``count`` users of one run; closed at the end, and the protocol after them."""
    async with rig.user(context(url)) as first:
        users = [first, *(User(first.protocol, vu) for vu in range(2, count + 1))]
        try:
            yield users
        finally:
            for user in users[1:]:
                await user.leave()


class Series:
    """Sends requests of one user, one after the other.

    ``good`` counts successes, ``ended`` all that ended.
    """

    def __init__(self, user: User, request: Mapping[str, Any]) -> None:
        self.good = self.ended = 0
        self._call = user.call(request, ReplyParts())
        self._left = 0
        self._over = asyncio.Event()
        self._session = user.session
        self._session.done = self._done

    def start(self, count: int) -> None:
        """Start the first of ``count`` requests. Raises NotSent, MissingVariable."""
        self._left += count
        self._over.clear()
        self._session.start(self._call)

    def pause(self) -> None:
        """Let the request in flight be the last, as when the engine is paused."""
        self._left = 1

    async def reaches(self, ended: int) -> None:
        """Wait until ``count`` have ended. Raises TimeoutError after LIMIT_S."""
        async with asyncio.timeout(LIMIT_S):
            while self.ended < ended:
                await asyncio.sleep(TURN_S)

    async def over(self) -> None:
        """Wait until the last has ended, however long that takes on a busy machine.

        Raises TimeoutError when none has ended for LIMIT_S, AssertionError where more ended than began.
        """
        while not self._over.is_set():
            before = self.ended
            try:
                async with asyncio.timeout(LIMIT_S):
                    await self._over.wait()
            except TimeoutError:
                if self.ended == before:
                    raise
        await asyncio.sleep(0)
        assert self._left == 0, "done was called more often than start"

    def _done(self, reply: Reply) -> None:
        self._left -= 1
        self.ended += 1
        self.good += reply.failure is None
        if self._left > 0:
            self._session.start(self._call)
        else:
            self._over.set()
