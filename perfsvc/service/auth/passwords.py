"""Hashing and verifying passwords: argon2id off the loop, a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError
from argon2.exceptions import VerificationError

from perfsvc.errors import Unavailable

T = TypeVar("T")

SHORTEST = 8
LONGEST = 128
AT_ONCE = 2
"""Hashing takes 19 MiB and a core for some 50 ms; more at once would be felt by a running load test."""
WAITING = 64

OWASP_PROFILE = PasswordHasher(memory_cost=19_456, time_cost=2, parallelism=1)


class Passwords:
    """Passwords hashed and compared in threads; close it at the end."""

    def __init__(self, hasher: PasswordHasher = OWASP_PROFILE) -> None:
        self._hasher = hasher
        self._nobody = hasher.hash("nobody has this password")
        self._threads = ThreadPoolExecutor(AT_ONCE, "password")
        self._pending = 0

    async def hash(self, password: str) -> str:
        """The password's hash with its salt and parameters. Raises Unavailable when too many are waiting."""
        return await self._in_thread(lambda: self._hasher.hash(password))

    async def verify(self, known: str | None, password: str) -> bool:
        """Whether the password belongs to the hash; just as long in coming when there is no such user (None)."""
        return await self._in_thread(lambda: self._matches(known or self._nobody, password)) and known is not None

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, known: str, password: str) -> bool:
        try:
            return self._hasher.verify(known, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._pending >= WAITING:
            raise Unavailable("登录请求过多，请稍后重试", "too many logins at once; try again shortly")
        self._pending += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._pending -= 1
