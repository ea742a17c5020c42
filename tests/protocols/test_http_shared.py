"""Users that share HTTP/2 connections, with servers that take few streams on each."""

from __future__ import annotations

import asyncio
import json

import pytest

from perfsvc.plugin.testing import User
from perfsvc.plugin.testing import context
from perfsvc_protocols.http import HttpProtocol
from tests.support.node_http2 import NodeHttp2


@pytest.mark.asyncio
@pytest.mark.parametrize("connections", [1, 2])
async def test_requests_beyond_the_streams_of_a_connection_wait(connections: int):
    async with NodeHttp2(streams=10) as server:
        options = HttpProtocol.Options.parse({"http_version": "2", "shared_connections": connections})
        protocol = HttpProtocol(options, context(server.url))
        users = [User(protocol, vu) for vu in range(30)]
        for _ in range(5):
            outcomes = await asyncio.gather(*(user.do({"url": "/"}) for user in users))
            assert [(outcome.failure, outcome.message) for outcome in outcomes] == [(None, "")] * 30
        counts = json.loads(await server.counts())
        for user in users:
            await user.leave()
        await protocol.close()
    assert counts["sessions"] <= connections
    assert counts["most"] <= 10 * connections
    assert counts["total"] == 150
