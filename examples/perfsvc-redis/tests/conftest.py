"""A real Redis for all tests, and full messages of failed contract checks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis_server import RedisServer

pytest.register_assert_rewrite("perfsvc.plugin.testing")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def redis(server: RedisServer) -> RedisServer:
    """The server, empty and with its counts at zero."""
    server.ask("FLUSHALL")
    server.ask("CONFIG", "RESETSTAT")
    return server
