"""Nodes that request rows by messages: every request is answered, whatever the rows are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from perfsvc.cluster.dask import messages
from perfsvc.cluster.dask.agents import Agent
from perfsvc.cluster.dask.row_server import RowServer
from perfsvc.cluster.dask.run_nodes import RunNode
from perfsvc.cluster.dask.run_nodes import RunNodes
from perfsvc.model.data import Grant
from tests.support import virtual_time
from tests.support.feeds import Numbered
from tests.support.feeds import allocator_of


def node_of(name: str) -> RunNode:
    hello = messages.Hello(name=name, host="here", pid=1, version="1", python="3", dask="1", plugins={})
    return RunNode("run", name, Agent(f"tls://{name}", hello, 0, 0.0), 0)


class FakeNodes:
    """Two nodes, and what is sent to them."""

    def __init__(self, send: Callable[[RunNode, messages.AgentMessage], None]) -> None:
        self.one, self.two = node_of("one"), node_of("two")
        self.send = send

    def living(self) -> list[RunNode]:
        return [self.one, self.two]


def test_rows_that_cannot_be_sent_fail_the_run_and_no_node_waits() -> None:
    sent: list[messages.AgentMessage] = []

    def send(node: RunNode, message: messages.AgentMessage) -> None:
        if isinstance(message, messages.GrantRows) and message.grant.rows:
            raise OverflowError
        sent.append(message)

    async def main() -> None:
        allocator, nodes = await allocator_of(Numbered(9), unique=True), FakeNodes(send)
        server = RowServer(allocator, cast("RunNodes", nodes))
        for node in nodes.living():
            server.on_report(node, messages.RequestRows(assignment=node.assignment, count=3))
        await asyncio.sleep(1)
        text = ("数据源 numbered：内部错误 OverflowError", "data source numbered: internal error OverflowError")
        failed = Grant(failure=text)
        assert sent == [messages.GrantRows(assignment=name, grant=failed) for name in ("run/one", "run/two")]
        assert allocator.report()["left"] == 9

    virtual_time.run(main())


def test_the_end_of_the_data_is_sent_to_nodes_that_request_nothing() -> None:
    sent: list[tuple[str, messages.AgentMessage]] = []

    async def main() -> None:
        allocator = await allocator_of(Numbered(1), unique=True, scope="vu")
        nodes = FakeNodes(lambda node, message: sent.append((node.name, message)))
        server = RowServer(allocator, cast("RunNodes", nodes))
        request = messages.RequestRows(assignment="run/one", count=1)
        server.on_report(nodes.one, request)
        await asyncio.sleep(1)
        server.on_report(nodes.one, messages.ClaimRows(assignment="run/one", lease=1, upto=1, spent=0))
        assert [name for name, _ in sent] == ["one", "one"]
        server.on_report(nodes.one, request)
        await asyncio.sleep(1)
        end = Grant(ended=True)
        assert sent[2:].count(("two", messages.GrantRows(assignment="run/two", grant=end))) == 1
        assert ("one", messages.GrantRows(assignment="run/one", grant=end)) in sent

    virtual_time.run(main())
