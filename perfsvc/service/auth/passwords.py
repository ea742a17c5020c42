"""Hashing and verification of passwords: argon2id in threads, a few at a time."""

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
THREADS = 2
"""A hash takes 19 MiB and a core for about 50 ms; more in parallel would disturb a running load test."""
MAX_PENDING = 64

OWASP_PROFILE = PasswordHasher(memory_cost=19_456, time_cost=2, parallelism=1)


class Passwords:
    """Hashes and verifies passwords in threads; must be closed."""

    def __init__(self, hasher: PasswordHasher = OWASP_PROFILE) -> None:
        self._hasher = hasher
        self._dummy_hash = hasher.hash("matches no account")
        self._threads = ThreadPoolExecutor(THREADS, "password")
        self._pending = 0

    async def hash(self, password: str) -> str:
        """Return the hash with its salt and parameters. Raises Unavailable when too many are pending."""
        return await self._in_thread(lambda: self._hasher.hash(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Return whether the password matches the hash, in the same time for an unknown user (None)."""
        return await self._in_thread(lambda: self._matches(stored or self._dummy_hash, password)) and stored is not None

    def close(self) -> None:
        """Stop the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._pending >= MAX_PENDING:
            raise Unavailable("登录请求过多，请稍后重试", "too many login requests; try again later")
        self._pending += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._pending -= 1
