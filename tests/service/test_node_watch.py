"""Looking at the engine processes: readings in bounded memory, and nodes that are gone."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from perfsvc.cluster.local import LocalCluster
from perfsvc.engine.resolver import TargetPolicy
from perfsvc.errors import Conflict
from perfsvc.errors import NotFound
from perfsvc.service.nodes import FORGOTTEN_AFTER
from perfsvc.service.nodes import KEPT
from perfsvc.service.nodes import NodeWatch
from tests.support import fake_protocol
from tests.support import virtual_time
from tests.support.fake_cluster import FakeNodes
from tests.support.fake_protocol import Answer


async def kept(name: str, drained: bool) -> None:
    """Not used in these tests."""


def test_readings_are_kept_for_ten_minutes() -> None:
    async def main() -> list[str]:
        watch = NodeWatch(FakeNodes(), virtual_time.current_clock(), kept)
        watch.open()
        await asyncio.sleep(3600)
        watch.close()
        return [reading["time"] for reading in watch.one("agent-1")["history"]]

    times = virtual_time.run(main())
    assert (len(times), times[0], times[-1]) == (KEPT, "2023-11-14T23:03:22Z", "2023-11-14T23:13:20Z")


def test_a_node_that_is_gone_is_lost_and_then_forgotten() -> None:
    async def main() -> None:
        source = FakeNodes()
        watch = NodeWatch(source, virtual_time.current_clock(), kept)
        watch.open()
        agent = source.infos.pop("agent-1")
        await asyncio.sleep(3)
        assert [(node["name"], node["state"], node["running"]) for node in watch.all()] == [
            ("local", "ready", []), ("agent-1", "lost", []),
        ]  # fmt: skip
        source.infos["agent-1"] = msgspec.structs.replace(agent, pid=99)
        await asyncio.sleep(2)
        assert len(watch.one("agent-1")["history"]) == 1
        assert watch.one("agent-1")["state"] == "busy"
        del source.infos["agent-1"]
        await asyncio.sleep(2 * FORGOTTEN_AFTER + 4)
        watch.close()
        with pytest.raises(NotFound):
            watch.one("agent-1")

    virtual_time.run(main())


def test_this_process() -> None:
    async def main() -> None:
        protocol = fake_protocol.answering(Answer())
        cluster = LocalCluster(lambda name: protocol, virtual_time.current_clock(), TargetPolicy())
        watch = NodeWatch(cluster, virtual_time.current_clock(), kept)
        (node,) = watch.all()
        assert (node["name"], node["kind"], node["state"], node["running"]) == ("local", "server", "ready", [])
        assert node["memory"] > 10_000_000
        with pytest.raises(Conflict):
            await watch.drain("local", draining=True)
        with pytest.raises(NotFound):
            await watch.drain("another", draining=True)

    virtual_time.run(main())
