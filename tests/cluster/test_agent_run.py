"""A run on an agent while it is compiled, off the loop that it shares with other runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from perfsvc.clock import SystemClock
from perfsvc.cluster.dask import messages
from perfsvc.cluster.dask.agent_run import AgentRun
from tests.cluster.virtual_agents import spec_of
from tests.support import fake_protocol
from tests.support.fake_protocol import Answer


class Rig:
    """A run whose heavy work is done when ``let`` is set, with all that it sent."""

    def __init__(self, **scene: Any) -> None:
        self.sent: list[messages.AgentMessage] = []
        self.let = asyncio.Event()
        self.ended = asyncio.Event()
        spec = spec_of(users=1, scene=scene).model_dump_json(by_alias=True).encode()
        deploy = messages.Deploy(assignment="r", spec=spec, node="n", index=0, weights=(1,))
        protocol = fake_protocol.answering(Answer())
        self.run = AgentRun(
            deploy, lambda name: protocol, SystemClock(), self.sent.append, self.ended.set, self.when_let
        )

    async def when_let(self, work: Callable[[], Any]) -> Any:
        await self.let.wait()
        return work()

    async def kinds(self) -> list[str]:
        """What was sent, once the run has ended."""
        async with asyncio.timeout(60):
            await self.ended.wait()
        return [type(message).__name__ for message in self.sent]


@pytest.mark.asyncio
@pytest.mark.parametrize("how", [messages.Stop, messages.Abort])
async def test_an_end_that_comes_meanwhile_waits(how: type[messages.AgentMessage]) -> None:
    rig = Rig()
    rig.run.handle(how(assignment="r"))  # type: ignore[call-arg]
    await asyncio.sleep(0)
    assert rig.sent == []
    rig.let.set()
    assert await rig.kinds() == ["Compiled", "Ended"]


@pytest.mark.asyncio
async def test_the_loss_of_the_controller_meanwhile_ends_the_run() -> None:
    rig = Rig()
    rig.run.abort()
    rig.let.set()
    assert await rig.kinds() == ["Compiled", "Ended"]


@pytest.mark.asyncio
async def test_a_scene_that_cannot_be_compiled_is_refused() -> None:
    step = {"name": "x", "request": {"path": "/"}, "extract": [{"name": "v", "from": "regex", "pattern": "("}]}
    rig = Rig(steps=[step])
    rig.run.handle(messages.Stop(assignment="r"))
    rig.let.set()
    assert await rig.kinds() == ["Refusal", "Ended"]
    refusal = rig.sent[0]
    assert isinstance(refusal, messages.Refusal)
    assert "extract[0].pattern" in refusal.en
