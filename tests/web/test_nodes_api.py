"""The engine processes in the API: a list, one with its history, and sparing one of them."""

from __future__ import annotations

from typing import Any

import pytest

from perfsvc.store import drained_nodes
from tests.support.web_world import World

SERVER = {
    "name": "local", "kind": "server", "host": "here", "pid": 1, "version": "0.1.0", "state": "ready",
    "since": "2023-11-14T22:13:20Z", "cpu": 0.0, "memory": 0, "loop_lag": 0.0, "running": [], "unfit": None,
}  # fmt: skip
AGENT = {
    **SERVER, "name": "agent-1", "kind": "agent", "pid": 2, "state": "busy", "cpu": 41.3, "memory": 50_000_000,
    "loop_lag": 1.5, "running": [{"execution_id": "run", "share": 100.0}],
}  # fmt: skip


@pytest.mark.gen_test
async def test_this_server_comes_first(api: Any) -> None:
    assert (await api.get("/api/nodes/", "stranger")).json["results"] == [SERVER, AGENT]


@pytest.mark.gen_test
async def test_one_with_its_history(api: Any, world: World) -> None:
    world.services.nodes.open()
    world.services.nodes.close()
    (reading,) = (await api.get("/api/nodes/agent-1/", "stranger")).json["history"]
    assert {**reading, "time": ""} == {"time": "", "cpu": 41.3, "memory": 50_000_000, "loop_lag": 1.5}


@pytest.mark.gen_test
async def test_drain_and_back(api: Any, world: World) -> None:
    drained = await api.post("/api/nodes/agent-1/drain/", who="administrator")
    assert (drained.status, drained.json["state"]) == (200, "draining")
    assert await world.store.run(drained_nodes.names) == {"agent-1"}
    back = await api.delete("/api/nodes/agent-1/drain/", who="administrator")
    assert (back.status, back.json["state"]) == (200, "ready")
    assert await world.store.run(drained_nodes.names) == frozenset()


@pytest.mark.gen_test
async def test_what_cannot_be(api: Any) -> None:
    unknown = await api.get("/api/nodes/nobody/", "stranger")
    assert (unknown.status, unknown.json) == (404, {"error": "节点不存在"})
    assert (await api.post("/api/nodes/nobody/drain/", who="administrator")).status == 404
    own = await api.post("/api/nodes/local/drain/", who="administrator")
    assert (own.status, own.json) == (409, {"error": "不能排空服务自身的节点"})
