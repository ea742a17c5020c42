"""Sessions written as coroutines: what they return, what they raise, and what cuts them off."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable
from collections.abc import Callable
from typing import Any

import pytest

from perfsvc.plugin import ABORTED
from perfsvc.plugin import AsyncSession
from perfsvc.plugin import Call
from perfsvc.plugin import Failed
from perfsvc.plugin import MissingVariable
from perfsvc.plugin import NotSent
from perfsvc.plugin import Reply
from perfsvc.plugin import Scope
from perfsvc.plugin import TargetDenied
from tests.support.fake_protocol import FakeReply

Act = Callable[[], Awaitable[None]]


class Scripted(AsyncSession):
    """Runs ``act``; ``ended`` has every reply that was reported, with its error class."""

    def __init__(self, act: Act, unsendable: Exception | None = None) -> None:
        self.ended: list[tuple[str | None, str]] = []
        super().__init__(Scope(1, 1), lambda reply: self.ended.append((reply.failure, reply.message)))
        self.act = act
        self.unsendable = unsendable

    def prepare(self, call: Any) -> Reply:
        if self.unsendable is not None:
            raise self.unsendable
        return FakeReply()

    async def call(self, call: Reply) -> Reply:
        await self.act()
        return call

    def failed(self, error_class: str, message: str) -> Reply:
        reply = FakeReply()
        reply.failure, reply.message = error_class, message
        return reply


def raising(error: BaseException) -> Act:
    async def act() -> None:
        raise error

    return act


async def for_ever() -> None:
    await asyncio.get_running_loop().create_future()


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("error", "error_class"),
    [
        (Failed("Wire Error: 7", "seven"), "Wire Error: 7"),
        (NotSent("Invalid Request", "no"), "Invalid Request"),
        (MissingVariable("nobody"), "Missing variable: nobody"),
        (ConnectionRefusedError(111, "refused"), "Connection Error: refused"),
        (ConnectionResetError(104, "reset"), "Connection Error: reset"),
        (asyncio.IncompleteReadError(b"half", 10), "Connection Error: closed early"),
        (TimeoutError(), "Timeout"),
        (ssl.SSLError(1, "wrong version number"), "TLS Error: handshake failed"),
        (TargetDenied("169.254.169.254"), "Target Denied"),
        (KeyError("a"), "Plugin Error: KeyError"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
@pytest.mark.asyncio
async def test_what_a_coroutine_raises_is_a_reply(error: Exception, error_class: str) -> None:
    session = Scripted(raising(error))
    session.start(Call(1))
    assert session.ended == []
    await turns(3)
    assert session.ended == [(error_class, str(error))]


@pytest.mark.asyncio
async def test_only_what_the_plugin_did_wrong_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "perfsvc.plugin.coroutine"):
        for error in (KeyError("a"), ConnectionResetError(104, "reset"), Failed("x", "y")):
            Scripted(raising(error)).start(Call(1))
        await turns(3)
    (record,) = caplog.records
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], KeyError)


@pytest.mark.asyncio
async def test_what_cannot_be_prepared_raises_and_nothing_begins() -> None:
    session = Scripted(for_ever, MissingVariable("nobody"))
    with pytest.raises(MissingVariable):
        session.start(Call(1))
    session.abort(ABORTED)
    await turns(3)
    assert session.ended == []


@pytest.mark.asyncio
async def test_aborting_is_reported_at_once_and_nothing_comes_later() -> None:
    session = Scripted(for_ever)
    for waited in range(3):
        session.start(Call(1))
        await turns(waited)
        session.abort(ABORTED)
        assert session.ended == [(ABORTED, "")] * (waited + 1)
    session.abort(ABORTED)
    await turns(3)
    assert len(session.ended) == 3


@pytest.mark.asyncio
async def test_what_an_aborted_coroutine_raises_is_nobodys_business() -> None:
    async def stubborn() -> None:
        try:
            await for_ever()
        finally:
            raise RuntimeError

    session = Scripted(stubborn)
    session.start(Call(1))
    await turns(2)
    session.abort(ABORTED)
    await turns(3)
    assert session.ended == [(ABORTED, "")]
