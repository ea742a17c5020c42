"""A cluster of this server and one agent whose runs start, pause and stop at once, and report what a test lets them."""

from __future__ import annotations

import msgspec

from perfsvc.cluster.interface import RunListener
from perfsvc.datafeed.allocator import RowAllocator
from perfsvc.errors import Conflict
from perfsvc.errors import NotFound
from perfsvc.model.node import NodeInfo
from perfsvc.model.run import RunSpec
from tests.support.many_nodes import ManyNodes


class FakeNodes:
    """This server and one agent, which can be drained."""

    def __init__(self) -> None:
        usual = {"host": "here", "version": "0.1.0", "since": 1_700_000_000.0}
        server = NodeInfo(name="local", kind="server", pid=1, state="ready", **usual)
        agent = NodeInfo(
            name="agent-1", kind="agent", pid=2, state="busy", cpu=41.26, memory=50_000_000, loop_lag_ms=1.5,
            shares={"run": 100.0}, **usual,
        )  # fmt: skip
        self.infos = {node.name: node for node in (agent, server)}

    def nodes(self) -> list[NodeInfo]:
        return list(self.infos.values())

    def drain(self, name: str, draining: bool) -> bool:
        if name not in self.infos:
            raise NotFound("节点不存在", "there is no such node")
        if self.infos[name].kind == "server":
            raise Conflict("不能排空服务自身的节点", "the server's own node cannot be drained")
        self.infos[name] = msgspec.structs.replace(self.infos[name], state="draining" if draining else "ready")
        return draining


class FakeCluster(FakeNodes):
    """``deployments`` by execution id: each of one node, ``local``."""

    def __init__(self) -> None:
        super().__init__()
        self.deployments: dict[str, ManyNodes] = {}

    def deploy(
        self,
        spec: RunSpec,
        listener: RunListener,
        allocator: RowAllocator | None = None,
    ) -> ManyNodes:
        made = ManyNodes("local").deploy(spec, listener, allocator)
        self.deployments[spec.execution_id] = made
        return made
