"""Hashing and verifying."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher

from perfsvc.errors import Unavailable
from perfsvc.service.auth import passwords as module
from perfsvc.service.auth.passwords import OWASP_PROFILE
from perfsvc.service.auth.passwords import Passwords
from tests.support.web_world import HASHER


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords(HASHER)
    yield made
    made.close()


def test_the_profile_is_the_recommended_one() -> None:
    assert (OWASP_PROFILE.memory_cost, OWASP_PROFILE.time_cost, OWASP_PROFILE.parallelism) == (19_456, 2, 1)


@pytest.mark.asyncio
async def test_right_and_wrong(passwords: Passwords) -> None:
    known = await passwords.hash("long enough")
    assert known.startswith("$argon2id$")
    assert "long enough" not in known
    assert known != await passwords.hash("long enough")
    assert await passwords.verify(known, "long enough") is True
    assert await passwords.verify(known, "long enougH") is False
    assert await passwords.verify("not a hash", "long enough") is False


class CountingHasher(PasswordHasher):
    """Counts the verifications."""

    verified: int = 0

    def verify(self, *arguments: Any) -> Any:
        self.verified += 1
        return super().verify(*arguments)


@pytest.mark.asyncio
async def test_nobodys_password_takes_as_long_as_anybodys() -> None:
    hasher = CountingHasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords = Passwords(hasher)
    assert await passwords.verify(None, "nobody has this password") is False
    passwords.close()
    assert hasher.verified == 1


@pytest.mark.asyncio
async def test_few_at_once_and_not_too_many_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PENDING", 3)
    gate = threading.Event()

    class SlowHasher(PasswordHasher):
        at_once = 0
        most = 0

        def verify(self, *arguments: Any) -> Any:
            SlowHasher.at_once += 1
            SlowHasher.most = max(SlowHasher.most, SlowHasher.at_once)
            gate.wait(20)
            SlowHasher.at_once -= 1
            return True

    passwords = Passwords(SlowHasher(time_cost=1, memory_cost=8, parallelism=1))
    waiting = [asyncio.create_task(passwords.verify("x", "y")) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await passwords.verify("x", "y")
    gate.set()
    assert await asyncio.gather(*waiting) == [True] * 3
    assert SlowHasher.most <= 2
    assert await passwords.verify("x", "y") is True
    passwords.close()
