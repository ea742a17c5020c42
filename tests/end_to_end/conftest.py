"""A real service for each module and a real nginx for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.nginx import Nginx
from tests.support.service import Service


@pytest.fixture(scope="module")
def shared_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("service") / "data") as started:
        yield started


@pytest.fixture
def service(shared_service: Service) -> Service:
    """The module's service, which is started again where a test has left it ended."""
    if not shared_service.runs:
        shared_service.start()
    return shared_service


@pytest.fixture
def own_service(tmp_path: Path) -> Iterator[Service]:
    """A service with a new data folder."""
    with Service(tmp_path / "data") as started:
        yield started


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    with Nginx(tmp_path / "nginx") as server:
        yield server
