"""Agents and their assignments."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

import msgspec
import pytest

from perfsvc.cluster.dask.agent_pool import AgentPool
from perfsvc.cluster.dask.agents import Agent
from perfsvc.cluster.dask.processes import Processes
from perfsvc.cluster.dask.scheduler import AgentScheduler
from tests.cluster.rig import CATALOG
from tests.cluster.rig import CLOCK
from tests.cluster.rig import spec_of
from tests.cluster.test_scheduler import HELLO

PLUGINS = CATALOG.protocol_versions()


@pytest.mark.asyncio
async def test_the_end_of_an_assignment_leaves_a_later_one_alone(tmp_path: Path) -> None:
    """A drained node ends before its run; its agent may work for another run when the first one releases it again."""
    pool = AgentPool(CATALOG, CLOCK, tmp_path, "", (), (), frozenset())
    agent = Agent("tls://h:1", HELLO, 0, 0.0)
    pool.assign(agent, "first/east")
    pool.release(agent, "first/east")
    assert pool.assignment_of(agent) is None
    pool.assign(agent, "second/east")
    pool.release(agent, "first/east")
    assert pool.assignment_of(agent) == "second/east"
    await pool.close()


class Children:
    """Processes that do not end, and whose start takes until ``started`` is set."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.alive: list[str] = []
        self.coming: list[str] = []
        self.starting, self.started = asyncio.Event(), asyncio.Event()

    async def start(self, count: int) -> None:
        self.starting.set()
        await self.started.wait()

    async def end(self, names: list[str]) -> None:
        self.ended += names

    def joined(self, name: str) -> None: ...

    async def close(self) -> None: ...


class Joined:
    """A scheduler that agents have joined, all measured."""

    def __init__(self) -> None:
        self.agents: dict[str, Agent] = {}
        self.changed = asyncio.Event()

    def join(self, name: str) -> Agent:
        hello = msgspec.structs.replace(HELLO, name=name, plugins=PLUGINS, started_here=True)
        agent = self.agents[name] = Agent(f"tls://{name}:1", hello, CLOCK.now_ns(), 0.0)
        for _ in range(20):
            agent.on_pong(agent.pong, CLOCK.now_ns())
        self.changed.set()
        return agent

    async def close(self) -> None: ...


class Rig:
    """A pool without processes or connections."""

    def __init__(self, folder: Path) -> None:
        self.pool = AgentPool(CATALOG, CLOCK, folder, "", (), (), frozenset())
        self.children, self.joined = Children(), Joined()
        self.pool.processes = cast("Processes", self.children)
        self.pool._scheduler = cast("AgentScheduler", self.joined)
        self.spec = spec_of("http://127.0.0.1:1", nodes=2, rate=1)


@pytest.mark.asyncio
async def test_idle_processes_that_a_run_counts_on_are_neither_ended_nor_taken(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    first = rig.joined.join("central-1")
    assert rig.pool.idle(rig.spec) is first
    acquiring = asyncio.create_task(rig.pool.acquire(rig.spec, 2))
    await rig.children.starting.wait()
    rig.pool._end_idle()
    assert rig.pool._ending is None
    assert rig.pool.idle(rig.spec) is None
    second = rig.joined.join("central-2")
    rig.children.started.set()
    assert await acquiring == [first, second]
    assert rig.pool._idle_timer is not None
    await rig.pool.close()


@pytest.mark.asyncio
async def test_a_process_that_is_being_ended_is_not_chosen(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    east = rig.joined.join("central-1")
    rig.pool._end_idle()
    assert rig.pool.idle(rig.spec) is None
    assert rig.pool._ending is not None
    await rig.pool._ending
    assert rig.children.ended == ["central-1"]
    del rig.joined.agents["central-1"]
    rig.pool.on_agent_gone(east)
    again = rig.joined.join("central-1")
    assert rig.pool.idle(rig.spec) is again
    await rig.pool.close()


@pytest.mark.asyncio
async def test_idle_processes_are_ended_later_when_a_run_could_not_acquire_them_all(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    acquiring = asyncio.create_task(rig.pool.acquire(rig.spec, 2))
    await rig.children.starting.wait()
    acquiring.cancel()
    await asyncio.wait([acquiring])
    assert rig.pool._idle_timer is not None
    await rig.pool.close()
