"""What tests of protocols share: both event loops, a real nginx, a certificate authority."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop

from perfsvc.plugin.testing import refusing_port
from tests.support.certificates import Authority
from tests.support.nginx import Nginx
from tests.support.ports import free_port


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def nginx(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Nginx]:
    """One for all tests of a worker: tests that count look for requests of their own in its log."""
    with Nginx(tmp_path_factory.mktemp("nginx"), authority) as server:
        yield server


@pytest.fixture
def own_nginx(tmp_path: Path) -> Iterator[Nginx]:
    """One for this test alone."""
    with Nginx(tmp_path) as server:
        yield server


@pytest.fixture
def unused_port() -> Iterator[int]:
    """A port that refuses connections for as long as the test runs."""
    with refusing_port() as port:
        return port


@pytest.fixture
def unused_udp_port() -> int:
    """A UDP port on which nothing listens."""
    return free_port(socket.SOCK_DGRAM)
