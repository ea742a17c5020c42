"""Agents and their assignments."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfsvc.cluster.dask.agent_pool import AgentPool
from perfsvc.cluster.dask.agents import Agent
from tests.cluster.rig import CATALOG
from tests.cluster.rig import CLOCK
from tests.cluster.test_scheduler import HELLO


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
