"""Nodes that ask for rows by messages: all of them are answered, whatever the rows are."""

from __future__ import annotations

import asyncio

from perfsvc.cluster.dask import messages
from perfsvc.cluster.dask.agents import Agent
from perfsvc.cluster.dask.row_server import RowServer
from perfsvc.cluster.dask.run_nodes import Member
from perfsvc.datafeed.allocator import RowAllocator
from perfsvc.model.data import DataSpec
from perfsvc.model.data import Grant
from tests.support import virtual_time
from tests.support.feeds import Numbered


def member_of(name: str) -> Member:
    hello = messages.Hello(name=name, host="here", pid=1, version="1", python="3", dask="1", plugins={})
    return Member("run", name, Agent(f"tls://{name}", hello, 0, 0.0), 0)


async def dealer_of(feed: Numbered, **allocation: object) -> RowAllocator:
    async def opened() -> Numbered:
        return feed

    data = {"source": "numbered", "allocation": {"unique": True, **allocation}}
    dealer = RowAllocator(opened, DataSpec.parse(data), seed=7)
    await dealer.open()
    return dealer


def test_rows_that_cannot_be_sent_fail_the_run_and_nobody_waits() -> None:
    sent: list[messages.Message] = []

    def send(member: Member, message: messages.Message) -> None:
        if isinstance(message, messages.Granted) and message.grant.rows:
            raise OverflowError
        sent.append(message)

    async def main() -> None:
        dealer = await dealer_of(Numbered(9))
        members = [member_of("one"), member_of("two")]
        dealing = RowServer(dealer, send, lambda: members)
        for member in members:
            dealing.hear(member, messages.Ask(run=member.stint, want=3))
        await asyncio.sleep(1)
        words = ("数据源 numbered：内部错误 OverflowError", "data source numbered: internal error OverflowError")
        assert sent == [messages.Granted(run=name, grant=Grant(failure=words)) for name in ("run/one", "run/two")]
        assert dealer.report()["left"] == 9

    virtual_time.run(main())


def test_the_end_of_the_data_is_told_to_nodes_that_ask_for_nothing() -> None:
    sent: list[tuple[str, messages.Message]] = []

    async def main() -> None:
        dealer = await dealer_of(Numbered(1), scope="vu")
        members = [member_of("one"), member_of("two")]
        dealing = RowServer(dealer, lambda member, message: sent.append((member.node, message)), lambda: members)
        ask = messages.Ask(run="run/one", want=1)
        dealing.hear(members[0], ask)
        await asyncio.sleep(1)
        dealing.hear(members[0], messages.Claim(run="run/one", lease=1, upto=1, spent=0))
        assert [node for node, _ in sent] == ["one", "one"]
        dealing.hear(members[0], ask)
        await asyncio.sleep(1)
        end = Grant(ended=True)
        assert ("two", messages.Granted(run="run/two", grant=end)) in sent
        assert ("one", messages.Granted(run="run/one", grant=end)) in sent

    virtual_time.run(main())
