"""A target whose log can be counted, and processes that carry runs, shared by the tests of a module."""

from __future__ import annotations

from collections.abc import AsyncIterator
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from perfsvc.cluster.dask.cluster import DaskCluster
from tests.cluster.rig import central
from tests.support.nginx import Nginx


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    with Nginx(tmp_path / "nginx") as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DaskCluster]:
    async with central(tmp_path_factory.mktemp("cluster")) as made:
        yield made
