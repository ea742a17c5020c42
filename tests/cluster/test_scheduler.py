"""Agents that join the scheduler, by their first message."""

from __future__ import annotations

import logging
import platform
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from perfsvc import __version__
from perfsvc.cluster.dask import messages
from perfsvc.cluster.dask.agents import DASK
from perfsvc.cluster.dask.agents import Agent
from perfsvc.cluster.dask.cluster import DaskCluster
from perfsvc.cluster.dask.scheduler import AgentScheduler
from tests.cluster.rig import CATALOG
from tests.cluster.rig import CLOCK

pytestmark = pytest.mark.asyncio

HELLO = messages.Hello(
    name="east", host="h", pid=1, version=__version__, python=platform.python_version(), dask=DASK, plugins={}
)


class Door:
    """A scheduler that receives messages without a connection."""

    def __init__(self, cluster: DaskCluster) -> None:
        self.cluster = cluster
        scheduler = cluster.pool._scheduler
        assert isinstance(scheduler, AgentScheduler)
        self._scheduler = scheduler

    def send(self, data: bytes, address: str = "tls://h:1") -> None:
        self._scheduler.on_message(data, address)

    def disconnect(self, address: str = "tls://h:1") -> None:
        self._scheduler.on_disconnect(address)

    @property
    def states(self) -> dict[str, str]:
        return {node.name: node.state for node in self.cluster.nodes()}


@pytest_asyncio.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    cluster = DaskCluster(CATALOG, CLOCK, certificates=tmp_path / "certs", listen="127.0.0.1:0")
    await cluster.open()
    yield Door(cluster)
    await cluster.close()


async def test_the_scheduler_has_a_folder_that_no_other_user_may_write_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the first in which modules are looked for."""
    (temporary := tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    before = set(sys.path)
    cluster = DaskCluster(CATALOG, CLOCK, certificates=tmp_path / "certs", listen="127.0.0.1:0")
    await cluster.open()
    (folder,) = temporary.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(Path(place).is_relative_to(folder) for place in set(sys.path) - before)
    await cluster.close()
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("name", ["local", "central-7"])
async def test_names_of_the_server_s_own_nodes_are_for_them_alone(
    name: str, door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    hello = msgspec.structs.replace(HELLO, name=name)
    with caplog.at_level(logging.WARNING):
        door.send(messages.encode(hello))
    assert door.states == {}
    assert f"an agent cannot be named {name}" in caplog.text
    door.send(messages.encode(msgspec.structs.replace(hello, started_here=True)))
    assert door.states == {name: "ready"}


@pytest.mark.parametrize(("started_here", "kind"), [(True, "process"), (False, "agent")])
async def test_a_process_of_the_server_is_no_agent(started_here: bool, kind: str, door: Door) -> None:
    door.send(messages.encode(msgspec.structs.replace(HELLO, started_here=started_here)))
    (node,) = door.cluster.nodes()
    assert node.kind == kind


async def test_an_agent_is_drained_by_name_whenever_it_joins(door: Door) -> None:
    door.send(messages.encode(HELLO))
    assert door.cluster.drain("east", True)
    door.disconnect()
    assert door.states == {}
    door.send(messages.encode(HELLO), "tls://h:2")
    assert door.states == {"east": "draining"}
    assert not door.cluster.drain("east", False)
    door.disconnect("tls://h:2")
    door.send(messages.encode(HELLO), "tls://h:3")
    assert door.states == {"east": "ready"}


async def test_a_new_process_of_this_machine_is_not_drained_for_its_name(door: Door) -> None:
    hello = msgspec.structs.replace(HELLO, name="central-1", started_here=True)
    door.send(messages.encode(hello))
    assert not door.cluster.drain("central-1", True)
    door.disconnect()
    door.send(messages.encode(hello), "tls://h:2")
    assert door.states == {"central-1": "ready"}


async def test_a_newer_agent_gets_a_message_about_its_version(door: Door) -> None:
    newer = {**msgspec.to_builtins(HELLO), "version": "9.9", "gpus": 4}
    door.send(messages.encode(newer))
    assert door.states == {"east": "ready"}
    report = messages.decode_report(messages.encode(newer))
    assert isinstance(report, messages.Hello)
    unfit = Agent("tls://h:1", report, 0, 0.0).unfit({})
    assert unfit is not None
    assert unfit.en == f"east has perfsvc 9.9, the server {__version__}"


async def test_an_agent_of_another_version_joins_and_says_that_it_takes_no_load(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    door.send(messages.encode(msgspec.structs.replace(HELLO, version="0.0.9")))
    (node,) = door.cluster.nodes()
    assert (node.state, node.unfit) == (
        "ready",
        (f"east：perfsvc 版本为 0.0.9，而服务为 {__version__}", f"east has perfsvc 0.0.9, the server {__version__}"),
    )
    assert f"agent east takes part in no run: east has perfsvc 0.0.9, the server {__version__}" in caplog.text
