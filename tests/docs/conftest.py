"""A shop to load and a desk with a service, for the examples of the documentation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.docs_shell import Desk
from tests.docs.pages import DOCUMENTED_SERVICE
from tests.support.service import Service
from tests.support.shop import Shop


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with Shop() as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("desk")


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[Service]:
    with Service(folder / "data") as running:
        yield running


@pytest.fixture(scope="module")
def desk(folder: Path, shop: Shop, service: Service) -> Desk:
    return Desk(folder, shop.url, service.url)


@pytest.fixture
def desk_without_service(tmp_path: Path, shop: Shop) -> Desk:
    return Desk(tmp_path, shop.url, DOCUMENTED_SERVICE)
